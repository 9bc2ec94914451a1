import type { ProbeCheck } from '../contracts/device.ts'
import type { Words } from './device-profile.ts'
import type { ProbeCode } from './probe-codes.ts'

/** What the media plane does for the register: DESCRIBE and play one stream until its first key frame. */
export type DescribeStream = (
  request: { uri: string; username?: string; password?: string; transport?: 'tcp' | 'udp' },
  signal: AbortSignal,
) => Promise<StreamDescribed | { ok: false; code: string; detail: string }>

export interface StreamDescribed {
  ok: true
  codec: 'h264' | 'h265'
  width: number
  height: number
  frameRate?: number
  /** From PLAY to the first key frame. */
  firstFrameMs: number
}

/** A finding before it is put into words. */
export interface Check {
  name: ProbeCheck['name']
  ok: boolean
  code?: ProbeCode
  /** Facts: names, numbers, a device's own words. */
  detail: string
  /** The finding in a sentence, where the code's own does not say enough. */
  words?: Words
  /** Logins that the device allows still before it locks the account. */
  triesLeft?: number
  /** What a further try would cost. */
  warning?: Words
}

const CODES: ReadonlyMap<string, ProbeCode> = new Map([
  ['address-not-allowed', 'address-not-allowed'],
  ['port-not-allowed', 'port-not-allowed'],
  ['name-not-found', 'name-not-found'],
  ['refused', 'connection-refused'],
  ['unreachable', 'host-unreachable'],
  ['timeout', 'timeout'],
  ['unauthorized', 'stream-login-refused'],
  ['not-found', 'stream-not-found'],
  ['session-limit', 'session-limit'],
  ['unsupported-codec', 'unsupported-codec'],
  ['unsupported-transport', 'unsupported-transport'],
  ['bad-uri', 'unusable-uri'],
  ['stalled', 'no-first-frame'],
  ['no-key-frame', 'no-first-frame'],
  ['key-frames-rare', 'key-frames-rare'],
  ['certificate-changed', 'certificate-changed'],
  ['untrusted-certificate', 'certificate-changed'],
  ['tls-failed', 'tls-failed'],
])

/** The two last checks of a probe, from what the media plane found. */
export function streamChecks(described: Awaited<ReturnType<DescribeStream>>): Check[] {
  if (described.ok) {
    const { codec, width, height, firstFrameMs } = described
    return [
      { name: 'describe', ok: true, detail: `${codec} ${width}x${height}` },
      { name: 'first-frame', ok: true, detail: `first picture after ${Math.round(firstFrameMs)} ms` },
    ]
  }
  const code = CODES.get(described.code) ?? 'stream-failed'
  const detail = described.detail
  if (code !== 'no-first-frame') return [{ name: 'describe', ok: false, code, detail }]
  return [
    { name: 'describe', ok: true, detail: 'described' },
    { name: 'first-frame', ok: false, code, detail },
  ]
}
