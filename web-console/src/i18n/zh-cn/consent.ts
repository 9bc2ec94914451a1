export const words = {
  'invitation.explain': '请把此链接交给业主，只显示这一次，{time} 前有效：',
  'invitation.qr': '业主邀请二维码',
  'invitation.link': '邀请链接',
  'invitation.print': '打印邀请',
  'invitation.again': '重新邀请',
  'invitation.title': '“{name}”的业主邀请',
  'invitation.what': '综治中心请求查看您的这一路摄像头。是否同意、同意到什么程度，由您决定。',
  'invitation.scan': '用手机扫描二维码，或在浏览器中打开下面的地址：',
  'invitation.until': '请在 {time} 前打开；此页相当于钥匙，请勿交给他人。',
  'invitation.rights': '每次查看都须写明事由并留下记录，您在本页可以看到。授权前的画面不会提供。',

  'print.print': '打印',
  'print.madeAt': '生成于 {time}（北京时间）',
  'print.register': '打印台账',

  'scope.live': '实时查看',
  'scope.snapshot': '抓图',
  'scope.alarm-clip': '告警片段',
  'scope.ptz': '云台控制',
  'scope.audio': '声音',
}
