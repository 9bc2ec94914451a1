import { z } from 'zod'
import { Camera, CameraState } from './camera.ts'
import { CellCode, Id, Instant } from './common.ts'
import { StreamRole } from './device.ts'

/** Milliseconds; nearest rank over the opens that are remembered. */
const Percentiles = z.object({ p50: z.number(), p95: z.number() })

/** What to change at a camera whose stream is slow or broken; the words are in the asker's language. */
export const StreamAdvice = z.object({
  code: z.enum([
    'key-frames-rare',
    'first-frame-late',
    'connects-slowly',
    'packets-lost',
    'clock-wrong',
    'login-refused',
    'often-interrupted',
    'codec-not-playable',
  ]),
  detail: z.string(),
  nextStep: z.string(),
})
export type StreamAdvice = z.infer<typeof StreamAdvice>

export const StreamHealth = z.object({
  role: StreamRole,
  /** `idle`: nobody watches, so nothing is fetched; codec to clock are then those of the last time. */
  state: z.enum(['idle', 'starting', 'live', 'stalled', 'offline']),
  since: Instant.optional(),
  lastFrameAgeMs: z.number().int().optional(),
  fault: z.object({ code: z.string(), detail: z.string() }).optional(),
  /** RFC 6381. */
  codec: z.string().optional(),
  width: z.number().int().optional(),
  height: z.number().int().optional(),
  bitrateBps: z.number().int().optional(),
  frameRate: z.number().optional(),
  keyFrameIntervalMs: z.number().int().optional(),
  /** The camera's clock less the gateway's, where the camera sends its time. */
  clockOffsetMs: z.number().int().optional(),
  receivedPackets: z.number().int(),
  lostPackets: z.number().int(),
  reconnects: z.number().int(),
  /** The last 50 times the stream was opened, since the gateway started. */
  opens: z.object({
    count: z.number().int(),
    failed: z.number().int(),
    /** From dialling to the first key frame. */
    firstFrameMs: Percentiles.optional(),
    /** From dialling to PLAY. */
    connectMs: Percentiles.optional(),
    /** From PLAY to the first key frame: what the camera's key-frame interval costs. */
    keyFrameWaitMs: Percentiles.optional(),
    lastFault: z.object({ code: z.string(), at: Instant }).optional(),
  }),
  advice: z.array(StreamAdvice),
})
export type StreamHealth = z.infer<typeof StreamHealth>

export const CameraHealth = z.object({
  cameraId: Id,
  name: Camera.shape.name,
  cellCode: CellCode,
  ownership: Camera.shape.ownership,
  state: CameraState,
  stateSince: Instant,
  stateReason: z.string().optional(),
  streams: z.array(StreamHealth),
})
export type CameraHealth = z.infer<typeof CameraHealth>

export const CameraHealthQuery = z.strictObject({
  cell: CellCode.optional(),
  state: CameraState.optional(),
  /** `yes`: only cameras that are stalled, offline, or for which there is advice. */
  attention: z.literal('yes').optional(),
  q: z.string().trim().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(100),
  cursor: z.string().max(200).optional(),
})
export type CameraHealthQuery = z.infer<typeof CameraHealthQuery>
