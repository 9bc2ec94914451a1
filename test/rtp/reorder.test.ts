import t from 'tap'
import { ReorderBuffer } from '../../gateway/rtp/reorder.ts'
import { seeded } from '../fakes/random.ts'
import { rtpPacket } from '../fakes/rtp-packets.ts'

interface Case {
  name: string
  /** Sequence number, and when it came. */
  came: [sequence: number, atMs: number][]
  delivered: number[]
}

const at0 = (...sequences: number[]): [number, number][] => sequences.map((sequence) => [sequence, 0])
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => (from + i) & 0xffff)

const CASES: Case[] = [
  { name: 'in order', came: at0(7, 8, 9), delivered: [7, 8, 9] },
  { name: 'two changed places', came: at0(7, 9, 8, 10), delivered: [7, 8, 9, 10] },
  { name: 'over the wrap', came: at0(65_534, 0, 65_535, 1), delivered: [65_534, 65_535, 0, 1] },
  { name: 'copies', came: at0(7, 7, 9, 9, 8, 8, 9), delivered: [7, 8, 9] },
  { name: 'one is missing: the others wait', came: at0(7, 9, 10), delivered: [7] },
  {
    name: 'a tenth of a second, not longer',
    came: [
      [7, 0],
      [9, 10],
      [10, 109],
      [11, 110],
    ],
    delivered: [7, 9, 10, 11],
  },
  {
    name: 'what comes after that is late',
    came: [
      [7, 0],
      [9, 10],
      [10, 110],
      [8, 111],
      [11, 112],
    ],
    delivered: [7, 9, 10, 11],
  },
  { name: '64 are held, not more', came: at0(7, ...range(9, 65)), delivered: [7, ...range(9, 65)] },
  { name: 'a sender that began anew', came: at0(7, 9, 30_000, 30_001), delivered: [7, 30_000, 30_001] },
]

for (const { name, came, delivered } of CASES) {
  t.test(name, async (t) => {
    const got: number[] = []
    const buffer = new ReorderBuffer((bytes) => got.push(bytes.readUInt16BE(2)))
    for (const [sequence, atMs] of came) buffer.push(rtpPacket(sequence, 0, false, Buffer.alloc(1)), atMs)
    t.same(got, delivered)
  })
}

t.test('whatever comes: never out of order, never much held', async (t) => {
  const random = seeded(7)
  let last = -1
  let wrong = 0
  let most = 0
  const buffer = new ReorderBuffer((bytes) => {
    const sequence = bytes.readUInt16BE(2)
    if (last >= 0 && ((sequence - last) & 0xffff) === 0) wrong++
    last = sequence
  })
  for (let i = 0; i < 20_000; i++) {
    const sequence = random() < 0.01 ? Math.floor(random() * 65_536) : (i + Math.floor(random() * 20)) & 0xffff
    buffer.push(rtpPacket(sequence, 0, false, Buffer.alloc(Math.floor(random() * 3))), i)
    most = Math.max(most, buffer.heldPackets)
  }
  t.equal(wrong, 0)
  t.ok(most > 2 && most <= 65, `${most} held`)
  buffer.push(Buffer.alloc(11), 0)
})
