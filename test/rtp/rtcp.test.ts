import t from 'tap'
import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import type { RtpReceiver } from '../../gateway/rtp/receiver.ts'
import { findSenderReport } from '../../gateway/rtp/rtcp.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { rtpPacket, senderReport } from '../fakes/rtp-packets.ts'

const WALL_MS = Date.UTC(2026, 2, 2, 6, 3, 27, 250)
const SLICE = Buffer.from('6588aa55', 'hex')

function receiver(): RtpReceiver {
  const track = { codec: 'h264', payloadType: 96, clockRate: 90_000, sets: { vps: [], sps: [], pps: [] } } as const
  return videoReceiver(track, new ChunkWriter(new SlabPool()), { accessUnit: () => {} })
}

function push(to: RtpReceiver, sequence: number, timestamp: number): void {
  const packet = rtpPacket(sequence, timestamp, true, SLICE)
  to.packet(packet, 0, packet.length)
}

t.test('a sender report behind another packet', async (t) => {
  const report = senderReport(0xfffffff0, WALL_MS)
  const found = findSenderReport(report, 0, report.length)
  t.equal(found?.rtpTime, 0xfffffff0)
  t.equal(Math.round(found?.wallMs ?? 0), WALL_MS)
})

t.test('the year 2037, when NTP has begun anew', async (t) => {
  const wallMs = Date.UTC(2037, 0, 1)
  const report = senderReport(1, wallMs)
  t.equal(Math.round(findSenderReport(report, 0, report.length)?.wallMs ?? 0), wallMs)
})

t.test('what is no sender report', async (t) => {
  const report = senderReport(1, WALL_MS)
  for (let length = 0; length < report.length; length++) t.equal(findSenderReport(report, 0, length), undefined)
  t.equal(findSenderReport(senderReport(1, -2_208_988_800_000), 0, report.length), undefined, 'a camera without time')
  t.equal(findSenderReport(Buffer.alloc(64), 0, 64), undefined)
  t.equal(findSenderReport(Buffer.alloc(64, 0x80), 0, 64), undefined)
})

t.test('media time zero, whichever comes first', async (t) => {
  for (const reportFirst of [true, false]) {
    const to = receiver()
    const report = senderReport(0x100 + 9_000, WALL_MS)
    if (reportFirst) to.report(report, 0, report.length)
    t.equal(to.originMs, undefined)
    push(to, 0, 0x100)
    if (!reportFirst) to.report(report, 0, report.length)
    push(to, 1, 0x100 + 3_600)
    t.equal(Math.round(to.originMs ?? 0), WALL_MS - 100, reportFirst ? 'the report' : 'the packet')
  }
})

t.test('after a jump of the timestamps the old report says nothing', async (t) => {
  const to = receiver()
  push(to, 0, 0)
  const report = senderReport(0, WALL_MS)
  to.report(report, 0, report.length)
  push(to, 1, 90_000 * 3_600)
  t.equal(to.originMs, undefined)
  const next = senderReport(90_000 * 3_600, WALL_MS + 40)
  to.report(next, 0, next.length)
  t.equal(Math.round(to.originMs ?? 0), WALL_MS + 40)
})
