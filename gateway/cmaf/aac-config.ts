import type { AudioFormat } from '../media.ts'
import { BitReader } from './bits.ts'
import { box, fullBox, u16, u24, u32 } from './box.ts'

/** ISO/IEC 14496-3 table 1.18 */
const SAMPLE_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
]
/** By channelConfiguration; 0 is told elsewhere, which cameras do not do. */
const CHANNELS = [0, 1, 2, 3, 4, 5, 6, 8]
const ESCAPE_RATE = 15
/** Main, LC, SSR, LTP, SBR, PS: what `mp4a.40` of a camera can be. */
const OBJECT_TYPES = new Set([1, 2, 3, 4, 5, 29])
const MAX_CONFIG_BYTES = 64
/** Hz, the ends of that table. */
export const MIN_SAMPLE_RATE = 7_350
export const MAX_SAMPLE_RATE = 96_000

/** Reads an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). @returns undefined where it is none that can be played */
export function aacFormat(config: Buffer): AudioFormat | undefined {
  if (config.length < 2 || config.length > MAX_CONFIG_BYTES) return undefined
  const reader = new BitReader(config)
  let objectType = reader.bits(5)
  if (!OBJECT_TYPES.has(objectType)) return undefined
  const signalled = objectType
  let sampleRate = rate(reader)
  const channels = CHANNELS[reader.bits(4)] ?? 0
  if (objectType === 5 || objectType === 29) {
    rate(reader) // what comes out of the decoder; frames are counted in the core's
    objectType = reader.bits(5)
  }
  const frameSamples = reader.bits(1) === 1 ? 960 : 1024
  if (channels === 0 || sampleRate < MIN_SAMPLE_RATE || sampleRate > MAX_SAMPLE_RATE) return undefined
  sampleRate = Math.trunc(sampleRate)
  return {
    codec: 'aac',
    codecString: `mp4a.40.${signalled}`,
    sampleRate,
    channels,
    frameSamples,
    config: Buffer.from(config),
  }
}

/** The AudioSpecificConfig of plain AAC LC. @returns undefined for a rate or number of channels it does not know */
export function aacConfig(sampleRate: number, channels: number): Buffer | undefined {
  const index = SAMPLE_RATES.indexOf(sampleRate)
  const configuration = CHANNELS.indexOf(channels)
  if (index < 0 || configuration < 1) return undefined
  return u16((2 << 11) | (index << 7) | (configuration << 3))
}

function rate(reader: BitReader): number {
  const index = reader.bits(4)
  return index === ESCAPE_RATE ? reader.bits(24) : (SAMPLE_RATES[index] ?? 0)
}

/** AudioSampleEntry with its `esds` (ISO/IEC 14496-12 §12.2.3, 14496-14 §6.7, 14496-1 §7.2.6). */
export function mp4a(format: AudioFormat): Buffer {
  const { channels, sampleRate, config } = format
  const specific = descriptor(5, config)
  const decoder = descriptor(4, Buffer.from([0x40, 0x15]), u24(0), u32(0, 0), specific)
  const stream = descriptor(3, u16(0), Buffer.from([0]), decoder, descriptor(6, Buffer.from([2])))
  const entry = Buffer.concat([
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(8),
    u16(channels, 16, 0, 0),
    u16(sampleRate > 65_535 ? 0 : sampleRate, 0),
  ])
  return box('mp4a', entry, fullBox('esds', 0, 0, stream))
}

/** Lengths below 128 need one byte, and all of ours are. */
function descriptor(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag, body.length]), body])
}
