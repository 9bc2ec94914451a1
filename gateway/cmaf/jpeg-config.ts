import { MAX_JPEG_SIDE, type ParameterSets, type VideoFormat } from '../media.ts'

/** JPEG has no parameter sets but its size. Its codec string is of no browser: it is only ever transcoded. */
export function jpegFormat(sets: ParameterSets): VideoFormat | undefined {
  const [size] = sets.sps
  if (size?.length !== 4) return undefined
  const width = size.readUInt16BE(0)
  const height = size.readUInt16BE(2)
  if (width === 0 || height === 0 || width > MAX_JPEG_SIDE || height > MAX_JPEG_SIDE) return undefined
  return { codec: 'jpeg', codecString: 'jpeg', width, height, reorderFrames: 0, frameRate: undefined, sets }
}
