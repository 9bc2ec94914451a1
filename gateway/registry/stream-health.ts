import type { StreamAdvice, StreamHealth } from '../contracts/camera-health.ts'
import { toInstant } from '../contracts/common.ts'
import { MAX_KEY_FRAME_INTERVAL_MS } from '../probe/stream-check.ts'
import { inLanguage, type Words } from '../words.ts'

interface Percentiles {
  p50: number
  p95: number
}

interface Measures {
  codec?: string
  width?: number
  height?: number
  bitrateBps?: number
  frameRate?: number
  keyFrameIntervalMs?: number
  clockOffsetMs?: number
}

/** What the media plane knows of a stream; `now` only while it is fetched. */
export interface StreamFigures {
  reconnects: number
  receivedPackets: number
  lostPackets: number
  opens: {
    count: number
    failed: number
    firstFrameMs?: Percentiles
    connectMs?: Percentiles
    keyFrameWaitMs?: Percentiles
    lastFault?: { code: string; atMs: number }
  }
  /** Of the last time it was fetched. */
  measures?: Measures
  now?: Measures & {
    state: 'starting' | 'live' | 'stalled' | 'offline'
    since: number
    lastFrameAgeMs?: number
    fault?: { code: string; detail: string }
  }
}

/** From PLAY; beyond the longest key-frame interval that draws no advice, with room for the network. */
const MAX_KEY_FRAME_WAIT_MS = 3_000
/** Dialling, login and description of a healthy camera take a tenth of it. */
const MAX_CONNECT_MS = 1_500
/** As everywhere else, a clock further off is flagged. */
const MAX_CLOCK_OFFSET_MS = 2_000
const MAX_LOSS = 0.001
const MIN_PACKETS = 10_000
const MAX_RECONNECTS = 5

const WORDS: Readonly<Record<StreamAdvice['code'], Words>> = {
  'key-frames-rare': {
    zh: '在摄像头网页中把关键帧（I 帧）间隔设为帧率的 1 到 2 倍，例如 25 帧/秒时设为 25 至 50',
    en: 'On the camera’s web page, set the key frame (I-frame) interval to one to two times the frame rate, say 25 to 50 at 25 frames a second',
  },
  'first-frame-late': {
    zh: '摄像头在播放命令之后很久才送出关键帧：把关键帧间隔设为 1 到 2 秒，关闭“智能编码”（H.264+/H.265+、Smart Codec）',
    en: 'The camera sends a key frame long after it was asked to play: set the key frame interval to 1 to 2 s, and switch “smart” coding (H.264+, H.265+, Smart Codec) off',
  },
  'connects-slowly': {
    zh: '检查到摄像头的网络；减少同时连接该摄像头的其他客户端，必要时升级固件',
    en: 'Check the network to the camera; have fewer other clients connect to it, and update its firmware if need be',
  },
  'packets-lost': {
    zh: '检查网线、交换机端口和无线信号，或降低码率',
    en: 'Check cable, switch port and radio signal, or lower the bit rate',
  },
  'clock-wrong': {
    zh: '在设备网页中设置 NTP 校时；在此之前画面时间按网关时间计',
    en: 'Set up NTP on the device’s web page; until then pictures bear the gateway’s time',
  },
  'login-refused': {
    zh: '密码或权限不对：重新登记该摄像头的登录信息；每分钟只重试一次，以免账号被锁',
    en: 'Wrong password or rights: register the camera’s login anew; it is tried once a minute only, so that no account is locked',
  },
  'often-interrupted': {
    zh: '连接经常中断：检查供电和网络，并查看设备是否反复重启',
    en: 'The connection breaks often: check power and network, and whether the device restarts',
  },
  'codec-not-playable': {
    zh: '把编码改为 H.264 或 H.265',
    en: 'Set the encoding to H.264 or H.265',
  },
}

interface Finding {
  code: StreamAdvice['code']
  /** A peer's own words are in no language of ours. */
  detail: Words | string
}

const inSeconds = (ms: number): string => (ms / 1000).toFixed(1)

const LONG_UNITS = [
  { fromMs: 2 * 86_400_000, ms: 86_400_000, zh: '天', en: 'd' },
  { fromMs: 2 * 3_600_000, ms: 3_600_000, zh: '小时', en: 'h' },
  { fromMs: 10 * 60_000, ms: 60_000, zh: '分钟', en: 'min' },
] as const

/** In a unit that tells the cause: eight hours off is a time zone, half a century an empty battery. */
function lengthOf(ms: number): { n: string } & Words {
  const unit = LONG_UNITS.find(({ fromMs }) => ms >= fromMs)
  if (unit === undefined) return { n: inSeconds(ms), zh: '秒', en: 's' }
  return { n: String(Number((ms / unit.ms).toFixed(1))), zh: unit.zh, en: unit.en }
}

/** What stands out, each with its figure. */
export function findings(figures: StreamFigures): Finding[] {
  const { opens, reconnects, receivedPackets, lostPackets } = figures
  const { keyFrameIntervalMs = 0, clockOffsetMs = 0 } = { ...figures.measures, ...figures.now }
  const fault = figures.now?.fault
  const found: Finding[] = []
  const isRare = keyFrameIntervalMs > MAX_KEY_FRAME_INTERVAL_MS
  if (isRare) {
    const every = inSeconds(keyFrameIntervalMs)
    found.push({
      code: 'key-frames-rare',
      detail: { zh: `每 ${every} 秒一个关键帧`, en: `a key frame every ${every} s` },
    })
  }
  const waitMs = opens.keyFrameWaitMs?.p50 ?? 0
  if (waitMs > MAX_KEY_FRAME_WAIT_MS && !isRare) {
    const wait = inSeconds(waitMs)
    found.push({
      code: 'first-frame-late',
      detail: { zh: `从播放到第一个关键帧中位数 ${wait} 秒`, en: `${wait} s from PLAY to the first key frame, median` },
    })
  }
  const connectMs = opens.connectMs?.p50 ?? 0
  if (connectMs > MAX_CONNECT_MS) {
    found.push({
      code: 'connects-slowly',
      detail: { zh: `从拨号到播放中位数 ${connectMs} 毫秒`, en: `${connectMs} ms from dialling to PLAY, median` },
    })
  }
  const loss = lostPackets / Math.max(1, lostPackets + receivedPackets)
  if (loss > MAX_LOSS && receivedPackets > MIN_PACKETS) {
    const percent = (loss * 100).toFixed(2)
    found.push({ code: 'packets-lost', detail: { zh: `丢包 ${percent}%`, en: `${percent} % of the packets lost` } })
  }
  if (Math.abs(clockOffsetMs) > MAX_CLOCK_OFFSET_MS) {
    const { n, ...unit } = lengthOf(Math.abs(clockOffsetMs))
    const [zh, en] = clockOffsetMs < 0 ? ['慢', 'behind'] : ['快', 'ahead of']
    found.push({
      code: 'clock-wrong',
      detail: { zh: `摄像头时钟比网关${zh} ${n} ${unit.zh}`, en: `the camera’s clock is ${n} ${unit.en} ${en} ours` },
    })
  }
  const code = fault?.code ?? (opens.failed === opens.count ? opens.lastFault?.code : undefined)
  if (code === 'unauthorized') found.push({ code: 'login-refused', detail: fault?.detail ?? code })
  if (code === 'unsupported-codec') found.push({ code: 'codec-not-playable', detail: fault?.detail ?? code })
  if (code !== 'unauthorized' && reconnects > MAX_RECONNECTS) {
    const detail = {
      zh: `网关启动以来重连 ${reconnects} 次`,
      en: `reconnected ${reconnects} times since the gateway started`,
    }
    found.push({ code: 'often-interrupted', detail })
  }
  return found
}

export function streamHealth(
  role: StreamHealth['role'],
  figures: StreamFigures | undefined,
  acceptLanguage: string | undefined,
): StreamHealth {
  if (figures === undefined) return { role, state: 'idle', ...NEVER_FETCHED, advice: [] }
  const { now, measures, opens, reconnects, receivedPackets, lostPackets } = figures
  const { lastFault, ...counts } = opens
  const { state = 'idle' as const, since, ...measured } = { ...measures, ...now }
  return {
    role,
    state,
    ...(since === undefined ? {} : { since: toInstant(since) }),
    ...measured,
    receivedPackets,
    lostPackets,
    reconnects,
    opens: {
      ...counts,
      ...(lastFault === undefined ? {} : { lastFault: { code: lastFault.code, at: toInstant(lastFault.atMs) } }),
    },
    advice: findings(figures).map(({ code, detail }) => ({
      code,
      detail: typeof detail === 'string' ? detail : inLanguage(detail, acceptLanguage),
      nextStep: inLanguage(WORDS[code], acceptLanguage),
    })),
  }
}

const NEVER_FETCHED = { receivedPackets: 0, lostPackets: 0, reconnects: 0, opens: { count: 0, failed: 0 } }
