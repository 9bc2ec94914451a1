import { readFile } from 'node:fs/promises'
import type { ClipFiles } from '../media.ts'
import type { VideoSpec } from '../township-data.ts'

export const VIDEO_CLOCK_HZ = 90_000

/** One access unit of the loop and its place in time. */
export interface ClipFrame {
  /** NAL units without start codes; one whole picture of JPEG. */
  units: Buffer[]
  isKey: boolean
  /** How far its display is ahead of the time it is sent at, clock ticks; negative for a B-frame. */
  aheadTicks: number
  /** It and all that follow are displayed after all that were sent before. */
  isAfterAllBefore: boolean
}

/** A loop in memory. The frames stand in decode order, `ticksPerFrame` apart when they are sent. */
export interface Clip {
  spec: VideoSpec
  frames: ClipFrame[]
  ticksPerFrame: number
  /** How far display may run ahead of sending: the reordering depth of B-frames, 0 without. */
  maxAheadTicks: number
  /** Parameter sets of the first key frame in the order VPS, SPS, PPS (H.264: SPS, PPS; JPEG: none). */
  parameterSets: Buffer[]
}

/** Reads the stream with its frame index: `stream, dts, pts, duration, size, checksum`, times in 1/frameRate s. */
export async function loadClip({ spec, streamFile, indexFile }: ClipFiles): Promise<Clip> {
  const [stream, index] = await Promise.all([readFile(streamFile), readFile(indexFile, 'utf8')])
  const ticksPerFrame = VIDEO_CLOCK_HZ / spec.frameRate
  const rows = index
    .split('\n')
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(',').map(Number))
  let offset = 0
  const shownAt = rows.map(([, , pts = 0]) => pts)
  const frames = rows.map(([, , pts = 0, , size = 0], at): ClipFrame => {
    const bytes = stream.subarray(offset, offset + size)
    const units = spec.codec === 'jpeg' ? [bytes] : splitAnnexB(bytes)
    offset += size
    return {
      units,
      isKey: units.some((unit) => isKeySlice(spec, unit)),
      aheadTicks: (pts - at) * ticksPerFrame,
      isAfterAllBefore: Math.max(-1, ...shownAt.slice(0, at)) < Math.min(...shownAt.slice(at)),
    }
  })
  if (offset !== stream.length || frames[0]?.isKey !== true) {
    throw new Error(`${streamFile}: ${offset} of ${stream.length} bytes are indexed, or no key frame comes first`)
  }
  const maxAheadTicks = Math.max(...frames.map(({ aheadTicks }) => aheadTicks))
  const parameterSets = (frames[0]?.units ?? []).filter((unit) => isParameterSet(spec, unit))
  return { spec, frames, ticksPerFrame, maxAheadTicks, parameterSets }
}

/** NAL unit type, ITU-T H.264 §7.3.1 or H.265 §7.3.1.2. */
const nalType = ({ codec }: VideoSpec, unit: Buffer): number =>
  codec === 'h264' ? (unit[0] ?? 0) & 0x1f : ((unit[0] ?? 0) >> 1) & 0x3f

function isKeySlice(spec: VideoSpec, unit: Buffer): boolean {
  if (spec.codec === 'jpeg') return true
  const type = nalType(spec, unit)
  return spec.codec === 'h264' ? type === 5 : type >= 16 && type <= 21
}

function isParameterSet(spec: VideoSpec, unit: Buffer): boolean {
  if (spec.codec === 'jpeg') return false
  const type = nalType(spec, unit)
  return spec.codec === 'h264' ? type === 7 || type === 8 : type >= 32 && type <= 34
}

/** NAL units between start codes of three or four bytes (ITU-T H.264 annex B). */
function splitAnnexB(bytes: Buffer): Buffer[] {
  const units: Buffer[] = []
  const mark = Buffer.from([0, 0, 1])
  let start = bytes.indexOf(mark)
  while (start !== -1) {
    const next = bytes.indexOf(mark, start + 3)
    let end = next === -1 ? bytes.length : next
    while (end > start + 3 && bytes[end - 1] === 0) end -= 1
    units.push(bytes.subarray(start + 3, end))
    start = next
  }
  return units
}
