export const words = {
  'gallery.dark': '深色（值守）',
  'gallery.light': '浅色（户外与手机）',
  'gallery.tiles': '画面的各种状态',
  'gallery.alarms': '告警',
  'gallery.cases': '案卷',
  'gallery.map': '地图标记',
  'gallery.controls': '控件',
}
