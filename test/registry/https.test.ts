import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { envelope, NS } from '../../gateway/onvif/soap.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { lacksOpenssl, tlsFront } from '../fakes/tls-front.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, harness } from './harness.ts'

const describeStream: DescribeStream = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 })
const skip = lacksFfmpeg || lacksOpenssl

t.test('a camera that speaks HTTPS alone: pinned on first use, refused when it changes', { skip }, async (t) => {
  const township = await open('127.0.53.0', ['cam-dongjie'])
  t.teardown(() => township.close())
  const { device, found } = township.camera('cam-dongjie')
  const [host = '', port] = (found.onvif ?? '').split(':')
  const front = await tlsFront(t, { host, port: Number(port) })
  const address = `${host}:${front.port}`
  const { username, password } = device
  const alarms: { id: string; type: string; state?: string | undefined }[] = []
  const h = await harness(t, {
    describeStream,
    reviewEveryMs: 3_600_000,
    lookEveryMs: 200,
    alarms: {
      raiseFrom: async () => undefined,
      openFrom: async () => [],
      raiseOwn: async (_place, message) => void alarms.push(message),
      openOwn: async () =>
        alarms
          .filter(({ id }) => !alarms.some((later) => later.id === id && later.state === 'cleared'))
          .map(({ id }) => ({ sourceKey: id, cellCode: CELL })),
    },
  })
  const probe = () => h.call('POST', '/probes', { address, username, password })
  const first = front.certificate

  const seen = await probe()
  t.match(seen.body, { certificate: { found: first }, deviceProfile: 'hikvision' }, seen.text)
  t.equal(seen.body.certificate.registered, undefined)
  t.ok(
    seen.body.checks.every(({ ok }: { ok: boolean }) => ok),
    seen.text,
  )
  const made = await h.call('POST', '/cameras', {
    name: 'a',
    cellCode: CELL,
    placeClass: 'other',
    ownership: 'public',
    source: { kind: 'onvif', address, username, password },
  })
  t.match([made.status, made.body.device], [201, { address, certificateSha256: first }], made.text)
  h.linked.add(made.body.id)

  const before = front.received.length
  front.renew()
  const refused = await probe()
  t.match(refused.body.certificate, { found: front.certificate, registered: first })
  t.match(refused.body.checks.at(-1), { name: 'reachable', ok: false, code: 'certificate-changed' })
  t.equal(front.received.length, before, 'not a byte was sent to it')
  t.match((await h.call('POST', '/probes', { address }, { language: 'zh-CN' })).body.checks.at(-1), {
    detail: /证书与登记时不同/,
    nextStep: /接受新证书/,
  })

  const { signal } = new AbortController()
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await systemClock.sleep(20, signal)
  }
  h.registry.start()
  await until(() => alarms.length > 0)
  t.match(alarms, [{ type: 'tamper', data: { registeredCertificate: first, foundCertificate: front.certificate } }])
  t.equal(front.received.length, before, 'nor by the watch')

  const accept = (sha256: string, role: 'installer' | 'operator' = 'installer') =>
    h.call('POST', `/cameras/${made.body.id}/certificate`, { sha256 }, { role })
  t.equal((await accept(front.certificate, 'operator')).status, 403)
  t.match((await accept(first)).body, { code: 'camera-certificate-changed' }, 'only what is shown now can be accepted')
  const accepted = await accept(front.certificate)
  t.match([accepted.status, accepted.body.device], [200, { certificateSha256: front.certificate }], accepted.text)
  t.match(h.entries.at(-1), {
    action: 'certificate-accepted',
    object: `camera:${made.body.id}`,
    detail: { before: first, now: front.certificate },
  })
  await until(() => alarms.some(({ state }) => state === 'cleared'))
  const after = await probe()
  t.ok(
    after.body.checks.every(({ ok }: { ok: boolean }) => ok),
    after.text,
  )
  await h.registry.close()
})

t.test('a camera that takes Basic alone gets it by the installer’s word', { skip: lacksOpenssl }, async (t) => {
  const basic = `Basic ${Buffer.from('admin:right').toString('base64')}`
  const logins: string[] = []
  const camera = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const operation = /<s:Body><\w+:(\w+)/.exec(body)?.[1] ?? ''
      const { authorization } = request.headers
      if (authorization !== undefined) logins.push(authorization)
      else if (body.includes('UsernameToken')) logins.push(body)
      const isIn = operation === 'GetSystemDateAndTime' || authorization === basic
      if (!isIn) response.writeHead(401, { 'www-authenticate': 'Basic realm="camera"' })
      response.end(isIn ? envelope(`<d:${operation}Response xmlns:d="${NS.device}"/>`) : '')
    })
  })
  await once(camera.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => camera.close())
  const inner = camera.address()
  const innerPort = typeof inner === 'object' && inner !== null ? inner.port : 0
  const front = await tlsFront(t, { host: '127.0.0.1', port: innerPort })
  const h = await harness(t, { describeStream })
  const login = async (port: number, overrides: object) => {
    logins.length = 0
    const request = { address: `127.0.0.1:${port}`, username: 'admin', password: 'right', overrides }
    const { body, text } = await h.call('POST', '/probes', request)
    t.notMatch(text, basic)
    const told = body.checks.find(({ name }: { name: string }) => name === 'login')
    return {
      ok: told?.ok,
      basics: logins.filter((one) => one === basic).length,
      readable: logins.join().includes('right'),
    }
  }
  t.match(await login(front.port, {}), { ok: false, basics: 0, readable: false }, 'nobody said so')
  t.match(await login(innerPort, { readableLogin: true }), { ok: false, basics: 0, readable: false }, 'in the clear')
  const allowed = await login(front.port, { readableLogin: true })
  t.ok(allowed.ok && allowed.basics > 0, 'over HTTPS, by the installer’s word')
})
