export const words = {
  'way.heading': '告警的去向',
  'way.device': '设备时间',
  'way.gateway': '到达网关',
  'way.console': '值守屏显示',
  'way.acknowledged': '签收',
  'way.phone': '手机显示',
  'way.notYet': '尚未',

  'noisy.title': '一周最吵的告警源',
  'noisy.span': '{from} 至 {to}，共 {n} 条告警',
  'noisy.none': '这一周没有告警',
  'noisy.source': '告警源',
  'noisy.type': '类型',
  'noisy.count': '条数',
  'noisy.share': '占比',
  'noisy.chatter': '抖动',
  'noisy.minutes': '{n} 分钟',
  'noisy.stale': '超 24 小时未结',
  'noisy.hint': '抖动：一分钟内来三次以上。排在前面的几个告警源通常占大半工作量：请安排检修、调整或暂停。',

  'flood.banner':
    '告警激增：近 {minutes} 分钟新增 {n} 件。紧急和重要告警单列，其余按网格和类型合并；少于 5 件自动恢复。',
  'flood.recent': '近 {minutes} 分钟 {n}/{most}',
  'flood.waiting': '{n} 条未签收',
  'flood.acknowledgeAll': '全部签收 {n}',
}
