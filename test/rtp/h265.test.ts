import t from 'tap'
import type { RtpReceiver } from '../../gateway/rtp/receiver.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { mutate, seeded } from '../fakes/random.ts'
import { rtpPacket } from '../fakes/rtp-packets.ts'
import { UnitCollector } from '../fakes/unit-collector.ts'

const VPS = '40010c01'
const SPS = '42010101'
const PPS = '4401c0f2'
const IDR = '2601af01' // IDR_W_RADL, first_slice_segment_in_pic_flag 1
const IDR_2 = '26012f02'
const P = '0201d003'

type Packet = [payload: string, time: number, marker: boolean]

const CASES: { name: string; packets: Packet[]; units: string[][] }[] = [
  {
    name: 'single NAL units',
    packets: [
      [VPS, 0, false],
      [SPS, 0, false],
      [PPS, 0, false],
      [IDR, 0, true],
      [P, 3600, true],
    ],
    units: [[IDR], [P]],
  },
  { name: 'aggregation packet', packets: [[`60010004${VPS}0004${SPS}0004${PPS}0004${IDR}`, 0, true]], units: [[IDR]] },
  {
    name: 'fragmentation units',
    packets: [
      [`60010004${VPS}0004${SPS}0004${PPS}`, 0, false],
      ['620193af', 0, false],
      ['62015301', 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'fragment that starts and ends',
    packets: [
      [`60010004${VPS}0004${SPS}0004${PPS}`, 0, false],
      ['6201d3af01', 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'slices of one picture',
    packets: [
      [`60010004${VPS}0004${SPS}0004${PPS}`, 0, true],
      [IDR, 0, false],
      [IDR_2, 0, true],
    ],
    units: [[IDR, IDR_2]],
  },
  {
    name: 'aggregation packet with padding',
    packets: [[`60010004${VPS}00000004${SPS}0004${PPS}0004${IDR}0000`, 0, true]],
    units: [[IDR]],
  },
  {
    name: 'start code in front of a NAL unit',
    packets: [
      [`6001${[VPS, SPS, PPS].map((nal) => `0007000001${nal}`).join('')}`, 0, false],
      [`00000001${IDR}`, 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'start codes inside one packet',
    packets: [
      [`${VPS}00000001${SPS}000001${PPS}`, 0, false],
      [IDR, 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'marker missing: the timestamp ends the unit',
    packets: [
      [`60010004${VPS}0004${SPS}0004${PPS}`, 0, false],
      [IDR, 0, false],
      [P, 3600, false],
      [P, 7200, true],
    ],
    units: [[IDR], [P], [P]],
  },
  {
    name: 'markers and an old timestamp on parameter sets',
    packets: [
      [VPS, 0, true],
      [SPS, 0, true],
      [PPS, 0, true],
      [IDR, 3600, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'fragment lost: on to the next key frame',
    packets: [
      [`60010004${VPS}0004${SPS}0004${PPS}0004${IDR}`, 0, true],
      ['620181d0', 3600, false],
      ['lost', 3600, false],
      ['620141ff', 3600, true],
      [P, 7200, true],
      [IDR, 10_800, true],
    ],
    units: [[IDR], [IDR]],
  },
  {
    name: 'without VPS nothing can be decoded',
    packets: [
      [SPS, 0, false],
      [PPS, 0, false],
      [IDR, 0, true],
    ],
    units: [],
  },
]

function receiver(collector: UnitCollector): RtpReceiver {
  const sets = { vps: [], sps: [], pps: [] }
  return videoReceiver({ codec: 'h265', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
}

for (const { name, packets, units } of CASES) {
  t.test(name, async (t) => {
    const collector = new UnitCollector()
    const rtp = receiver(collector)
    for (const [i, [payload, time, marker]] of packets.entries()) {
      if (payload === 'lost') continue
      const bytes = rtpPacket(i, time, marker, Buffer.from(payload, 'hex'))
      rtp.packet(bytes, 0, bytes.length)
    }
    t.same(
      collector.units.map((unit) => unit.nals),
      units,
    )
  })
}

t.test('ten thousand mutated packets', async (t) => {
  const random = seeded(2)
  const seeds = CASES.flatMap(({ packets }) =>
    packets.map(([payload, time, marker], i) => rtpPacket(i, time, marker, Buffer.from(payload, 'hex'))),
  )
  const collector = new UnitCollector()
  const rtp = receiver(collector)
  for (let i = 0; i < 10_000; i++) {
    const bytes = mutate(seeds[i % seeds.length] ?? Buffer.alloc(0), random)
    rtp.packet(bytes, 0, bytes.length)
    if (collector.units.length > 100) collector.units.length = 0
  }
  t.ok(collector.unitBytes < 4 * 1024 * 1024)
})
