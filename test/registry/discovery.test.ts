import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { envelope, NS } from '../../gateway/onvif/soap.ts'
import { type Harness, harness } from './harness.ts'

const { signal } = new AbortController()

/** A web server; with a body it answers every question with that. */
async function server(t: Test, host: string, port: number, body?: string): Promise<{ asked: string[] }> {
  const asked: string[] = []
  const one = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => asked.push(chunk.toString()))
    request.on('end', () => response.writeHead(body === undefined ? 404 : 200).end(body ?? '<html>no</html>'))
  })
  await once(one.listen(port, host), 'listening')
  t.teardown(() => {
    one.closeAllConnections()
    one.close()
  })
  return { asked }
}

const TIME = envelope(
  `<d:GetSystemDateAndTimeResponse xmlns:d="${NS.device}"><d:SystemDateAndTime/></d:GetSystemDateAndTimeResponse>`,
)

type Body = Awaited<ReturnType<Harness['call']>>['body']

async function search(h: Harness, payload: object): Promise<Body> {
  const started = await h.call('POST', '/discoveries', payload)
  if (started.status !== 202) return started.body
  for (;;) {
    const { body } = await h.call('GET', `/discoveries/${started.body.id}`)
    if (body.state === 'finished') return body
    await systemClock.sleep(20, signal)
  }
}

const addresses = (body: Body): string[] => body.devices.map(({ address }: { address: string }) => address).sort()

t.test('devices that are silent to datagrams are found by their ports', async (t) => {
  const h = await harness(t)
  const camera = await server(t, '127.0.56.1', 8899, TIME)
  await server(t, '127.0.56.2', 2020, TIME)
  const computer = await server(t, '127.0.56.3', 8080)
  const fallback = await search(h, { method: 'range', targets: ['127.0.56.0/29'] })
  t.same(addresses(fallback), ['127.0.56.1:8899', '127.0.56.2:2020'], 'and nothing else')
  t.same(fallback.searched, ['127.0.56.0/29'])
  t.same(fallback.progress, { done: 6 * 4 + 6 * 8, total: 6 * 4 + 6 * 8 })
  t.ok(camera.asked.every((text) => !/UsernameToken/.test(text)))
  t.ok(computer.asked.length <= 1, 'asked once, in the clear')
})

t.test('a search is cancelled, and what it found stays', async (t) => {
  const h = await harness(t, {
    discoveryTiming: { roundGapMs: 50, listenMs: 60_000, pacePerSecond: 2_000, connectsPerSecond: 2_000 },
  })
  await server(t, '127.0.56.9', 8000, TIME)
  const { body } = await h.call('POST', '/discoveries', { method: 'range', targets: ['127.0.56.9'] })
  const read = async (): Promise<Body> => (await h.call('GET', `/discoveries/${body.id}`)).body
  while ((await read()).devices.length === 0) await systemClock.sleep(20, signal)
  t.equal((await h.call('DELETE', `/discoveries/${body.id}`)).status, 204)
  while ((await read()).state === 'running') await systemClock.sleep(20, signal)
  const ended = await read()
  t.same(addresses(ended), ['127.0.56.9:8000'])
  t.match(ended.problems, [{ code: 'cancelled' }])
  t.equal((await h.call('DELETE', '/discoveries/00000000-0000-4000-8000-000000000000')).status, 404)
})

t.test('progress streams while a search runs, and the stream ends with it', async (t) => {
  const h = await harness(t)
  await server(t, '127.0.56.17', 80 + 8_000, TIME)
  const { body } = await h.call('POST', '/discoveries', { method: 'range', targets: ['127.0.56.16/29'] })
  const answer = await h.app.inject({
    url: `/api/v1/discoveries/${body.id}/events`,
    headers: { role: 'installer', 'accept-language': 'en' },
  })
  t.match(answer.headers['content-type'], 'text/event-stream')
  const told = answer.body
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)))
  t.ok(told.length >= 2, `${told.length} states`)
  t.match(told.at(-1), { state: 'finished', devices: [{ address: '127.0.56.17:8080' }] })
})

t.test('who says Hello meanwhile is asked, and listed', async (t) => {
  const h = await harness(t, {
    discoveryTiming: { roundGapMs: 20, listenMs: 1_500, pacePerSecond: 2_000, connectsPerSecond: 2_000 },
  })
  await server(t, '127.0.56.33', 8_999, TIME)
  const hello = (host: string): string =>
    envelope(
      `<w:Hello xmlns:w="${NS.discovery}" xmlns:a="${NS.addressing}"><a:EndpointReference><a:Address>urn:uuid:1234</a:Address></a:EndpointReference><w:Types xmlns:n="${NS.network}">n:NetworkVideoTransmitter</w:Types><w:Scopes>onvif://www.onvif.org/hardware/H1</w:Scopes><w:XAddrs>http://${host}:8999/onvif/device_service</w:XAddrs></w:Hello>`,
    )
  const speak = async (from: string): Promise<void> => {
    const socket = createSocket('udp4')
    socket.bind(0, from)
    await once(socket, 'listening')
    socket.setMulticastInterface('127.0.0.1')
    await new Promise((resolve) => socket.send(hello(from), 3702, '239.255.255.250', resolve))
    socket.close()
  }
  const { body } = await h.call('POST', '/discoveries', { method: 'multicast' })
  await speak('127.0.56.33')
  await speak('127.0.56.34') // nothing answers there
  for (;;) {
    const found = (await h.call('GET', `/discoveries/${body.id}`)).body
    if (found.state === 'finished') {
      const ours = found.devices.filter(({ address }: { address: string }) => address.startsWith('127.0.56.'))
      t.match(ours, [{ address: '127.0.56.33:8999', model: 'H1', endpointReference: 'urn:uuid:1234' }])
      t.equal(ours.length, 1)
      break
    }
    await systemClock.sleep(20, signal)
  }
})

t.test('what the targets of a multicast search mean', async (t) => {
  const h = await harness(t)
  const within = await search(h, { method: 'multicast', targets: ['127.0.56.0/24'] })
  t.match(within.searched, [/^lo 127\.0\.0\.1/, '127.0.56.0/24'])
  t.same(addresses(within), [], 'nobody is listed who lies outside')
  const none = await h.call('POST', '/discoveries', { method: 'multicast', targets: ['198.51.100.0/24'] })
  t.match(
    [none.status, none.body.code, none.body.detail],
    [422, 'address-not-allowed', /no interface .* these targets/],
  )
  const bad = await h.call('POST', '/discoveries', { method: 'multicast', targets: ['nonsense'] })
  t.match([bad.status, bad.body.code], [400, 'invalid-request'])
})
