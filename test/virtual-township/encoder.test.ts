import t from 'tap'
import { prepareMedia } from '../../scripts/virtual-township/media.ts'
import { loadTownship, VideoSpec } from '../../scripts/virtual-township/township-data.ts'
import { type Clip, loadClip } from '../../scripts/virtual-township/virtual-camera/clip.ts'
import { type EncodedFrame, Encoder } from '../../scripts/virtual-township/virtual-camera/encoder.ts'
import { payloadsOf } from '../../scripts/virtual-township/virtual-camera/payload.ts'
import { RtpSender } from '../../scripts/virtual-township/virtual-camera/rtp-sender.ts'
import { FakeClock } from '../fakes/clock.ts'
import { lacksFfmpeg, MEDIA_DIR } from './running.ts'

const LOOP_SECONDS = 4

t.test('the loop goes on for ever', { skip: lacksFfmpeg }, async (t) => {
  const { devices } = await loadTownship()
  const wanted = devices.filter(({ id }) => ['cam-guangchang', 'cam-liangzhan'].includes(id))
  const { signal } = new AbortController()
  const made = await prepareMedia(wanted, { mediaDir: MEDIA_DIR, loopSeconds: LOOP_SECONDS, signal, log: () => {} })
  const clip = async (id: string): Promise<Clip> => {
    const media = made.get(id)
    if (media === undefined) throw new Error(`${id} was not made`)
    return loadClip(media.main)
  }

  await t.test('a clip holds whole groups of closed pictures', async (t) => {
    const h265 = await clip('liangzhan')
    const withBFrames = await clip('zhenguangchang')
    for (const one of [h265, withBFrames]) {
      t.equal(one.frames.length, LOOP_SECONDS * 15)
      t.same(
        one.frames.flatMap((frame, at) => (frame.isKey ? [at] : [])),
        [0, 30],
      )
    }
    t.equal(h265.parameterSets.length, 3, 'VPS, SPS, PPS')
    t.equal(withBFrames.parameterSets.length, 2, 'SPS, PPS')
    t.equal(h265.maxAheadTicks, 0)
    t.ok(withBFrames.maxAheadTicks > 0, 'B-frames are sent after what they depend on')
  })

  await t.test('RTP time runs on through the seam of the loop and over 2^32', async (t) => {
    for (const id of ['liangzhan', 'zhenguangchang']) {
      const clock = new FakeClock()
      const stop = new AbortController()
      const rtpBase = 2 ** 32 - 90_000 * 5
      const encoder = new Encoder(await clip(id), { clock, clockOffsetMs: () => 0, rtpBase, signal: stop.signal })
      const frames: EncodedFrame[] = []
      const sink = { frame: (frame: EncodedFrame) => frames.push(frame) }
      const promised = encoder.upcoming(true)
      encoder.add(sink)
      await clock.advance(10_000)
      encoder.remove(sink)
      t.equal(frames[0]?.rtpTime, promised, 'RTP-Info told the truth')
      const ticks = frames.map(({ rtpTime }) => (rtpTime - rtpBase + 2 ** 32) % 2 ** 32).sort((a, b) => a - b)
      const steps = new Set(ticks.slice(1, -3).map((tick, at) => tick - (ticks[at] ?? 0)))
      t.same([...steps], [6000], `${id}: every time once, none missing`)
      t.equal(Math.round(frames.length / 10), 15)
      stop.abort()
    }
  })

  await t.test('a key frame that was asked for is the next one sent, and RTP time has no gap', async (t) => {
    for (const id of ['liangzhan', 'zhenguangchang']) {
      const clock = new FakeClock()
      const stop = new AbortController()
      const encoder = new Encoder(await clip(id), { clock, clockOffsetMs: () => 0, rtpBase: 0, signal: stop.signal })
      const frames: EncodedFrame[] = []
      encoder.add({ frame: (frame) => frames.push(frame) })
      await clock.advance(500)
      const before = frames.length
      t.equal(frames.filter(({ isKey }) => isKey).length, 1, `${id}: its own`)
      encoder.keyFrame()
      await clock.advance(1_000)
      const keys = frames.flatMap(({ isKey }, at) => (isKey ? [at] : []))
      t.equal(keys.length, 2)
      t.ok((keys[1] ?? 0) - before <= 2, `${id}: at once, or when the B-frames before it were sent`)
      const shown = frames.map(({ rtpTime }) => rtpTime).sort((a, b) => a - b)
      const steps = new Set(shown.slice(1, -3).map((tick, at) => tick - (shown[at] ?? 0)))
      t.same([...steps], [6000])
      const earlier = frames.slice(0, keys[1]).map(({ rtpTime }) => rtpTime)
      t.ok(
        frames.slice(keys[1]).every(({ rtpTime }) => rtpTime > Math.max(...earlier)),
        'a place to start',
      )
      stop.abort()
    }
  })

  await t.test('a stalled encoder sends nothing, and then what is due', async (t) => {
    const clock = new FakeClock()
    const stop = new AbortController()
    const options = { clock, clockOffsetMs: () => 0, rtpBase: 0, signal: stop.signal }
    const encoder = new Encoder(await clip('liangzhan'), options)
    const frames: EncodedFrame[] = []
    encoder.stall(true)
    encoder.add({ frame: (frame) => frames.push(frame) })
    await clock.advance(3_000)
    t.equal(frames.length, 0)
    encoder.stall(false)
    await clock.advance(100)
    t.ok(frames.length > 0)
    t.ok((frames[0]?.rtpTime ?? 0) >= 3 * 90_000)
    stop.abort()
  })

  await t.test('large NAL units are cut, small ones sent whole', async (t) => {
    const packets: Buffer[] = []
    const sender = new RtpSender({
      payloadType: 96,
      ssrc: 7,
      firstSequence: 65_535,
      rtpChannel: 0,
      rtcpChannel: 1,
      write: (packet) => packets.push(packet),
    })
    const large = Buffer.concat([Buffer.from([0x65]), Buffer.alloc(3000, 1)])
    const spec = VideoSpec.parse({ codec: 'h264', width: 640, height: 360, kilobitsPerSecond: 350 })
    const payloads = payloadsOf(spec, [Buffer.from([0x67, 1, 2]), large])
    for (const [at, payload] of payloads.entries()) sender.packet(9000, at === payloads.length - 1, ...payload)
    const facts = packets.map((packet) => ({
      size: packet.readUInt16BE(2) === packet.length - 4,
      marker: (packet[5] ?? 0) >> 7,
      sequence: packet.readUInt16BE(6),
      payload: packet.subarray(16, 18).toString('hex'),
    }))
    t.same(facts, [
      { size: true, marker: 0, sequence: 65_535, payload: '6701' },
      { size: true, marker: 0, sequence: 0, payload: '7c85' },
      { size: true, marker: 0, sequence: 1, payload: '7c05' },
      { size: true, marker: 1, sequence: 2, payload: '7c45' },
    ])
  })
})
