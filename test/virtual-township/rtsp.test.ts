import { execFile } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import t from 'tap'
import type { Township } from '../../scripts/virtual-township/township.ts'
import { lacksFfmpeg, open } from './running.ts'

const run = promisify(execFile)
const ALL = [
  'cam-dongjie',
  'cam-liangzhan',
  'cam-guangchang',
  'cam-shuiku',
  'nvr-xiaoxue',
  'cam-weishengyuan',
  'cam-chezhan',
]
/** As ffprobe calls them. */
const CODECS = { h264: 'h264', h265: 'hevc', jpeg: 'mjpeg' }

const withLogin = (uri: string, user: string, password: string): string =>
  uri.replace('rtsp://', `rtsp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)

/** @returns codec, width and height as ffprobe finds them in the first decoded frames */
async function ffprobe(uri: string): Promise<string> {
  const fields = ['-show_entries', 'stream=codec_name,width,height', '-select_streams', 'v', '-of', 'csv=p=0']
  const { stdout } = await run('ffprobe', ['-v', 'error', '-rtsp_transport', 'tcp', ...fields, uri], {
    timeout: 20_000,
  })
  return stdout.trim()
}

t.test('ffprobe plays the virtual cameras', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.22.0', ALL)
  t.teardown(() => township.close())

  const probes = township.cameras.flatMap(({ device, found }) =>
    found.channels.slice(-1).flatMap(({ mainUri, subUri }) =>
      [
        { uri: mainUri, spec: device.main },
        { uri: subUri, spec: device.sub },
      ].map(({ uri, spec }) => ({
        uri: withLogin(uri, device.username, device.password),
        is: `${CODECS[spec.codec]},${spec.width},${spec.height}`,
      })),
    ),
  )
  const found = await Promise.all(probes.map(({ uri }) => ffprobe(uri)))
  t.same(
    found,
    probes.map(({ is }) => is),
    'H.264, H.265 and JPEG, main and sub, all at once',
  )
  t.equal(found.length, 14)

  const street = township.camera('dongjiekou').found.channels[0]?.mainUri ?? ''
  await t.rejects(ffprobe(withLogin(street, 'gridlight', 'wrong')), { message: /401/ }, 'wrong password')
  await t.rejects(ffprobe(street), { message: /401/ }, 'no password')
  await t.rejects(ffprobe(withLogin(street.replace('101', '901'), 'gridlight', 'Yunxi-2026-hik')), { message: /404/ })

  await township.fault('dongjiekou', 'drop-out')
  await t.rejects(ffprobe(withLogin(street, 'gridlight', 'Yunxi-2026-hik')), { message: /refused/ }, 'dropped out')
  await township.fault('dongjiekou', 'none')
  t.equal(await ffprobe(withLogin(street, 'gridlight', 'Yunxi-2026-hik')), 'h264,1280,720', 'and came back')
})

t.test('one session, byte by byte', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.23.0', ['cam-shuiku', 'cam-liangzhan'])
  t.teardown(() => township.close())

  await t.test('sender reports carry the camera clock, frames its frame rate', async (t) => {
    const client = await play(township, 'houshanshuiku')
    const { reports, times, sequences } = await client.collect(16)
    const wallSeconds = (reports[0]?.ntpSeconds ?? 0) - 2_208_988_800
    const offset = wallSeconds - Date.now() / 1000
    t.ok(Math.abs(offset + 86_400) < 5, `the clock of this camera is a day behind: ${offset}`)
    t.same([...new Set(times.slice(1).map((time, at) => time - (times[at] ?? 0)))], [6000], '15 frames a second')
    t.same([...new Set(sequences.slice(1).map((next, at) => (next - (sequences[at] ?? 0)) & 0xffff))], [1])
    client.socket.destroy()
  })

  await t.test('two clients get the same pictures; one that leaves does not disturb the other', async (t) => {
    const [one, other] = await Promise.all([play(township, 'houshanshuiku'), play(township, 'houshanshuiku')])
    const [a, b] = await Promise.all([one.collect(4), other.collect(4)])
    t.ok(a.times.some((time) => b.times.includes(time)))
    one.socket.destroy()
    t.equal((await other.collect(8)).times.length, 8)
    other.socket.destroy()
  })

  await t.test('a stalled camera keeps its session and goes on afterwards', async (t) => {
    const client = await play(township, 'houshanshuiku')
    await client.collect(2)
    await township.fault('houshanshuiku', 'stall')
    const keepalive = client.reply()
    client.socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n')
    t.match(await keepalive, /200 OK/)
    t.equal(township.camera('houshanshuiku').viewers, 1)
    await township.fault('houshanshuiku', 'none')
    t.equal((await client.collect(2)).times.length, 2, 'goes on')
    client.socket.destroy()
  })

  await t.test('what is no RTSP ends the connection', async (t) => {
    const client = await dial(township, 'houshanshuiku')
    const closed = new Promise((resolve) => client.socket.once('close', resolve))
    client.socket.write('A'.repeat(20_000))
    await closed
    t.pass('closed')
  })

  await t.test('UDP is refused', async (t) => {
    const client = await dial(township, 'houshanshuiku')
    const reply = client.reply()
    client.socket.write(
      `SETUP ${client.uri} RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n`,
    )
    t.match(await reply, /^RTSP\/1.0 461/)
    client.socket.destroy()
  })
})

interface Session {
  uri: string
  socket: Socket
  /** The next answer that is no interleaved frame. */
  reply(): Promise<string>
  /** Waits for that many further frames and a sender report since the session began. */
  collect(frames: number): Promise<{ reports: { ntpSeconds: number }[]; times: number[]; sequences: number[] }>
}

/** A bare client: enough to see what a camera writes. */
async function dial(township: Township, id: string): Promise<Session> {
  const uri = township.camera(id).found.channels[0]?.subUri ?? ''
  const { hostname, port } = new URL(uri.replace('rtsp:', 'http:'))
  const socket = connect(Number(port), hostname)
  await new Promise((resolve) => socket.once('connect', resolve))
  const packets: Buffer[] = []
  const reports: Buffer[] = []
  let pending = Buffer.alloc(0)
  let onReply: (text: string) => void = () => {}
  let onPacket = (): void => {}
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const isFrame = pending[0] === 0x24
      const bytes = isFrame
        ? 4 + (pending.length < 4 ? 65_536 : pending.readUInt16BE(2))
        : pending.indexOf('\r\n\r\n') + 4
      if (bytes < 4 || (!isFrame && bytes === 3) || pending.length < bytes || bytes === 0) return
      const whole = pending.subarray(0, bytes)
      pending = pending.subarray(bytes)
      if (!isFrame) onReply(whole.toString())
      else if (whole[1] === 1) reports.push(whole)
      else packets.push(whole)
      onPacket()
    }
  })
  const rtpTime = (packet: Buffer): number => packet.readUInt32BE(8)
  return {
    uri,
    socket,
    reply: () =>
      new Promise((resolve) => {
        onReply = resolve
      }),
    collect: (frames) =>
      new Promise((resolve) => {
        const from = packets.length
        onPacket = () => {
          const seen = packets.slice(from)
          const times = [...new Set(seen.map(rtpTime))]
          if (times.length < frames || reports.length === 0) return
          onPacket = () => {}
          const ntp = reports.map((report) => ({ ntpSeconds: report.readUInt32BE(12) }))
          resolve({ reports: ntp, times, sequences: seen.map((packet) => packet.readUInt16BE(6)) })
        }
      }),
  }
}

/** A session of the camera that keeps its credentials in the path. */
async function play(township: Township, id: string): Promise<Session> {
  const client = await dial(township, id)
  const ask = async (method: string, headers: string): Promise<string> => {
    const reply = client.reply()
    client.socket.write(`${method} ${client.uri} RTSP/1.0\r\nCSeq: 1\r\n${headers}\r\n`)
    return reply
  }
  const setUp = await ask('SETUP', 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n')
  const session = /Session: (\w+)/.exec(setUp)?.[1]
  await ask('PLAY', `Session: ${session}\r\n`)
  return client
}
