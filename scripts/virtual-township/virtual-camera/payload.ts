import type { VideoSpec } from '../township-data.ts'

/** Fits an Ethernet frame with IP, TCP and interleaving headers, as cameras do even over TCP. */
const MAX_PAYLOAD_BYTES = 1400
/** Chroma halved across and down, which is what our pictures are (RFC 2435 §4.1). */
const JPEG_TYPE = 1
/** The tables stand in the packets themselves, and in each picture's first one (RFC 2435 §3.1.4). */
const TABLES_IN_BAND = 255

/** The payloads of one access unit, each in pieces; the last one takes the marker (RFC 6184, 7798, 2435). */
export function payloadsOf({ codec, width, height }: VideoSpec, units: readonly Buffer[]): Buffer[][] {
  if (codec === 'jpeg') return units.flatMap((picture) => jpegPayloads(picture, width, height))
  return units.flatMap((unit) => (unit.length <= MAX_PAYLOAD_BYTES ? [[unit]] : fragments(codec, unit)))
}

/** FU-A (RFC 6184 §5.8) or FU (RFC 7798 §4.4.3). */
function fragments(codec: 'h264' | 'h265', unit: Buffer): Buffer[][] {
  const isH264 = codec === 'h264'
  const first = unit[0] ?? 0
  const indicator = isH264
    ? Buffer.from([(first & 0xe0) | 28])
    : Buffer.from([(first & 0x81) | (49 << 1), unit[1] ?? 0])
  const type = isH264 ? first & 0x1f : (first >> 1) & 0x3f
  const step = MAX_PAYLOAD_BYTES - indicator.length - 1
  const payloads: Buffer[][] = []
  for (let from = indicator.length; from < unit.length; from += step) {
    const isStart = from === indicator.length
    const isEnd = from + step >= unit.length
    const header = Buffer.from([(isStart ? 0x80 : 0) | (isEnd ? 0x40 : 0) | type])
    payloads.push([indicator, header, unit.subarray(from, from + step)])
  }
  return payloads
}

/** The scan in pieces behind the JPEG header; the first with the tables as well (RFC 2435 §3.1, §3.1.8). */
function jpegPayloads(picture: Buffer, width: number, height: number): Buffer[][] {
  const { tables, scan } = readJpeg(picture)
  const payloads: Buffer[][] = []
  for (let from = 0; from < scan.length; from += MAX_PAYLOAD_BYTES) {
    const header = Buffer.from([0, 0, 0, 0, JPEG_TYPE, TABLES_IN_BAND, width / 8, height / 8])
    header.writeUIntBE(from, 1, 3)
    const told = from === 0 ? [Buffer.from([0, 0, tables.length >> 8, tables.length & 0xff]), tables] : []
    payloads.push([header, ...told, scan.subarray(from, from + MAX_PAYLOAD_BYTES)])
  }
  return payloads
}

/** Tables of quantisation, 64 bytes each, and the entropy-coded scan (ITU-T T.81 annex B). */
function readJpeg(picture: Buffer): { tables: Buffer; scan: Buffer } {
  const tables: Buffer[] = []
  for (let at = 2; at + 4 <= picture.length; ) {
    const marker = picture.readUInt16BE(at)
    const end = at + 2 + picture.readUInt16BE(at + 2)
    // Each table behind a byte with its number.
    if (marker === 0xffdb)
      for (let table = at + 5; table + 64 <= end; table += 65) tables.push(picture.subarray(table, table + 64))
    if (marker === 0xffda)
      return { tables: Buffer.concat(tables), scan: picture.subarray(end, picture.lastIndexOf(0xffd9)) }
    at = end
  }
  throw new Error('a picture of the loop is no JPEG')
}
