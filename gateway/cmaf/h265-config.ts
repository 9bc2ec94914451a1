import type { ParameterSets, VideoFormat } from '../media.ts'
import { BitReader, unescapeNal } from './bits.ts'
import { box, u16 } from './box.ts'

const MAX_DIMENSION = 16_384
const NAL_VPS = 32
const NAL_SPS = 33
const NAL_PPS = 34

interface Sps {
  /** general profile, tier, compatibility, constraint bytes and level: 12 bytes as they stand in the SPS */
  general: Uint8Array
  width: number
  height: number
  chromaFormat: number
  bitDepthLuma: number
  bitDepthChroma: number
  subLayers: number
  temporalNesting: boolean
  reorderFrames: number
}

/** @returns undefined if the sets are incomplete or not understood; never throws */
export function h265Format(sets: ParameterSets): VideoFormat | undefined {
  const sps = sets.sps[0]
  if (sps === undefined || sets.vps.length === 0 || sets.pps.length === 0) return undefined
  const parsed = parseH265Sps(sps)
  if (parsed === undefined) return undefined
  return {
    codec: 'h265',
    codecString: codecString(parsed.general),
    width: parsed.width,
    height: parsed.height,
    reorderFrames: parsed.reorderFrames,
    frameRate: undefined,
    sets,
  }
}

/** Sequence parameter set (H.265 §7.3.2.2.1) as far as a muxer needs it. */
function parseH265Sps(nal: Uint8Array): Sps | undefined {
  const rbsp = unescapeNal(nal.subarray(2))
  const reader = new BitReader(rbsp)
  reader.skip(4) // sps_video_parameter_set_id
  const maxSubLayersMinus1 = reader.bits(3)
  const temporalNesting = reader.flag()
  const general = rbsp.slice(1, 13)
  reader.skip(96)
  if (general.length < 12 || maxSubLayersMinus1 > 6) return undefined
  skipSubLayers(reader, maxSubLayersMinus1)
  reader.ue() // sps_seq_parameter_set_id
  const chromaFormat = reader.ue()
  if (chromaFormat === 3) reader.skip(1)
  const codedWidth = reader.ue()
  const codedHeight = reader.ue()
  let cropX = 0
  let cropY = 0
  if (reader.flag()) {
    cropX = reader.ue() + reader.ue()
    cropY = reader.ue() + reader.ue()
  }
  const bitDepthLuma = 8 + reader.ue()
  const bitDepthChroma = 8 + reader.ue()
  reader.ue() // log2_max_pic_order_cnt_lsb_minus4
  const allLayers = reader.flag()
  let reorderFrames = 0
  for (let i = allLayers ? 0 : maxSubLayersMinus1; i <= maxSubLayersMinus1; i++) {
    reader.ue()
    reorderFrames = reader.ue() // of the highest sub-layer, which comes last
    reader.ue()
  }
  const width = codedWidth - cropX * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1)
  const height = codedHeight - cropY * (chromaFormat === 1 ? 2 : 1)
  if (reader.overrun || chromaFormat > 3 || bitDepthLuma > 15 || bitDepthChroma > 15 || reorderFrames > 16)
    return undefined
  if (!(width > 0 && height > 0 && width <= MAX_DIMENSION && height <= MAX_DIMENSION)) return undefined
  const subLayers = maxSubLayersMinus1 + 1
  return {
    general,
    width,
    height,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    subLayers,
    temporalNesting,
    reorderFrames,
  }
}

/** Rest of profile_tier_level (H.265 §7.3.3) after the general part. */
function skipSubLayers(reader: BitReader, maxSubLayersMinus1: number): void {
  const present: [profile: boolean, level: boolean][] = []
  for (let i = 0; i < maxSubLayersMinus1; i++) present.push([reader.flag(), reader.flag()])
  if (maxSubLayersMinus1 > 0) reader.skip(2 * (8 - maxSubLayersMinus1))
  for (const [profile, level] of present) reader.skip((profile ? 88 : 0) + (level ? 8 : 0))
}

/** `hvc1.` string (ISO/IEC 14496-15 Annex E.3). */
function codecString(general: Uint8Array): string {
  const first = general[0] ?? 0
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? ''
  const tier = (first & 0x20) === 0 ? 'L' : 'H'
  const compatibility = Buffer.from(general.subarray(1, 5)).readUInt32BE()
  let reversed = 0
  for (let i = 0; i < 32; i++) reversed = (reversed * 2 + ((compatibility >>> i) & 1)) >>> 0
  const constraints = [...general.subarray(5, 11)]
  while (constraints.at(-1) === 0) constraints.pop()
  const fields = [`hvc1.${space}${first & 31}`, hex(reversed), `${tier}${general[11] ?? 0}`, ...constraints.map(hex)]
  return fields.join('.')
}

function hex(value: number): string {
  return value.toString(16).toUpperCase()
}

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 §8.3.3.1) in its `hvcC` box. */
export function hvcC(sets: ParameterSets): Buffer {
  const parsed = parseH265Sps(sets.sps[0] ?? Buffer.alloc(0))
  if (parsed === undefined) throw new Error('hvcC of parameter sets that were not checked')
  const arrays = [
    [NAL_VPS, sets.vps],
    [NAL_SPS, sets.sps],
    [NAL_PPS, sets.pps],
  ] as const
  return box(
    'hvcC',
    [1],
    parsed.general,
    u16(0xf000), // min_spatial_segmentation_idc
    [0xfc, 0xfc | parsed.chromaFormat, 0xf8 | (parsed.bitDepthLuma - 8), 0xf8 | (parsed.bitDepthChroma - 8)],
    u16(0), // avgFrameRate unknown
    [(parsed.subLayers << 3) | (parsed.temporalNesting ? 4 : 0) | 3, arrays.length],
    ...arrays.map(([type, nals]) =>
      Buffer.concat([Buffer.from([0x80 | type]), u16(nals.length), ...nals.flatMap((nal) => [u16(nal.length), nal])]),
    ),
  )
}
