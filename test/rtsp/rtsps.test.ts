import { spawnSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { describe } from '../../gateway/relay/describe.ts'
import type { StreamSource } from '../../gateway/rtsp/session.ts'
import { parseRtspUri } from '../../gateway/rtsp/uri.ts'
import { interleaved, rtpPacket } from '../fakes/rtp-packets.ts'
import { ScriptedCamera } from '../fakes/scripted-camera.ts'

const SDP =
  'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\na=fmtp:96 sprop-parameter-sets=Z0IAHpWoKAv+VA==,aM48gA==\r\n'
const PICTURE = interleaved(rtpPacket(1, 0, true, Buffer.from('6588aa55', 'hex')))
const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed'
const signal = AbortSignal.timeout(60_000)

/** A camera behind TLS with a certificate that nobody vouches for. */
async function tlsCamera(t: Test): Promise<{ port: number; certificate: string; received(): number }> {
  const camera = await new ScriptedCamera({ sdp: SDP, onPlay: (socket) => socket.write(PICTURE) }).start()
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-'))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=camera', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  t.equal(spawnSync('openssl', [...kind, '-keyout', key, '-out', cert, ...subject]).status, 0)
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (socket) => {
    const inner = connect(camera.port, '127.0.0.1')
    for (const end of [socket, inner]) end.on('error', () => {})
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => {}) // the client did not trust us
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const certificate = createHash('sha256')
    .update(new X509Certificate(readFileSync(cert)).raw)
    .digest('hex')
  rmSync(directory, { recursive: true })
  t.teardown(async () => {
    await new Promise((resolve) => server.close(resolve))
    await camera.close()
  })
  return { port: (server.address() as AddressInfo).port, certificate, received: () => camera.requests.length }
}

const ask = (source: StreamSource) =>
  describe(source, { dialer: createDialer(['127.0.0.0/8']), clock: systemClock, play: true }, signal)

t.test('rtsps: the certificate is known from its first use, another one gets no word', { skip }, async (t) => {
  const { port, certificate, received } = await tlsCamera(t)
  const uri = `rtsps://127.0.0.1:${port}/live`
  const told: string[] = []
  const first = await ask({ uri, onFirstCertificate: (sha256) => void told.push(sha256) })
  t.match(first, { ok: true, certificate, tracks: [{ codec: 'avc1.42001e' }] })
  t.same(told, [certificate])
  t.match(await ask({ uri, pin: certificate, onFirstCertificate: () => t.fail('told again') }), { ok: true })
  const before = received()
  t.match(await ask({ uri, pin: '0'.repeat(64), username: 'u', password: 'p' }), {
    ok: false,
    fault: { code: 'certificate-changed' },
  })
  t.equal(received(), before, 'not a request was sent')
  t.match(await ask({ uri, transport: 'udp' }), {
    ok: false,
    fault: { code: 'unsupported-transport' },
  })
})

t.test('rtsps to a camera that speaks no TLS', async (t) => {
  const camera = await new ScriptedCamera({ sdp: SDP, onPlay: () => {} }).start()
  t.teardown(() => camera.close())
  const gone = new AbortController()
  const asked = describe(
    { uri: `rtsps://127.0.0.1:${camera.port}/` },
    { dialer: createDialer(['127.0.0.0/8']), clock: systemClock },
    gone.signal,
  )
  while (camera.sockets.size === 0) await new Promise(setImmediate)
  for (const socket of camera.sockets) socket.end('RTSP/1.0 400 Bad Request\r\n\r\n')
  t.match(await asked, { ok: false, fault: { code: 'tls-failed' } })
})

t.test('the scheme decides the port', async (t) => {
  t.match(parseRtspUri('rtsps://cam/a'), { port: 322, isTls: true, origin: 'rtsps://cam', rest: '/a' })
  t.match(parseRtspUri('rtsp://cam/a'), { port: 554, isTls: false, origin: 'rtsp://cam' })
})
