import type { AudioFormat, VideoFormat } from '../media.ts'
import { mp4a } from './aac-config.ts'
import { box, fullBox, text, u16, u32 } from './box.ts'
import { avcC } from './h264-config.ts'
import { hvcC } from './h265-config.ts'

export const TRACK_ID = 1
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

/** CMAF header of one track (ISO/IEC 23000-19 §7.3.1; 14496-12 §8). @param timescale ticks a second */
export function initSegment(format: VideoFormat | AudioFormat, timescale: number): Buffer {
  const sound = format.codec === 'aac'
  const { width, height } = sound ? { width: 0, height: 0 } : format
  const ftyp = box('ftyp', text('cmf2'), u32(0), text('cmf2'), text('cmfc'), text('iso6'), text('mp41'))
  const mvhd = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, timescale, 0, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    MATRIX,
    Buffer.alloc(24),
    u32(TRACK_ID + 1),
  )
  const tkhd = fullBox(
    'tkhd',
    0,
    7,
    u32(0, 0, TRACK_ID, 0, 0, 0, 0),
    u16(0, 0, sound ? 0x100 : 0, 0),
    MATRIX,
    u32(width * 65_536, height * 65_536),
  )
  const mdhd = fullBox('mdhd', 0, 0, u32(0, 0, timescale, 0), u16(0x55c4, 0)) // language `und`
  const [handler, name] = sound ? ['soun', 'sound\0'] : ['vide', 'video\0']
  const hdlr = fullBox('hdlr', 0, 0, u32(0), text(handler), u32(0, 0, 0), text(name))
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)))
  const empty = ['stts', 'stsc', 'stco'].map((type) => fullBox(type, 0, 0, u32(0)))
  const stbl = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), sound ? mp4a(format) : sampleEntry(format)),
    ...empty,
    fullBox('stsz', 0, 0, u32(0, 0)),
  )
  const header = sound ? fullBox('smhd', 0, 0, Buffer.alloc(4)) : fullBox('vmhd', 0, 1, Buffer.alloc(8))
  const minf = box('minf', header, dinf, stbl)
  const trak = box('trak', tkhd, box('mdia', mdhd, hdlr, minf))
  const mvex = box('mvex', fullBox('trex', 0, 0, u32(TRACK_ID, 1, 0, 0, 0)))
  return Buffer.concat([ftyp, box('moov', mvhd, trak, mvex)])
}

/** VisualSampleEntry (14496-12 §12.1.3); parameter sets live here and nowhere else (`avc1`, `hvc1`). */
function sampleEntry(format: VideoFormat): Buffer {
  const visual = Buffer.concat([
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(format.width, format.height),
    u32(0x480000, 0x480000, 0), // 72 dpi
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
  ])
  if (format.codec === 'jpeg') return box('jpeg', visual) // QuickTime's; only transcoders read it
  return format.codec === 'h264' ? box('avc1', visual, avcC(format.sets)) : box('hvc1', visual, hvcC(format.sets))
}
