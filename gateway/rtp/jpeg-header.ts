import { u16 } from '../cmaf/box.ts'

/** What a JPEG decoder needs and RTP leaves out (RFC 2435 §3.1). */
export interface JpegHeader {
  /** 0: chroma halved across, 1: across and down. */
  subsampling: 0 | 1
  width: number
  height: number
  /** One or two tables of 64 (8 bit) or 128 bytes (16 bit), in zigzag order. */
  tables: readonly Buffer[]
  /** Blocks between restart markers; 0: none. */
  restartInterval: number
}

/** Tables K.1 and K.2 of ITU-T T.81 in zigzag order (RFC 2435 Appendix A). */
const LUMA = [
  16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
  60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121,
  112, 100, 120, 92, 101, 103, 99,
]
const CHROMA = [17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, ...new Array<number>(50).fill(99)]
/** DHT segment with the usual tables (ITU-T T.81 K.3); RTP knows no others. */
const HUFFMAN = Buffer.from(
  'ffc401a20000010501010101010100000000000000000102030405060708090a0b01000301010101010101010100000000000001' +
    '02030405060708090a0b100002010303020403050504040000017d01020300041105122131410613516107227114328191a10823' +
    '42b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566' +
    '6768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6' +
    'c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa11000201020404030407050404000102770001' +
    '02031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a3536' +
    '3738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798' +
    '999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6' +
    'f7f8f9fa',
  'hex',
)
/** The two quantisation tables of a quality. @param quality 1 to 99 (RFC 2435 §4.2) */
export function tablesOf(quality: number): readonly Buffer[] {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - quality * 2
  return [LUMA, CHROMA].map((table) =>
    Buffer.from(table.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100))))),
  )
}

/** SOI to SOS, in the order of RFC 2435 Appendix B; the scan and EOI follow. */
export function jpegHeader({ subsampling, width, height, tables, restartInterval }: JpegHeader): Buffer {
  const components = [
    [1, subsampling === 0 ? 0x21 : 0x22, 0],
    [2, 0x11, tables.length > 1 ? 1 : 0],
    [3, 0x11, tables.length > 1 ? 1 : 0],
  ]
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...tables.map((table, i) => segment(0xdb, Buffer.from([(table.length > 64 ? 0x10 : 0) | i]), table)),
    ...(restartInterval > 0 ? [segment(0xdd, u16(restartInterval))] : []),
    segment(0xc0, Buffer.from([8]), u16(height, width), Buffer.from([3, ...components.flat()])),
    HUFFMAN,
    segment(0xda, Buffer.from([3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0])),
  ])
}

function segment(marker: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([0xff, marker]), u16(body.length + 2), body])
}
