import type { Camera } from '../../../gateway/contracts/camera.ts'

/** The order in which cameras are listed everywhere: by cell, then by name. */
export const inTreeOrder = (cameras: Iterable<Camera>): Camera[] =>
  [...cameras].sort(
    (one, other) => compareCodes(one.cellCode, other.cellCode) || one.name.localeCompare(other.name, 'zh-CN'),
  )

/** Cameras that show a picture to whoever opens a wall for the first time: public, linked and online. */
export const forNewcomers = (cameras: Iterable<Camera>): string[] =>
  inTreeOrder(cameras)
    .filter(({ ownership, state }) => ownership === 'public' && state === 'online')
    .map(({ id }) => id)

const compareCodes = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
