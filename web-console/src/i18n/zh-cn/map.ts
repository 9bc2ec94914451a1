export const words = {
  'map.label': '网格地图',
  'map.keys': '地图：方向键移动，加减键缩放，Home 全图；Tab 选摄像头与告警',
  'map.closer': '放大地图',
  'map.further': '缩小地图',
  'map.all': '全图',
  'map.empty': '还没有导入网格，也没有带位置的摄像头；网格由管理员导入：./scripts/gridlight grid import FILE',
  'map.unplaced': '{n} 台摄像头没有位置',
  'map.alarm': '{level} · {n} 条 · {priority} {type}：打开最近 4 路',
  'map.nearest': '{type}附近',

  'cameraState.offline': '离线',
  'cameraState.stalled': '停滞',
  'cameraState.unlinked': '未接入',
}
