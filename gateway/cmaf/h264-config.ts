import type { ParameterSets, VideoFormat } from '../media.ts'
import { BitReader, unescapeNal } from './bits.ts'
import { box, u16 } from './box.ts'

const MAX_DIMENSION = 16_384
/** Profiles whose SPS carries the chroma format (H.264 §7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135])

interface Sps {
  width: number
  height: number
  chromaFormat: number
  bitDepthLuma: number
  bitDepthChroma: number
  reorderFrames: number | undefined
  frameRate: number | undefined
}

/** @returns undefined if the sets are incomplete or not understood; never throws */
export function h264Format(sets: ParameterSets): VideoFormat | undefined {
  const sps = sets.sps[0]
  if (sps === undefined || sets.pps.length === 0 || sps.length < 4) return undefined
  const parsed = parseH264Sps(sps)
  if (parsed === undefined) return undefined
  return {
    codec: 'h264',
    codecString: `avc1.${sps.toString('hex', 1, 4)}`,
    width: parsed.width,
    height: parsed.height,
    reorderFrames: parsed.reorderFrames,
    frameRate: parsed.frameRate,
    sets,
  }
}

/** Sequence parameter set (H.264 §7.3.2.1.1 and Annex E) as far as a muxer needs it. */
function parseH264Sps(nal: Uint8Array): Sps | undefined {
  const profile = nal[1] ?? 0
  const reader = new BitReader(unescapeNal(nal.subarray(1)))
  reader.skip(24) // profile, constraints, level
  reader.ue() // seq_parameter_set_id
  let chromaFormat = 1
  let bitDepthLuma = 8
  let bitDepthChroma = 8
  if (HIGH_PROFILES.has(profile)) {
    chromaFormat = reader.ue()
    if (chromaFormat === 3) reader.skip(1) // separate_colour_plane_flag
    bitDepthLuma = 8 + reader.ue()
    bitDepthChroma = 8 + reader.ue()
    reader.skip(1) // qpprime_y_zero_transform_bypass_flag
    if (reader.flag()) {
      for (let i = 0; i < (chromaFormat === 3 ? 12 : 8); i++)
        if (reader.flag()) skipScalingList(reader, i < 6 ? 16 : 64)
    }
  }
  reader.ue() // log2_max_frame_num_minus4
  const pocType = reader.ue()
  if (pocType === 0) reader.ue()
  else if (pocType === 1) {
    reader.skip(1)
    reader.se()
    reader.se()
    const cycle = Math.min(reader.ue(), 255)
    for (let i = 0; i < cycle; i++) reader.se()
  }
  reader.ue() // max_num_ref_frames
  reader.skip(1)
  const widthMbs = reader.ue() + 1
  const heightUnits = reader.ue() + 1
  const frameOnly = reader.flag()
  if (!frameOnly) reader.skip(1)
  reader.skip(1) // direct_8x8_inference_flag
  let cropX = 0
  let cropY = 0
  if (reader.flag()) {
    cropX = reader.ue() + reader.ue()
    cropY = reader.ue() + reader.ue()
  }
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1
  const unitY = (chromaFormat === 1 ? 2 : 1) * (frameOnly ? 1 : 2)
  const width = widthMbs * 16 - cropX * unitX
  const height = heightUnits * 16 * (frameOnly ? 1 : 2) - cropY * unitY
  if (reader.overrun || chromaFormat > 3 || bitDepthLuma > 14 || bitDepthChroma > 14) return undefined
  if (!(width > 0 && height > 0 && width <= MAX_DIMENSION && height <= MAX_DIMENSION)) return undefined
  const vui = reader.flag() ? readVui(reader) : {}
  // Baseline has no B slices, and picture order type 2 forbids reordering (§8.2.1.3).
  const reorderFrames = profile === 66 || pocType === 2 ? 0 : vui.reorderFrames
  return { width, height, chromaFormat, bitDepthLuma, bitDepthChroma, reorderFrames, frameRate: vui.frameRate }
}

/** Broken VUI is common, so an overrun only means that nothing is known. */
function readVui(reader: BitReader): { reorderFrames?: number | undefined; frameRate?: number | undefined } {
  if (reader.flag() && reader.bits(8) === 255) reader.skip(32) // aspect ratio
  if (reader.flag()) reader.skip(1) // overscan
  if (reader.flag()) {
    reader.skip(4)
    if (reader.flag()) reader.skip(24) // colour description
  }
  if (reader.flag()) {
    reader.ue()
    reader.ue() // chroma location
  }
  let frameRate: number | undefined
  if (reader.flag()) {
    const unitsInTick = reader.bits(32)
    const timeScale = reader.bits(32)
    reader.skip(1)
    const rate = timeScale / (2 * unitsInTick)
    if (!reader.overrun && rate >= 0.1 && rate <= 240) frameRate = rate
  }
  const nalHrd = reader.flag()
  if (nalHrd) skipHrd(reader)
  const vclHrd = reader.flag()
  if (vclHrd) skipHrd(reader)
  if (nalHrd || vclHrd) reader.skip(1)
  reader.skip(1) // pic_struct_present_flag
  let reorderFrames: number | undefined
  if (reader.flag()) {
    reader.skip(1)
    for (let i = 0; i < 4; i++) reader.ue()
    const reorder = reader.ue()
    if (!reader.overrun && reorder <= 16) reorderFrames = reorder
  }
  return { reorderFrames, frameRate }
}

function skipHrd(reader: BitReader): void {
  const count = Math.min(reader.ue() + 1, 32)
  reader.skip(8)
  for (let i = 0; i < count; i++) {
    reader.ue()
    reader.ue()
    reader.skip(1)
  }
  reader.skip(20)
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8
  let next = 8
  for (let i = 0; i < size; i++) {
    if (next !== 0) next = (last + reader.se() + 256) % 256
    last = next === 0 ? last : next
  }
}

/** AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1) in its `avcC` box. */
export function avcC(sets: ParameterSets): Buffer {
  const sps = sets.sps[0] ?? Buffer.alloc(4)
  const profile = sps[1] ?? 0
  const parsed = parseH264Sps(sps)
  const high =
    HIGH_PROFILES.has(profile) && parsed !== undefined
      ? [0xfc | parsed.chromaFormat, 0xf8 | (parsed.bitDepthLuma - 8), 0xf8 | (parsed.bitDepthChroma - 8), 0]
      : []
  const record = [1, profile, sps[2] ?? 0, sps[3] ?? 0, 0xff, 0xe0 | sets.sps.length]
  return box('avcC', record, ...sets.sps.map(counted), [sets.pps.length], ...sets.pps.map(counted), high)
}

function counted(nal: Buffer): Buffer {
  return Buffer.concat([u16(nal.length), nal])
}
