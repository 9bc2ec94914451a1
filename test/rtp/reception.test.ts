import t from 'tap'
import { Reception } from '../../gateway/rtp/reception.ts'
import { rtpPacket, senderReport } from '../fakes/rtp-packets.ts'

const packet = (sequence: number, timestamp: number): Buffer => rtpPacket(sequence, timestamp, false, Buffer.alloc(1))

t.test('a report: loss, highest number over the wrap, jitter, when the sender was last heard', async (t) => {
  const reception = new Reception(90_000, 0xcafe)
  t.equal(reception.report(0), undefined)
  // 65,530 to 65,535 and 0 to 9, of which four are lost; every packet 40 ms after the last, the fourth 10 ms late.
  const came = [...Array(16).keys()].filter((i) => ![2, 3, 8, 9].includes(i))
  for (const i of came) reception.packet(packet(65_530 + i, i * 3_600), i * 40 + (i === 5 ? 10 : 0))
  const sent = senderReport(0, Date.UTC(2026, 0, 1)).subarray(8)
  reception.control(sent, 1_000)
  const report = reception.report(1_500)
  if (report === undefined) throw new Error('no report')
  t.equal(report.length % 4, 0)
  t.same([...report.subarray(0, 4)], [0x81, 201, 0, 7])
  t.equal(report.readUInt32BE(4), 0xcafe)
  t.equal(report.readUInt32BE(8), 0x1234)
  t.equal(report[12], Math.floor((4 * 256) / 16), 'fraction lost')
  t.equal(report.readUIntBE(13, 3), 4, 'lost in all')
  t.equal(report.readUInt32BE(16), 65_536 + 9)
  // Worked by RFC 3550 §A.8 from two steps of 900 ticks.
  let jitter = 0
  for (const change of came.slice(1).map((i) => (i === 5 || i === 6 ? 900 : 0))) jitter += (change - jitter) / 16
  t.equal(report.readUInt32BE(20), Math.floor(jitter))
  t.equal(report.readUInt32BE(24), sent.readUInt32BE(10), 'the middle of the sender’s time')
  t.equal(report.readUInt32BE(28), 32_768, 'half a second ago')
  t.same([...report.subarray(32, 36)], [0x81, 202, 0, 4])
  t.equal(report.toString('latin1', 42, 50), '0000cafe')
  const next = reception.report(2_000)
  t.equal(next?.[12], 0, 'nothing was lost since')
})

t.test('a sender that begins anew is counted anew; nonsense is not counted', async (t) => {
  const reception = new Reception(90_000, 1)
  reception.packet(packet(7, 0), 0)
  reception.packet(packet(30_000, 0), 10)
  reception.packet(packet(9, 0), 20)
  reception.packet(Buffer.alloc(5), 30)
  reception.control(Buffer.alloc(3), 30)
  t.equal(reception.report(40)?.readUIntBE(13, 3), 0)
})
