import t from 'tap'
import { MAX_CONNECT_BYTES, MAX_PACKET_BYTES, PacketFraming } from '../../gateway/mqtt/byte-gate.ts'

/** MQTT 3.1.1 §2.2.3 */
function packet(type: number, length: number): Buffer {
  const header = [type << 4]
  let rest = length
  do {
    header.push((rest % 128) | (rest >= 128 ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.concat([Buffer.from(header), Buffer.alloc(length)])
}

const CONNECT = 1
const PUBLISH = 3
const PINGREQ = 12

t.test('packets are counted wherever the stream is cut', (t) => {
  const sizes = [10, 0, 127, 128, 16_383, 16_384, MAX_PACKET_BYTES]
  const stream = Buffer.concat([
    packet(CONNECT, 12),
    ...sizes.map((size) => packet(size === 0 ? PINGREQ : PUBLISH, size)),
  ])
  for (const step of [1, 2, 3, 7, 1000, 65_536, stream.length]) {
    const framing = new PacketFraming()
    let last: unknown
    for (let at = 0; at < stream.length; at += step) last = framing.push(stream.subarray(at, at + step))
    t.strictSame(last, { ok: true, packets: sizes.length + 1 }, `${step} bytes at a time`)
  }
  t.end()
})

t.test('what costs too much is refused by its first bytes', (t) => {
  const cases: Record<string, Buffer[]> = {
    'not CONNECT first': [packet(PUBLISH, 5)],
    HTTP: [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    'CONNECT one byte too long': [packet(CONNECT, MAX_CONNECT_BYTES + 1).subarray(0, 4)],
    'packet one byte too long': [packet(CONNECT, 12), packet(PUBLISH, MAX_PACKET_BYTES + 1).subarray(0, 4)],
    'the longest length there is': [packet(CONNECT, 12), Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])],
    'a length without an end': [Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80])],
  }
  for (const [name, chunks] of Object.entries(cases)) {
    const framing = new PacketFraming()
    t.equal(chunks.map((chunk) => framing.push(chunk)).at(-1)?.ok, false, name)
  }
  t.equal(new PacketFraming().push(packet(CONNECT, MAX_CONNECT_BYTES)).ok, true, 'CONNECT at the limit')
  t.end()
})
