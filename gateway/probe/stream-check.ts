import type { Words } from '../words.ts'
import type { Check } from './check.ts'
import type { ProbeCode } from './probe-codes.ts'

/** What the media plane does for the register: DESCRIBE and play one stream until its first key frame. */
export type DescribeStream = (
  request: {
    uri: string
    username?: string
    password?: string
    transport?: 'tcp' | 'udp'
    /** The certificate an `rtsps:` camera is known by; without it any is taken and told. */
    pin?: string
    /** Look on until the next key frame, to know how far they are apart. */
    watchKeyFrames?: boolean
  },
  signal: AbortSignal,
) => Promise<StreamDescribed | { ok: false; code: string; detail: string }>

export interface StreamDescribed {
  ok: true
  codec: 'h264' | 'h265' | 'mjpeg'
  /** What the camera showed over TLS, SHA-256 in hex. */
  certificate?: string
  width: number
  height: number
  frameRate?: number
  /** From PLAY to the first key frame. */
  firstFrameMs: number
  /** How far key frames are apart; `atLeast` where the next was not waited for. */
  keyFrames?: { intervalMs: number; atLeast: boolean }
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
  ['tls-failed', 'tls-failed'],
])

/** As people write them. */
const CODEC_NAMES = { h264: 'H.264', h265: 'H.265', mjpeg: 'MJPEG' } as const satisfies Record<
  StreamDescribed['codec'],
  string
>

/** A cold viewer waits half of it on average; two seconds keep that within what operators bear. */
export const MAX_KEY_FRAME_INTERVAL_MS = 2_500

/** A device that answers elsewhere is there: what keeps from this port is on the way. */
const BLOCKED: ReadonlySet<string> = new Set(['refused', 'timeout', 'unreachable'])

/**
 * The two last checks of a probe, from what the media plane found.
 * @param isThere the device has answered at another port
 */
export function streamChecks(described: Awaited<ReturnType<DescribeStream>>, isThere = false): Check[] {
  if (described.ok) {
    const { codec, width, height, firstFrameMs, keyFrames } = described
    return [
      { name: 'describe', ok: true, detail: `${CODEC_NAMES[codec]} ${width}×${height}` },
      { name: 'first-frame', ok: true, ...firstFrame(firstFrameMs, keyFrames) },
    ]
  }
  const { detail } = described
  const code = isThere && BLOCKED.has(described.code) ? 'port-blocked' : (CODES.get(described.code) ?? 'stream-failed')
  if (code !== 'no-first-frame' && code !== 'key-frames-rare') return [{ name: 'describe', ok: false, code, detail }]
  return [
    { name: 'describe', ok: true, detail: '' },
    { name: 'first-frame', ok: false, code, detail },
  ]
}

function firstFrame(ms: number, keyFrames: StreamDescribed['keyFrames']): Pick<Check, 'code' | 'detail'> {
  const after = (ms / 1000).toFixed(1)
  const first: Words = { zh: `${after} 秒后出画面`, en: `first picture after ${after} s` }
  if (keyFrames === undefined) return { detail: first }
  const apart = (keyFrames.intervalMs / 1000).toFixed(1)
  const detail: Words = {
    zh: `${first.zh}，关键帧间隔${keyFrames.atLeast ? '超过 ' : ' '}${apart} 秒`,
    en: `${first.en}, key frames ${keyFrames.atLeast ? 'more than ' : ''}${apart} s apart`,
  }
  return keyFrames.intervalMs > MAX_KEY_FRAME_INTERVAL_MS ? { detail, code: 'key-frames-rare' } : { detail }
}
