import type { ProblemCode } from '../errors.ts'
import type { Words } from '../words.ts'

/**
 * Every finding of a probe, in one table: what it is, what a person can do about it, and which problem it is when a
 * camera is to be registered. The code is the contract, the words may be improved.
 */
export const PROBE_CODES = {
  'address-not-allowed': {
    sentence: {
      zh: '该地址不在允许的摄像头网段内，没有发送任何数据',
      en: 'The address lies outside the allowed camera networks; nothing was sent',
    },
    problem: 'address-not-allowed',
    nextStep: {
      zh: '请管理员把该网段加入 GRIDLIGHT_CAMERA_NETWORKS',
      en: 'Ask an administrator to add the network to GRIDLIGHT_CAMERA_NETWORKS',
    },
  },
  'port-not-allowed': {
    sentence: {
      zh: '该端口属于其他服务，没有发送任何数据',
      en: 'The port belongs to another service; nothing was sent',
    },
    problem: 'address-not-allowed',
    nextStep: {
      zh: '该端口属于其他服务，请改用摄像头的 ONVIF 端口',
      en: 'That port belongs to another service; use the camera’s ONVIF port',
    },
  },
  'name-not-found': {
    sentence: { zh: '找不到这个主机名', en: 'There is no host of that name' },
    problem: 'camera-unreachable',
    nextStep: { zh: '检查主机名拼写，或直接填写 IP 地址', en: 'Check the name’s spelling, or type the IP address' },
  },
  'host-unreachable': {
    sentence: {
      zh: '同一网段内没有设备应答',
      en: 'Nothing answers at this address, although it is in the gateway’s own network',
    },
    problem: 'camera-unreachable',
    nextStep: { zh: '检查供电、网线和地址是否正确', en: 'Check power, cable and the address itself' },
  },
  'connection-refused': {
    sentence: { zh: '设备在线，但该端口已关闭', en: 'The device is there, but the port is closed' },
    problem: 'camera-unreachable',
    nextStep: {
      zh: '在设备网页中启用 ONVIF，或换用正确端口；也可用 RTSP 地址登记',
      en: 'Enable ONVIF on its web page, or use the right port; it can also be registered by its RTSP address',
    },
  },
  timeout: {
    sentence: { zh: '设备没有按时应答', en: 'The device did not answer in time' },
    problem: 'camera-unreachable',
    nextStep: {
      zh: '设备没有按时应答：检查网络，稍后重试',
      en: 'The device did not answer in time: check the network and try again',
    },
  },
  'not-onvif': {
    sentence: { zh: '该地址的应答不是 ONVIF', en: 'What answers at this address does not speak ONVIF' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '核对地址和端口；若是摄像头，也可用 RTSP 地址登记',
      en: 'Check address and port; a camera can also be registered by its RTSP address',
    },
  },
  'clock-skewed': {
    sentence: { zh: '设备时钟不准', en: 'The device’s clock is wrong' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '可由网关把设备时间校准，或在设备网页中设置 NTP；不校时也能登记',
      en: 'Let the gateway set the clock, or set up NTP on the device’s web page; it can be registered as it is',
    },
  },
  'clock-refused': {
    sentence: { zh: '设备因时钟偏差拒绝登录', en: 'The device refuses the login because of its clock' },
    problem: 'camera-refused-login',
    nextStep: {
      zh: '在设备网页中校时或设置 NTP，然后再试',
      en: 'Set its time or NTP on the device’s web page, then try again',
    },
  },
  'login-needed': {
    sentence: { zh: '设备要求登录', en: 'The device wants a login' },
    problem: 'camera-refused-login',
    nextStep: { zh: '填写设备的 ONVIF 用户名和密码', en: 'Give the device’s ONVIF user name and password' },
  },
  'login-refused': {
    sentence: { zh: '用户名或密码错误，设备拒绝登录', en: 'The device refused the user name or password' },
    problem: 'camera-refused-login',
    nextStep: {
      zh: '核对用户名和密码（注意大小写）。勿连续尝试，以免锁定',
      en: 'Check user name and password, and their case. Do not keep trying: accounts lock',
    },
  },
  'login-locked': {
    sentence: { zh: '账号已被设备锁定', en: 'The device has locked the account' },
    problem: 'camera-refused-login',
    nextStep: {
      zh: '账号已被设备锁定：等待约 30 分钟再试',
      en: 'The device has locked the account: wait about 30 minutes',
    },
  },
  'device-fault': {
    sentence: { zh: '设备返回错误', en: 'The device answered with a fault' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备返回错误：升级固件，或用 RTSP 地址登记',
      en: 'The device answered with a fault: update its firmware, or register it by RTSP address',
    },
  },
  'no-media-profile': {
    sentence: { zh: '设备没有可用的媒体配置', en: 'The device has no media profile that can be used' },
    problem: 'camera-not-usable',
    nextStep: { zh: '在设备上把主码流设为 H.264 或 H.265', en: 'Set the main stream to H.264 or H.265 on the device' },
  },
  'no-such-channel': {
    sentence: { zh: '设备没有这个通道', en: 'The device has no such channel' },
    problem: 'camera-not-usable',
    nextStep: { zh: '从检测结果中选择通道', en: 'Choose one of the channels the probe lists' },
  },
  'unusable-uri': {
    sentence: { zh: '设备给出的码流地址不可用', en: 'The stream address the device gives cannot be used' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备给出的码流地址不可用：用 RTSP 地址登记',
      en: 'The stream address the device gives cannot be used: register it by RTSP address',
    },
  },
  'template-used': {
    sentence: { zh: '设备的媒体服务没有应答', en: 'The device’s media service does not answer' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备媒体服务无应答，已按设备档案的地址模板检测',
      en: 'The media service does not answer; the address template of the device profile was tested instead',
    },
  },
  'stream-not-found': {
    sentence: { zh: '码流地址不存在', en: 'There is no such stream' },
    problem: 'camera-not-usable',
    nextStep: { zh: '码流地址不存在：检查路径和通道号', en: 'There is no such stream: check path and channel number' },
  },
  'stream-login-refused': {
    sentence: { zh: 'RTSP 拒绝登录', en: 'RTSP refused the login' },
    problem: 'camera-refused-login',
    nextStep: {
      zh: 'RTSP 拒绝登录：核对用户名、密码及 RTSP 认证设置',
      en: 'RTSP refused the login: check user name, password and the RTSP authentication setting',
    },
  },
  'session-limit': {
    sentence: { zh: '设备的连接数已满', en: 'The device has no connection left' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '关闭其他客户端或录像机对它的连接，一分钟后重试',
      en: 'Close other clients’ or recorders’ connections to it and try again in a minute',
    },
  },
  'unsupported-codec': {
    sentence: { zh: '编码格式不受支持', en: 'The encoding is not supported' },
    problem: 'camera-not-usable',
    nextStep: { zh: '把编码改为 H.264 或 H.265', en: 'Set the encoding to H.264 or H.265' },
  },
  'unsupported-transport': {
    sentence: { zh: '传输方式不受支持', en: 'The way of transport is not supported' },
    problem: 'camera-not-usable',
    nextStep: { zh: '在设备上允许 RTSP over TCP', en: 'Allow RTSP over TCP on the device' },
  },
  'no-first-frame': {
    sentence: { zh: '有码流描述，但没有画面', en: 'The stream is described, but no picture came' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '有描述但没有画面：检查镜头通道是否在线，把关键帧间隔设为 2 秒以内',
      en: 'Described but no picture came: see that the channel is online, and set the key frame interval to 2 s or less',
    },
  },
  'stream-failed': {
    sentence: { zh: 'RTSP 服务出错', en: 'The RTSP service failed' },
    problem: 'camera-not-usable',
    nextStep: { zh: '按 detail 检查设备的 RTSP 服务', en: 'Check the device’s RTSP service as the detail says' },
  },
  'onvif-disabled': {
    sentence: { zh: '设备在线，但 ONVIF 未启用', en: 'The device is there, but its ONVIF service is switched off' },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '在设备网页或 App 中启用 ONVIF（部分品牌还需添加 ONVIF 用户）；也可用 RTSP 地址登记',
      en: 'Switch ONVIF on in the device’s web page or app (some makes also want an ONVIF user); it can also be registered by its RTSP address',
    },
  },
  'port-blocked': {
    sentence: {
      zh: '设备在线，但到该端口的连接被拦截',
      en: 'The device is there, but connections to this port are blocked',
    },
    problem: 'camera-unreachable',
    nextStep: {
      zh: '在防火墙、交换机或设备的端口设置中放行该端口，或改用设备实际使用的端口',
      en: 'Open the port in firewall, switch or the device’s own port settings, or use the port it really has',
    },
  },
  'other-subnet': {
    sentence: {
      zh: '设备在另一个网段，网关到不了',
      en: 'The device is in another subnet, which the gateway does not reach',
    },
    problem: 'camera-unreachable',
    nextStep: {
      zh: '把设备地址改到网关所在网段，或请网管在两个网段之间添加路由',
      en: 'Give the device an address in the gateway’s network, or have the network’s keeper add a route between the two',
    },
  },
  'separate-user-needed': {
    sentence: {
      zh: '设备拒绝登录：该品牌的 ONVIF 用户需单独建立',
      en: 'The device refused this login: this make keeps ONVIF users of their own',
    },
    problem: 'camera-refused-login',
    nextStep: {
      zh: '在设备上添加 ONVIF 用户并用它登录；若用的已是 ONVIF 用户，请核对密码。勿连续尝试',
      en: 'Add an ONVIF user on the device and sign in with it; if this is one already, check its password. Do not keep trying',
    },
  },
  'certificate-changed': {
    sentence: {
      zh: '设备的 TLS 证书与登记时不同，没有发送密码',
      en: 'The device shows another TLS certificate than when it was registered; no password was sent',
    },
    problem: 'camera-certificate-changed',
    nextStep: {
      zh: '先确认设备没有被调换；如确是重置或换证，由安装人员或管理员接受新证书',
      en: 'Make sure that nobody swapped the device; if it was reset or got a new one, an installer or administrator accepts the new certificate',
    },
  },
  'tls-failed': {
    sentence: { zh: '设备的 TLS 过旧或有误，无法建立加密连接', en: 'The device’s TLS is too old or broken' },
    problem: 'camera-unreachable',
    nextStep: {
      zh: '升级设备固件（需 TLS 1.2），或在设备上改用 HTTP',
      en: 'Update the firmware (TLS 1.2 is needed), or use HTTP on the device',
    },
  },
  'key-frames-rare': {
    sentence: {
      zh: '关键帧间隔太长，打开画面会很慢',
      en: 'Key frames are too far apart: the picture will be slow to open',
    },
    problem: 'camera-not-usable',
    nextStep: {
      zh: '在设备上把 I 帧间隔设为帧率的 1 至 2 倍（1 到 2 秒）',
      en: 'Set the I-frame interval on the device to one to two times the frame rate (1 to 2 s)',
    },
  },
} as const satisfies Record<string, { sentence: Words; problem: ProblemCode; nextStep: Words }>

export type ProbeCode = keyof typeof PROBE_CODES
