import t from 'tap'
import { describeStreamBy } from '../../gateway/camera-access.ts'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { lacksOpenssl, tlsFront } from '../fakes/tls-front.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, harness } from './harness.ts'

const skip = lacksFfmpeg || lacksOpenssl

t.test('RTSP over TLS: pinned on first use, refused when it changes, accepted by a person', { skip }, async (t) => {
  const township = await open('127.0.59.0', ['cam-dongjie'])
  t.teardown(() => township.close())
  const { device, found } = township.camera('cam-dongjie')
  const { username, password } = device
  const plain = new URL(found.channels[0]?.mainUri ?? '')
  const front = await tlsFront(t, { host: plain.hostname, port: Number(plain.port) })
  const mainUri = `rtsps://${plain.hostname}:${front.port}${plain.pathname}${plain.search}`
  const h = await harness(t, { describeStream: describeStreamBy(createDialer(['127.0.0.0/8']), systemClock) })
  const register = () =>
    h.call('POST', '/cameras', {
      name: 'a',
      cellCode: CELL,
      placeClass: 'other',
      ownership: 'public',
      source: { kind: 'rtsp', mainUri, username, password },
    })
  const first = front.certificate
  const made = await register()
  t.match([made.status, made.body.device], [201, { certificateSha256: first }], made.text)
  const source = async () => (await h.registry.streamSource(made.body.id, 'main'))?.source()
  t.match(await source(), { uri: mainUri, pin: first })

  const describe = describeStreamBy(createDialer(['127.0.0.0/8']), systemClock)
  const play = async () => describe((await source()) ?? { uri: '' }, AbortSignal.timeout(20_000))
  t.match(await play(), { ok: true, certificate: first })
  const before = front.received.length
  front.renew()
  t.match(await play(), { ok: false, code: 'certificate-changed' })
  t.equal(front.received.length, before, 'not a byte was sent to it')
  const again = await register()
  t.match(
    again.body,
    { checks: [{ name: 'describe', ok: false, code: 'certificate-changed' }] },
    'nor to register it anew',
  )

  const accept = (sha256: string) =>
    h.call('POST', `/cameras/${made.body.id}/certificate`, { sha256 }, { role: 'installer' })
  t.match((await accept(first)).body, { code: 'camera-certificate-changed' }, 'only what is shown now can be accepted')
  t.match((await accept(front.certificate)).body, { device: { certificateSha256: front.certificate } })
  t.match(h.entries.at(-1), { action: 'certificate-accepted', detail: { before: first, now: front.certificate } })
  t.match(await play(), { ok: true })
})
