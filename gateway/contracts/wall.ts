import { z } from 'zod'
import { Id, Instant, Line } from './common.ts'

/** How many tiles a wall shows. */
export const LAYOUTS = [1, 4, 9, 16, 25, 36] as const
export const Layout = z.literal(LAYOUTS)
export type Layout = z.infer<typeof Layout>
export const MAX_TILES = 36

/** What stands on one tile. An alarm slot is kept free for the camera of whatever waits. */
export const WallTile = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('empty') }),
  z.strictObject({ kind: z.literal('camera'), cameraId: Id }),
  z.strictObject({ kind: z.literal('round'), roundId: Id }),
  z.strictObject({ kind: z.literal('alarm-slot') }),
])
export type WallTile = z.infer<typeof WallTile>

/** An arrangement of the wall that a person has given a name; tiles beyond the last one are empty. */
export const NewWallLayout = z.strictObject({
  name: Line,
  layout: Layout,
  tiles: z.array(WallTile).max(MAX_TILES),
})
export type NewWallLayout = z.infer<typeof NewWallLayout>
export const WallLayout = z.object({ ...NewWallLayout.shape, id: Id, updatedAt: Instant })
export type WallLayout = z.infer<typeof WallLayout>

/** Shorter than this nobody sees anything; a wall also must not open views all the time. */
export const MIN_DWELL_SECONDS = 5
export const MAX_DWELL_SECONDS = 3600
export const MAX_ROUND_CAMERAS = 64

/** Cameras that take turns on one tile. */
export const NewRound = z.strictObject({
  name: Line,
  cameraIds: z.array(Id).min(2).max(MAX_ROUND_CAMERAS),
  dwellSeconds: z.number().int().min(MIN_DWELL_SECONDS).max(MAX_DWELL_SECONDS),
})
export type NewRound = z.infer<typeof NewRound>
export const Round = z.object({ ...NewRound.shape, id: Id, updatedAt: Instant })
export type Round = z.infer<typeof Round>

/** How long one silence lasts; urgent alarms are heard all the same. */
export const SILENCE_SECONDS = 60
export const Silence = z.object({ until: Instant })
export type Silence = z.infer<typeof Silence>
