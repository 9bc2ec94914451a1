import type { StreamAdvice, StreamHealth } from '../contracts/camera-health.ts'
import { toInstant } from '../contracts/common.ts'
import type { Words } from './device-profile.ts'
import { inLanguage } from './probe-codes.ts'

/** What the media plane knows of a stream; `now` only while it is fetched. */
export interface StreamFigures {
  reconnects: number
  receivedPackets: number
  lostPackets: number
  opens: {
    count: number
    failed: number
    firstFrameMs?: { p50: number; p95: number }
    connectMs?: { p50: number; p95: number }
    lastFault?: { code: string; atMs: number }
  }
  now?: {
    state: 'starting' | 'live' | 'stalled' | 'offline'
    since: number
    lastFrameAgeMs?: number
    fault?: { code: string; detail: string }
    codec?: string
    width?: number
    height?: number
    bitrateBps?: number
    frameRate?: number
    keyFrameIntervalMs?: number
    clockOffsetMs?: number
  }
}

/** A cold viewer waits half of it on average; two seconds keep that within what operators bear. */
const MAX_KEY_FRAME_INTERVAL_MS = 2_500
/** Dialling, login and description of a healthy camera take a tenth of it. */
const MAX_CONNECT_MS = 1_500
/** As everywhere else, a clock further off is flagged. */
const MAX_CLOCK_OFFSET_MS = 2_000
const MAX_LOSS = 0.001
const MIN_PACKETS = 10_000
const MAX_RECONNECTS = 5

const WORDS: Readonly<Record<StreamAdvice['code'], Words>> = {
  'key-frames-rare': {
    zh: '在摄像头网页中把关键帧(I 帧)间隔设为帧率的 1 到 2 倍,例如 25 帧/秒时设为 25 至 50',
    en: 'On the camera’s web page, set the key frame (I-frame) interval to one to two times the frame rate, say 25 to 50 at 25 frames a second',
  },
  'connects-slowly': {
    zh: '检查到摄像头的网络;减少同时连接该摄像头的其他客户端,必要时升级固件',
    en: 'Check the network to the camera; have fewer other clients connect to it, and update its firmware if need be',
  },
  'packets-lost': {
    zh: '检查网线、交换机端口和无线信号,或降低码率',
    en: 'Check cable, switch port and radio signal, or lower the bit rate',
  },
  'clock-wrong': {
    zh: '在设备网页中设置 NTP 校时;在此之前画面时间按网关时间计',
    en: 'Set up NTP on the device’s web page; until then pictures bear the gateway’s time',
  },
  'login-refused': {
    zh: '密码或权限不对:重新登记该摄像头的登录信息;每分钟只重试一次,以免账号被锁',
    en: 'Wrong password or rights: register the camera’s login anew; it is tried once a minute only, so that no account is locked',
  },
  'often-interrupted': {
    zh: '连接经常中断:检查供电和网络,并查看设备是否反复重启',
    en: 'The connection breaks often: check power and network, and whether the device restarts',
  },
  'codec-not-playable': {
    zh: '把编码改为 H.264 或 H.265',
    en: 'Set the encoding to H.264 or H.265',
  },
}

interface Finding {
  code: StreamAdvice['code']
  detail: string
}

/** What stands out, each with its figure. */
export function findings(figures: StreamFigures): Finding[] {
  const { opens, reconnects, receivedPackets, lostPackets } = figures
  const now: Partial<NonNullable<StreamFigures['now']>> = figures.now ?? {}
  const found: Finding[] = []
  const interval = now.keyFrameIntervalMs ?? 0
  if (interval > MAX_KEY_FRAME_INTERVAL_MS)
    found.push({ code: 'key-frames-rare', detail: `a key frame every ${(interval / 1000).toFixed(1)} s` })
  const connectMs = opens.connectMs?.p50 ?? 0
  if (connectMs > MAX_CONNECT_MS)
    found.push({ code: 'connects-slowly', detail: `${connectMs} ms from dialling to PLAY, median` })
  const loss = lostPackets / Math.max(1, lostPackets + receivedPackets)
  if (loss > MAX_LOSS && receivedPackets > MIN_PACKETS)
    found.push({ code: 'packets-lost', detail: `${(loss * 100).toFixed(2)} % of the packets` })
  const offset = now.clockOffsetMs ?? 0
  if (Math.abs(offset) > MAX_CLOCK_OFFSET_MS)
    found.push({ code: 'clock-wrong', detail: `${(offset / 1000).toFixed(1)} s off ours` })
  const fault = now.fault?.code ?? (opens.failed === opens.count ? opens.lastFault?.code : undefined)
  if (fault === 'unauthorized') found.push({ code: 'login-refused', detail: now.fault?.detail ?? fault })
  if (fault === 'unsupported-codec') found.push({ code: 'codec-not-playable', detail: now.fault?.detail ?? fault })
  if (fault !== 'unauthorized' && reconnects > MAX_RECONNECTS)
    found.push({ code: 'often-interrupted', detail: `${reconnects} times since the gateway started` })
  return found
}

export function streamHealth(
  role: StreamHealth['role'],
  figures: StreamFigures | undefined,
  acceptLanguage: string | undefined,
): StreamHealth {
  if (figures === undefined) return { role, state: 'idle', ...NEVER_FETCHED, advice: [] }
  const { now, opens, reconnects, receivedPackets, lostPackets } = figures
  const { lastFault, ...counts } = opens
  const { state = 'idle' as const, since, ...measured } = now ?? {}
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
    advice: findings(figures).map((finding) => ({
      ...finding,
      nextStep: inLanguage(WORDS[finding.code], acceptLanguage),
    })),
  }
}

const NEVER_FETCHED = { receivedPackets: 0, lostPackets: 0, reconnects: 0, opens: { count: 0, failed: 0 } }
