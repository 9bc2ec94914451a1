import { spawnSync } from 'node:child_process'
import { splitAnnexB } from '../../gateway/rtp/access-unit.ts'

/** Access units of a test picture, each a list of NAL units; made by the real encoders. */
export interface ElementaryStream {
  codec: 'h264' | 'h265'
  units: { nals: Buffer[]; key: boolean /** In display order. */; shownAt: number }[]
}

const ENCODERS = { h264: 'libx264', h265: 'libx265' }

/**
 * @param seconds at 25 frames a second
 * @param bFrames frames between two reference frames that are decoded later than shown
 * @param openGop frames shown before a later key frame are decoded after it and need the group before
 */
export function encode(
  codec: 'h264' | 'h265',
  options: { seconds?: number; gop?: number; bFrames?: number; size?: string; openGop?: boolean } = {},
): ElementaryStream {
  const { seconds = 4, gop = 25, bFrames = 0, size = '320x180', openGop = false } = options
  const x26x = `keyint=${gop}:min-keyint=${gop}:scenecut=0:open-gop=${openGop ? 1 : 0}:bframes=${bFrames}:b-adapt=0:b-pyramid=0${codec === 'h264' ? ':aud=1' : ':log-level=none'}`
  const args = [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=25:duration=${seconds}`,
    '-pix_fmt',
    'yuv420p',
  ]
  args.push(
    '-c:v',
    ENCODERS[codec],
    '-preset',
    'ultrafast',
    `-${codec === 'h264' ? 'x264' : 'x265'}-params`,
    x26x,
    '-bf',
    String(bFrames),
  )
  const run = spawnSync('ffmpeg', [...args, '-f', codec === 'h264' ? 'h264' : 'hevc', '-'], {
    maxBuffer: 256 * 1024 * 1024,
  })
  if (run.status !== 0) throw new Error(run.stderr.toString())
  return { codec, units: order(codec, group(codec, splitAnnexB(run.stdout)), bFrames) }
}

function group(codec: 'h264' | 'h265', nals: Buffer[]): { nals: Buffer[]; key: boolean }[] {
  const units: { nals: Buffer[]; key: boolean }[] = []
  let current: { nals: Buffer[]; key: boolean } = { nals: [], key: false }
  for (const nal of nals) {
    const first = nal[0] ?? 0
    const type = codec === 'h264' ? first & 31 : (first >> 1) & 63
    current.nals.push(nal)
    const slice = codec === 'h264' ? type >= 1 && type <= 5 : type < 32
    if (!slice) continue
    current.key = codec === 'h264' ? type === 5 : type >= 16
    units.push(current)
    current = { nals: [], key: false }
  }
  return units
}

/** With a fixed number of B frames: reference frames, key frames among them, are decoded before those shown ahead of them. */
function order(
  codec: 'h264' | 'h265',
  units: { nals: Buffer[]; key: boolean }[],
  bFrames: number,
): ElementaryStream['units'] {
  const shown: number[] = []
  let next = 0
  let i = 0
  while (i < units.length) {
    let run = 0
    while (run < bFrames && isB(codec, units[i + 1 + run])) run++
    shown[i] = next + run
    for (let b = 0; b < run; b++) shown[i + 1 + b] = next + b
    next += run + 1
    i += run + 1
  }
  return units.map((unit, at) => ({ ...unit, shownAt: shown[at] ?? at }))
}

/** No reference for others: H.264 nal_ref_idc 0 (§7.4.1), H.265 an even type below 16 (§7.4.2.2). */
function isB(codec: 'h264' | 'h265', unit: { nals: Buffer[]; key: boolean } | undefined): boolean {
  if (unit === undefined || unit.key) return false
  const first = unit.nals.at(-1)?.[0] ?? 0
  return codec === 'h264' ? (first & 0x60) === 0 : (first >> 1) % 2 === 0
}
