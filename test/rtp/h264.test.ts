import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { mutate, seeded } from '../fakes/random.ts'
import { rtpPacket } from '../fakes/rtp-packets.ts'
import { UnitCollector } from '../fakes/unit-collector.ts'

const SPS = '6742c01e'
const PPS = '68ce3c80'
const IDR = '6588aa'
const IDR_2 = '6508bb' // first_mb_in_slice is not 0
const P = '419acc'
const INTRA = '4188aa'
/** SEI with recovery_frame_cnt 0, and 5. */
const RECOVERY = '060601c480'
const GRADUAL = '0606013080'

type Packet = [payload: string, time: number, marker: boolean]

function receive(
  packets: readonly Packet[],
  sprop = true,
  skip: readonly number[] = [],
): UnitCollector & { lost: number } {
  const collector = new UnitCollector()
  const sets = sprop
    ? { vps: [], sps: [Buffer.from(SPS, 'hex')], pps: [Buffer.from(PPS, 'hex')] }
    : { vps: [], sps: [], pps: [] }
  const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
  for (const [i, [payload, time, marker]] of packets.entries()) {
    if (skip.includes(i)) continue
    const bytes = rtpPacket(65_534 + i, time, marker, Buffer.from(payload, 'hex'))
    receiver.packet(bytes, 0, bytes.length)
  }
  return Object.assign(collector, { lost: receiver.lostPackets })
}

const CASES: { name: string; packets: Packet[]; sprop?: boolean; skip?: number[]; units: string[][] }[] = [
  {
    name: 'single NAL units',
    packets: [
      [IDR, 0, true],
      [P, 3600, true],
    ],
    units: [[IDR], [P]],
  },
  {
    name: 'nothing before the first key frame',
    packets: [
      [P, 0, true],
      [IDR, 3600, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'marker missing: the timestamp ends the unit',
    packets: [
      [IDR, 0, false],
      [P, 3600, false],
      [P, 7200, false],
    ],
    units: [[IDR], [P]],
  },
  {
    name: 'parameter sets only in band',
    sprop: false,
    packets: [
      [SPS, 0, false],
      [PPS, 0, false],
      [IDR, 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'no parameter sets at all',
    sprop: false,
    packets: [
      [IDR, 0, true],
      [P, 3600, true],
    ],
    units: [],
  },
  {
    name: 'markers and an old timestamp on SPS, PPS, SEI (XM, Reolink)',
    sprop: false,
    packets: [
      [SPS, 0, true],
      [PPS, 0, true],
      ['0605ff', 0, true],
      [IDR, 3600, true],
      [P, 7200, true],
    ],
    units: [['0605ff', IDR], [P]],
  },
  {
    name: 'several slices in a picture',
    packets: [
      [IDR, 0, false],
      [IDR_2, 0, true],
      [P, 3600, true],
    ],
    units: [[IDR, IDR_2], [P]],
  },
  {
    name: 'marker on every slice: learns that it lies',
    packets: [
      [IDR, 0, true],
      [IDR_2, 0, true],
      [P, 3600, true],
      [IDR, 7200, true],
      [IDR_2, 7200, true],
      [P, 10_800, true],
    ],
    units: [[IDR], [IDR, IDR_2]],
  },
  {
    name: 'STAP-A with padding',
    sprop: false,
    packets: [[`780004${SPS}00000004${PPS}0003${IDR}0000`, 0, true]],
    units: [[IDR]],
  },
  { name: 'STAP-A with a length past its end', packets: [[`780003${IDR}0090ff`, 0, true]], units: [[IDR]] },
  {
    name: 'FU-A',
    packets: [
      ['7c8588', 0, false],
      ['7c05aa', 0, false],
      ['7c45bb', 0, true],
    ],
    units: [['6588aabb']],
  },
  { name: 'FU-A with start and end in one packet', packets: [['7cc588aa', 0, true]], units: [[IDR]] },
  {
    name: 'FU-A with empty fragments',
    packets: [
      ['7c85', 0, false],
      ['7c0588aa', 0, false],
      ['7c45', 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'FU-A, fragment lost: on to the next key frame',
    packets: [
      ['7c8588', 0, false],
      ['7c05aa', 0, false],
      ['7c45bb', 0, true],
      [P, 3600, true],
      [IDR, 7200, true],
    ],
    skip: [1],
    units: [[IDR]],
  },
  {
    name: 'FU-A, end lost',
    packets: [
      [IDR, 0, true],
      ['7c819acc', 3600, false],
      ['7c41dd', 3600, true],
      [P, 7200, true],
      [IDR, 10_800, true],
    ],
    skip: [2],
    units: [[IDR], [IDR]],
  },
  {
    name: 'a whole unit lost',
    packets: [
      [IDR, 0, true],
      [P, 3600, true],
      [P, 7200, true],
      [IDR, 10_800, true],
    ],
    skip: [1],
    units: [[IDR], [IDR]],
  },
  {
    name: 'start codes inside one packet',
    sprop: false,
    packets: [[`${SPS}00000001${PPS}000001${IDR}`, 0, true]],
    units: [[IDR]],
  },
  { name: 'start code in front of a NAL unit', packets: [[`00000001${IDR}`, 0, true]], units: [[IDR]] },
  {
    name: 'delimiter and filler are dropped',
    packets: [
      ['09f0', 0, false],
      [IDR, 0, false],
      ['0cffff80', 0, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'clock set mid-stream: on to the next key frame',
    packets: [
      [IDR, 0, true],
      [P, 3_000_000_000, true],
      [IDR, 3_000_003_600, true],
    ],
    units: [[IDR], [IDR]],
  },
  {
    name: 'a slice that starts mid-picture first',
    packets: [
      [IDR_2, 0, true],
      [IDR, 3600, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'open groups: a recovery point before an intra picture is a place to begin',
    packets: [
      [P, 0, true],
      [RECOVERY, 3600, false],
      [INTRA, 3600, true],
      [P, 7200, true],
    ],
    units: [[RECOVERY, INTRA], [P]],
  },
  {
    name: 'a recovery point before what is no intra picture is none',
    packets: [
      [RECOVERY, 0, false],
      [P, 0, true],
      [IDR, 3600, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'a gradual refresh is no place to begin',
    packets: [
      [GRADUAL, 0, false],
      [INTRA, 0, true],
      [IDR, 3600, true],
    ],
    units: [[IDR]],
  },
  {
    name: 'empty payload',
    packets: [
      ['', 0, true],
      [IDR, 0, true],
    ],
    units: [[IDR]],
  },
]

for (const { name, packets, sprop, skip, units } of CASES) {
  t.test(name, async (t) => {
    t.same(
      receive(packets, sprop, skip).units.map((unit) => unit.nals),
      units,
    )
  })
}

t.test('facts of the units', async (t) => {
  const { units, lost } = receive(
    [
      [IDR, 90, true],
      [P, 3690, true],
      [P, 3690, true],
      [P, 7290, true],
      [IDR, 10_890, true],
    ],
    true,
    [3],
  )
  t.same(
    units.map(({ ticks, key, afterGap }) => [ticks, key, afterGap]),
    [
      [0, true, true],
      [3600, false, false],
      [3600, false, false],
      [10_800, true, true],
    ],
  )
  t.equal(lost, 1)
})

t.test('an equal SPS again is no change, another one is, from the next key frame on', async (t) => {
  const other = '6742c01f'
  const { units } = receive([
    [SPS, 0, false],
    [IDR, 0, true],
    [SPS, 3600, false],
    [IDR, 3600, true],
    [other, 7200, false],
    [P, 7200, true],
    [IDR, 10_800, true],
  ])
  const [first, second, third, fourth] = units
  t.equal(second?.sets, first?.sets, 'the same object')
  t.equal(third?.sets, first?.sets, 'not before the key frame')
  t.equal(fourth?.sets.sps[0]?.toString('hex'), other)
})

t.test(
  'what comes in band takes the place of what the description told, whichever number that has (VStarcam)',
  async (t) => {
    const collector = new UnitCollector()
    const sets = { vps: [], sps: [Buffer.from('6742c01e40', 'hex')], pps: [Buffer.from(PPS, 'hex')] } // id 1, not 0
    const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
    const inBand = '6742c01ea0'
    for (const [i, payload] of [inBand, PPS, IDR].entries()) {
      const bytes = rtpPacket(i, 0, i === 2, Buffer.from(payload, 'hex'))
      receiver.packet(bytes, 0, bytes.length)
    }
    t.same(
      collector.units.map((unit) => unit.sets.sps.map((sps) => sps.toString('hex'))),
      [[inBand]],
    )
  },
)

t.test('a late copy is dropped and the unit bound holds', async (t) => {
  const collector = new UnitCollector()
  const sets = { vps: [], sps: [Buffer.from(SPS, 'hex')], pps: [Buffer.from(PPS, 'hex')] }
  const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
  const push = (sequence: number, time: number, marker: boolean, payload: Buffer): boolean => {
    const bytes = rtpPacket(sequence, time, marker, payload)
    return receiver.packet(bytes, 0, bytes.length)
  }
  t.ok(push(5, 0, true, Buffer.from(IDR, 'hex')))
  t.notOk(push(4, 0, true, Buffer.from(IDR, 'hex')))
  t.notOk(
    receiver.packet(rtpPacket(6, 0, true, Buffer.from(IDR, 'hex'), { payloadType: 97 }), 0, 15),
    'another payload type',
  )
  const fragment = Buffer.concat([Buffer.from([0x7c, 0x05]), Buffer.alloc(60_000, 0xff)])
  push(6, 3600, false, Buffer.concat([Buffer.from([0x7c, 0x85]), Buffer.alloc(1000, 0xff)]))
  for (let i = 7; i < 200; i++) push(i, 3600, false, fragment)
  t.ok(collector.unitBytes <= 4 * 1024 * 1024)
  push(200, 3600, true, Buffer.from('7c45ff', 'hex'))
  t.equal(collector.units.length, 1, 'the oversized unit is given up')
})

const recorded = new URL('../../../shared/fixtures/cameras/rtp/', import.meta.url)
t.test('recorded packets', { skip: existsSync(recorded) ? false : 'recorded messages absent' }, async (t) => {
  const names = readdirSync(recorded).filter((name) => name.startsWith('h264'))
  t.ok(names.length >= 2)
  for (const name of names) {
    const { packets, expectNalus } = JSON.parse(readFileSync(new URL(name, recorded), 'utf8')) as {
      packets: { seq: number; ts: number; marker: boolean; payload: string }[]
      expectNalus: string[]
    }
    const collector = new UnitCollector()
    const sets = { vps: [], sps: [Buffer.from(SPS, 'hex')], pps: [Buffer.from(PPS, 'hex')] }
    const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
    for (const { seq, ts, marker, payload } of packets) {
      // The text in these captures stands for a slice that begins a picture, so its first bit is set.
      const bytes = rtpPacket(seq, ts, marker, Buffer.from(payload.replace(/^7c856/, '7c85e'), 'hex'))
      receiver.packet(bytes, 0, bytes.length)
    }
    const final = rtpPacket(
      (packets.at(-1)?.seq ?? 0) + 1,
      (packets.at(-1)?.ts ?? 0) + 3600,
      true,
      Buffer.from(IDR, 'hex'),
    )
    receiver.packet(final, 0, final.length)
    const seen = collector.units.flatMap((unit) => [...unit.sets.sps.map((nal) => nal.toString('hex')), ...unit.nals])
    for (const nal of expectNalus) t.ok(seen.includes(nal.replace(/^656/, '65e')), `${name}: ${nal}`)
    const isLost = name === 'h264-lost-packet.json'
    t.equal(receiver.lostPackets, isLost ? 1 : 0, name)
    const slices = expectNalus.map((nal) => nal.replace(/^656/, '65e')).filter((nal) => nal.startsWith('65'))
    t.same(
      collector.units.map((unit) => unit.nals),
      [...slices, IDR].map((nal) => [nal]),
      'nothing of what is not whole',
    )
  }
})

t.test('ten thousand mutated packets', async (t) => {
  const random = seeded(1)
  const seeds = CASES.flatMap(({ packets }) =>
    packets.map(([payload, time, marker], i) => rtpPacket(i, time, marker, Buffer.from(payload, 'hex'))),
  )
  const collector = new UnitCollector()
  const sets = { vps: [], sps: [Buffer.from(SPS, 'hex')], pps: [Buffer.from(PPS, 'hex')] }
  const receiver = videoReceiver({ codec: 'h264', payloadType: 96, clockRate: 90_000, sets }, collector, collector)
  for (let i = 0; i < 10_000; i++) {
    const bytes = mutate(seeds[i % seeds.length] ?? Buffer.alloc(0), random)
    receiver.packet(bytes, 0, bytes.length)
    if (collector.units.length > 100) collector.units.length = 0
  }
  t.ok(collector.unitBytes < 4 * 1024 * 1024)
})
