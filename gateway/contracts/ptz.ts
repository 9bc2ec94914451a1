import { z } from 'zod'
import { Instant } from './common.ts'

/** Share of full speed; positive is right, up and in (ONVIF PTZ §5.3.2, generic velocity space). */
const Speed = z.number().min(-1).max(1)

/** A camera stops by itself after this long without another move, whatever became of whoever turned it. */
export const MAX_MOVE_MS = 5_000

export const PtzAction = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('move'),
    pan: Speed.default(0),
    tilt: Speed.default(0),
    zoom: Speed.default(0),
    timeoutMs: z.number().int().min(200).max(MAX_MOVE_MS).default(1_000),
  }),
  z.strictObject({ action: z.literal('stop') }),
  z.strictObject({ action: z.literal('preset'), preset: z.string().min(1).max(64) }),
])
export type PtzAction = z.infer<typeof PtzAction>

export const PtzAnswer = z.object({
  moving: z.boolean(),
  /** When the gateway stops the camera unless another move comes. */
  stopsAt: Instant.optional(),
})
export type PtzAnswer = z.infer<typeof PtzAnswer>

/** Positions the camera has stored under a name. */
export const PtzPresets = z.object({ presets: z.array(z.object({ token: z.string(), name: z.string() })) })
export type PtzPresets = z.infer<typeof PtzPresets>
