import type { AlarmType } from '../contracts/alarm.ts'
import type { ChannelFault, ChannelMessage } from '../contracts/channel.ts'
import { townshipTime } from '../contracts/common.ts'
import { inLanguage } from '../words.ts'

type Language = 'zh' | 'en'

const TYPES: Readonly<Record<AlarmType, Readonly<Record<Language, string>>>> = {
  intrusion: { zh: '入侵', en: 'Intrusion' },
  'panic-button': { zh: '一键求助', en: 'Panic button' },
  motion: { zh: '移动侦测', en: 'Motion' },
  'line-crossing': { zh: '越线', en: 'Line crossed' },
  tamper: { zh: '遮挡破坏', en: 'Tampering' },
  'video-loss': { zh: '视频丢失', en: 'Video lost' },
  audio: { zh: '声音异常', en: 'Sound' },
  smoke: { zh: '烟感', en: 'Smoke' },
  gas: { zh: '燃气', en: 'Gas' },
  'water-level': { zh: '水位超限', en: 'Water level' },
  door: { zh: '门磁', en: 'Door' },
  'device-offline': { zh: '设备离线', en: 'Device offline' },
  'source-silent': { zh: '告警源失联', en: 'Source silent' },
  'storage-failure': { zh: '存储故障', en: 'Storage failure' },
  other: { zh: '其他', en: 'Other' },
}

const PRIORITIES: Readonly<Record<ChannelMessage['priority'], Readonly<Record<Language, string>>>> = {
  1: { zh: 'P1 紧急', en: 'P1 urgent' },
  2: { zh: 'P2 重要', en: 'P2 important' },
  3: { zh: 'P3 一般', en: 'P3 normal' },
  4: { zh: 'P4 提示', en: 'P4 notice' },
}

/** Robots of WeCom and Feishu read `<@all>` and `<at …>` as calls to everybody; an alarm's text must call nobody. */
const harmless = (text: string): string => text.replaceAll('<', '＜').replaceAll('>', '＞').replaceAll(/\s+/g, ' ')

/** Link to the case on the duty page. */
export const linkTo = (consoleUrl: string | undefined, caseId: string): string =>
  consoleUrl === undefined ? '' : `${consoleUrl.replace(/\/+$/, '')}/patrol?case=${caseId}`

/** One case in a line or two, without the link. */
export function sentenceOf(message: ChannelMessage, language: Language): string {
  const { priority, type, cellCode, cellName, number, openedAt, to } = message
  const place = harmless(cellName ?? cellCode)
  const what = [TYPES[type][language], harmless(message.text)].filter((part) => part !== '').join(' ')
  const at = townshipTime(openedAt).slice(11)
  return language === 'zh'
    ? `【${PRIORITIES[priority].zh}】${what}\n${place} 案卷${number} ${at} 派给${harmless(to)}，请签收`
    : `[${PRIORITIES[priority].en}] ${what}\n${place}, case ${number}, ${at}, sent to ${harmless(to)}: please accept`
}

export const TEST_SENTENCE: Readonly<Record<Language, string>> = {
  zh: '【测试】格明视频接入网关：这是一条测试消息，无需处理',
  en: '[Test] Gridlight: this is a test message, nothing needs doing',
}

/** What an administrator can do about a fault. */
const NEXT_STEPS: Readonly<Record<ChannelFault, Readonly<Record<Language, string>>>> = {
  'address-not-allowed': {
    zh: '该地址在内网或本机：如确需使用，把网段写入 networks；外网地址须用 https',
    en: 'The address is private or loopback: name its network in networks if it is meant; elsewhere use https',
  },
  'name-not-found': { zh: '检查地址拼写与网关的 DNS', en: 'Check the spelling of the address and the gateway’s DNS' },
  unreachable: {
    zh: '检查网关到该地址的网络与防火墙',
    en: 'Check network and firewall from the gateway to the address',
  },
  'tls-refused': {
    zh: '对方证书无效或不匹配：更新证书或地址',
    en: 'The certificate is not valid for the address: renew it or correct the address',
  },
  timeout: { zh: '对方没有及时应答，稍后自动重试', en: 'No answer in time; it is tried again' },
  'too-many-messages': {
    zh: '超过服务商的频率限制，稍后自动重试',
    en: 'Over the provider’s rate limit; it is tried again',
  },
  'signature-refused': {
    zh: '核对加签密钥、关键词与网关时钟',
    en: 'Check the signing secret, the robot’s keywords and the gateway’s clock',
  },
  'robot-not-found': { zh: '机器人已被移除或地址有误：重新复制地址', en: 'The robot is gone: copy its address again' },
  'message-refused': { zh: '按对方返回的说明修改', en: 'Correct what the provider names' },
  'answer-not-understood': { zh: '确认地址属于所选类型的机器人', en: 'Make sure that the address is of this kind' },
  'no-phone-number': { zh: '请管理员登记此人的手机号', en: 'Ask an administrator to enter the mobile number' },
}

export const nextStepOf = (fault: ChannelFault, acceptLanguage: string | undefined): string =>
  inLanguage(NEXT_STEPS[fault], acceptLanguage)
