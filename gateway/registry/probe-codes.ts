import type { ProblemCode } from '../errors.ts'
import type { Words } from './device-profile.ts'

/**
 * Every finding of a probe, in one table: what a person can do about it, and which problem it is when a camera is to
 * be registered. The code is the contract, the words may be improved.
 */
export const PROBE_CODES = {
  'address-not-allowed': {
    problem: 'address-not-allowed',
    nextStep: {
      zh: '请管理员把该网段加入 GRIDLIGHT_CAMERA_NETWORKS',
      en: 'Ask an administrator to add the network to GRIDLIGHT_CAMERA_NETWORKS',
    },
  },
  'port-not-allowed': {
    problem: 'address-not-allowed',
    nextStep: {
      zh: '该端口属于其他服务,请改用摄像头的 ONVIF 端口',
      en: 'That port belongs to another service; use the camera’s ONVIF port',
    },
  },
  'name-not-found': {
    problem: 'camera-unreachable',
    nextStep: { zh: '检查主机名拼写,或直接填写 IP 地址', en: 'Check the name’s spelling, or type the IP address' },
  },
  'host-unreachable': {
    problem: 'camera-unreachable',
    nextStep: {
      zh: '检查供电、网线和地址,并确认在同一网络',
      en: 'Check power, cable and address, and that the network reaches it',
    },
  },
  'connection-refused': {
    problem: 'camera-unreachable',
    nextStep: {
      zh: '设备在线但端口未开:在设备网页中启用 ONVIF,或换用正确端口',
      en: 'The device is there but the port is closed: enable ONVIF on its web page, or use the right port',
    },
  },
  timeout: {
    problem: 'camera-unreachable',
    nextStep: {
      zh: '设备没有按时应答:检查网络,稍后重试',
      en: 'The device did not answer in time: check the network and try again',
    },
  },
  'not-onvif': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '该地址不是 ONVIF 设备或 ONVIF 未启用;也可用 RTSP 地址登记',
      en: 'This is no ONVIF device, or ONVIF is off; it can still be registered by its RTSP address',
    },
  },
  'clock-skewed': {
    problem: 'camera-not-usable',
    nextStep: { zh: '在设备网页中设置 NTP 校时', en: 'Set up NTP on the device’s web page' },
  },
  'clock-refused': {
    problem: 'camera-refused-login',
    nextStep: {
      zh: '设备时钟偏差过大而拒绝登录:先校时再试',
      en: 'The device refuses the login because of its clock: set its time first',
    },
  },
  'login-needed': {
    problem: 'camera-refused-login',
    nextStep: { zh: '填写设备的 ONVIF 用户名和密码', en: 'Give the device’s ONVIF user name and password' },
  },
  'login-refused': {
    problem: 'camera-refused-login',
    nextStep: {
      zh: '核对用户名和密码;部分品牌需在设备上另建 ONVIF 用户。勿连续尝试,以免锁定',
      en: 'Check user name and password; some makes need a separate ONVIF user. Do not keep trying: accounts lock',
    },
  },
  'login-locked': {
    problem: 'camera-refused-login',
    nextStep: {
      zh: '账号已被设备锁定:等待约 30 分钟再试',
      en: 'The device has locked the account: wait about 30 minutes',
    },
  },
  'device-fault': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备返回错误:升级固件,或用 RTSP 地址登记',
      en: 'The device answered with a fault: update its firmware, or register it by RTSP address',
    },
  },
  'no-media-profile': {
    problem: 'camera-not-usable',
    nextStep: { zh: '在设备上把主码流设为 H.264 或 H.265', en: 'Set the main stream to H.264 or H.265 on the device' },
  },
  'no-such-channel': {
    problem: 'camera-not-usable',
    nextStep: { zh: '从检测结果中选择通道', en: 'Choose one of the channels the probe lists' },
  },
  'unusable-uri': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备给出的码流地址不可用:用 RTSP 地址登记',
      en: 'The stream address the device gives cannot be used: register it by RTSP address',
    },
  },
  'template-used': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备媒体服务无应答,已按设备档案的地址模板检测',
      en: 'The media service does not answer; the address template of the device profile was tested instead',
    },
  },
  'stream-not-found': {
    problem: 'camera-not-usable',
    nextStep: { zh: '码流地址不存在:检查路径和通道号', en: 'There is no such stream: check path and channel number' },
  },
  'stream-login-refused': {
    problem: 'camera-refused-login',
    nextStep: {
      zh: 'RTSP 拒绝登录:核对用户名、密码及 RTSP 认证设置',
      en: 'RTSP refused the login: check user name, password and the RTSP authentication setting',
    },
  },
  'session-limit': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '设备连接数已满:关闭其他客户端后重试',
      en: 'The device has no connection left: close other clients and try again',
    },
  },
  'unsupported-codec': {
    problem: 'camera-not-usable',
    nextStep: { zh: '把编码改为 H.264 或 H.265', en: 'Set the encoding to H.264 or H.265' },
  },
  'unsupported-transport': {
    problem: 'camera-not-usable',
    nextStep: { zh: '在设备上允许 RTSP over TCP', en: 'Allow RTSP over TCP on the device' },
  },
  'no-first-frame': {
    problem: 'camera-not-usable',
    nextStep: {
      zh: '有描述但没有画面:检查镜头通道是否在线,把关键帧间隔设为 2 秒以内',
      en: 'Described but no picture came: see that the channel is online, and set the key frame interval to 2 s or less',
    },
  },
  'stream-failed': {
    problem: 'camera-not-usable',
    nextStep: { zh: '按 detail 检查设备的 RTSP 服务', en: 'Check the device’s RTSP service as the detail says' },
  },
} as const satisfies Record<string, { problem: ProblemCode; nextStep: Words }>

export type ProbeCode = keyof typeof PROBE_CODES

/** In the caller's language; both where none was named. */
export function inLanguage({ zh, en }: Words, acceptLanguage: string | undefined): string {
  const first = acceptLanguage?.trim().slice(0, 2).toLowerCase()
  return first === 'zh' ? zh : first === 'en' ? en : `${zh} (${en})`
}
