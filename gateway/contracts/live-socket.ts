import { z } from 'zod'
import { Id } from './common.ts'
import { ViewEnd } from './view.ts'

/**
 * The live socket: CMAF chunks of several views over one WebSocket. Text messages are the JSON below; binary messages are a
 * header and then an initialisation segment or a chunk, exactly as LL-HLS serves it.
 */
export const LIVE_SOCKET_PATH = '/live/socket'

/** What a viewer may say: send this view's media, with its sound or without, or no more of it. */
export const LiveRequest = z.union([
  z.strictObject({ open: Id, sound: z.boolean().optional() }),
  z.strictObject({ close: Id }),
])
export type LiveRequest = z.infer<typeof LiveRequest>

/** The stream behind a view: frames come, no frame for two seconds, or no connection to the camera. */
export const LiveStreamState = z.enum(['starting', 'live', 'stalled', 'offline'])
export type LiveStreamState = z.infer<typeof LiveStreamState>

const stream = { state: LiveStreamState, frameAgeMs: z.number().int().min(0).optional() }

/** Why a view's media are not sent. `not-found`: it is no view of this session. */
export const LiveRefusal = z.enum(['not-found', 'stream-not-ready', 'too-many-requests', 'scope-missing'])
export type LiveRefusal = z.infer<typeof LiveRefusal>

export const LiveMessage = z.discriminatedUnion('kind', [
  /** Binary messages with this number are the view's, from now on. */
  z.object({ kind: z.literal('opened'), viewId: Id, number: z.number().int(), ...stream }),
  z.object({ kind: z.literal('stream'), viewId: Id, ...stream }),
  z.object({ kind: z.literal('refused'), viewId: Id, code: LiveRefusal }),
  z.object({ kind: z.literal('ended'), viewId: Id, why: ViewEnd }),
])
export type LiveMessage = z.infer<typeof LiveMessage>

export const LIVE_HEADER_BYTES = 24
/** Ticks of `startTicks` and `durationTicks` in a second. */
export const LIVE_TIMESCALE = 90_000

/** Big-endian, in this order; media times are decode times. */
export interface LiveHeader {
  /** uint8, 1 to 4 */
  type: 'init' | 'chunk' | 'sound-init' | 'sound-chunk'
  /** Bit 0 of a uint8: the first sample is a key frame. A zero uint16 follows. */
  independent: boolean
  /** Bit 1 of the same: a newer chunk follows at once, so a player had better not begin with this one. */
  isPast: boolean
  /** uint32, as `opened` said */
  number: number
  /** uint32: milliseconds of the gateway's monotonic clock when the message was sent; only differences mean anything. */
  sentMs: number
  /** uint32 */
  durationTicks: number
  /** float64 */
  startTicks: number
}

const TYPES = { init: 1, chunk: 2, 'sound-init': 3, 'sound-chunk': 4 } as const
const TYPE_NAMES = ['init', 'chunk', 'sound-init', 'sound-chunk'] as const
const INDEPENDENT = 1
const PAST = 2
const UINT32 = 2 ** 32

/** @param to at least LIVE_HEADER_BYTES long */
export function writeLiveHeader(to: DataView, header: LiveHeader): void {
  to.setUint8(0, TYPES[header.type])
  to.setUint8(1, (header.independent ? INDEPENDENT : 0) | (header.isPast ? PAST : 0))
  to.setUint16(2, 0)
  to.setUint32(4, header.number)
  to.setUint32(8, Math.floor(header.sentMs) % UINT32)
  to.setUint32(12, header.durationTicks)
  to.setFloat64(16, header.startTicks)
}

/** @returns undefined for what is no message of this protocol, so that a later version may add types */
export function readLiveHeader(from: DataView): LiveHeader | undefined {
  if (from.byteLength < LIVE_HEADER_BYTES) return undefined
  const type = TYPE_NAMES[from.getUint8(0) - 1]
  if (type === undefined) return undefined
  return {
    type,
    independent: (from.getUint8(1) & INDEPENDENT) !== 0,
    isPast: (from.getUint8(1) & PAST) !== 0,
    number: from.getUint32(4),
    sentMs: from.getUint32(8),
    durationTicks: from.getUint32(12),
    startTicks: from.getFloat64(16),
  }
}
