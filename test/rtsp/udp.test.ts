import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { createDialer } from '../../gateway/dial.ts'
import { RtspSession } from '../../gateway/rtsp/session.ts'
import { FakeClock } from '../fakes/clock.ts'
import { rtpPacket, senderReport } from '../fakes/rtp-packets.ts'
import { type CameraRequest, ScriptedCamera, status } from '../fakes/scripted-camera.ts'

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n'
const signal = AbortSignal.timeout(60_000)

async function udpSocket(t: Test, address: string): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

const clientPort = (request: CameraRequest | undefined): number =>
  Number(/client_port=(\d+)-/.exec(request?.headers.get('transport') ?? '')?.[1])

t.test('media over UDP: in order, from the camera alone, and the camera hears how they come', async (t) => {
  const [rtp, rtcp, stranger] = [
    await udpSocket(t, '127.0.0.1'),
    await udpSocket(t, '127.0.0.1'),
    await udpSocket(t, '127.0.0.2'),
  ]
  const ports = `server_port=${rtp.address().port}-${rtcp.address().port}`
  const camera = await new ScriptedCamera({
    sdp: SDP,
    answer: ({ method, headers }) =>
      method === 'SETUP' ? status(200, 'Session: 1', `Transport: ${headers.get('transport')};${ports}`) : undefined,
  }).start()
  t.teardown(() => camera.close())
  const clock = new FakeClock()
  const frames: string[] = []
  let full = (): void => {}
  const done = new Promise<void>((resolve) => {
    full = resolve
  })
  const session = new RtspSession(
    { uri: camera.uri, transport: 'udp' },
    {
      dialer: createDialer(['127.0.0.0/8']),
      clock,
      onFrame: (channel, bytes, start, end) => {
        frames.push(`${channel}:${channel === 1 ? 'report' : bytes.toString('latin1', start + 12, end)}`)
        if (frames.length === 6) full()
      },
    },
  )
  await session.open(signal)
  const video = (await session.describe(signal)).media[0]
  if (video === undefined) throw new Error('no video')
  t.equal(await session.setup(video, signal), 0)
  const port = clientPort(camera.requests.find(({ method }) => method === 'SETUP'))
  t.equal(port % 2, 0, 'RTP on an even port')
  await session.play(signal)

  const send = (from: UdpSocket, to: number, bytes: Buffer): Promise<void> =>
    new Promise((resolve) => from.send(bytes, to, '127.0.0.1', () => resolve()))
  for (const sequence of [5, 7, 6, 9, 8]) {
    await send(stranger, port, rtpPacket(sequence, 0, false, Buffer.from('forged')))
    await send(rtp, port, rtpPacket(sequence, 0, false, Buffer.from(String(sequence))))
  }
  await send(rtcp, port + 1, senderReport(0, 1e12))
  await done
  t.same(frames.toSorted(), ['0:5', '0:6', '0:7', '0:8', '0:9', '1:report'])
  t.same(
    frames.filter((frame) => frame.startsWith('0')),
    ['0:5', '0:6', '0:7', '0:8', '0:9'],
  )
  t.ok(session.receivedBytes > 5 * 13)

  const report = once(rtcp, 'message') as Promise<[Buffer]>
  session.keepAlive()
  await clock.advance(5_000)
  session.keepAlive()
  const [bytes] = await report
  t.same([bytes[1], bytes.readUInt32BE(8)], [201, 0x1234])
  const closing = session.close()
  await closing
  const again = createSocket('udp4')
  again.bind(port)
  await once(again, 'listening')
  again.close()
})

t.test('no report goes to a port that is not dialled', async (t) => {
  const [camera, other, allowed] = [
    await udpSocket(t, '127.0.0.1'),
    await udpSocket(t, '127.0.0.1'),
    await udpSocket(t, '127.0.0.1'),
  ]
  const reportPorts = [other, allowed].map((socket) => socket.address().port)
  const server = await new ScriptedCamera({
    sdp: SDP,
    answer: ({ method, headers }) =>
      method === 'SETUP'
        ? status(200, 'Session: 1', `Transport: ${headers.get('transport')};server_port=5000-${reportPorts.shift()}`)
        : undefined,
  }).start()
  t.teardown(() => server.close())
  const clock = new FakeClock()
  const dialer = createDialer(['127.0.0.0/8'])
  const forbidden = other.address().port
  const received: UdpSocket[] = []
  for (const socket of [other, allowed]) socket.on('message', () => received.push(socket))
  let frames = 0
  const session = new RtspSession(
    { uri: server.uri, transport: 'udp' },
    {
      dialer: {
        ...dialer,
        check: async (host, port) =>
          port === forbidden ? { ok: false, why: 'port-not-allowed' } : dialer.check(host, port),
      },
      clock,
      onFrame: () => frames++,
    },
  )
  await session.open(signal)
  const video = (await session.describe(signal)).media[0]
  if (video === undefined) throw new Error('no video')
  for (let i = 0; i < 2; i++) await session.setup(video, signal)
  await session.play(signal)
  for (const request of server.requests.filter(({ method }) => method === 'SETUP'))
    camera.send(rtpPacket(1, 0, false, Buffer.from('x')), clientPort(request), '127.0.0.1')
  while (frames < 2) await new Promise(setImmediate)
  await clock.advance(5_000)
  const report = once(allowed, 'message')
  session.keepAlive() // the media in turn, so what goes to the first is there before that of the second
  await report
  t.same(received, [allowed])
  await session.close()
})

t.test('a camera that answers with its own connection is taken at its word', async (t) => {
  const camera = await new ScriptedCamera({
    sdp: SDP,
    answer: ({ method }) =>
      method === 'SETUP' ? status(200, 'Session: 1', 'Transport: RTP/AVP/TCP;unicast;interleaved=4-5') : undefined,
  }).start()
  t.teardown(() => camera.close())
  const session = new RtspSession(
    { uri: camera.uri, transport: 'udp' },
    { dialer: createDialer(['127.0.0.0/8']), clock: new FakeClock(), onFrame: () => {} },
  )
  await session.open(signal)
  const video = (await session.describe(signal)).media[0]
  if (video === undefined) throw new Error('no video')
  t.equal(await session.setup(video, signal), 4)
  await session.close()
})
