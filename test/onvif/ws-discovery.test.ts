import { randomUUID } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { parseDiscovery } from '../../gateway/onvif/discovery-message.ts'
import { envelope, NS } from '../../gateway/onvif/soap.ts'
import { type SearchOptions, searchMulticast, searchUnicast } from '../../gateway/onvif/ws-discovery.ts'

const PORT = 3702
const { signal } = new AbortController()
const options = (more: Partial<SearchOptions> = {}): SearchOptions => ({
  dialer: createDialer(['127.0.42.0/24']),
  clock: systemClock,
  newId: randomUUID,
  timing: { roundGapMs: 20, listenMs: 150, pacePerSecond: 500 },
  ...more,
})

/** Answers every datagram to one loopback address as the test says. */
async function responder(
  t: Test,
  address: string,
  answer: (question: string) => string[],
): Promise<{ asked: string[] }> {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true })
  const asked: string[] = []
  socket.on('message', (message, from) => {
    asked.push(message.toString())
    for (const reply of answer(message.toString())) socket.send(reply, from.port, from.address, () => {})
  })
  socket.bind(PORT, address)
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return { asked }
}

const idOf = (question: string): string => /MessageID[^>]*>([^<]+)</.exec(question)?.[1] ?? ''
const matches = (
  reference: string,
  xaddrs: string,
  relatesTo: string,
  scopes = 'onvif://www.onvif.org/name/A%20B',
): string =>
  envelope(
    `<d:ProbeMatches xmlns:d="${NS.discovery}" xmlns:a="${NS.addressing}"><d:ProbeMatch><a:EndpointReference><a:Address>${reference}</a:Address></a:EndpointReference><d:Types xmlns:q="${NS.network}">q:NetworkVideoTransmitter</d:Types><d:Scopes>${scopes}</d:Scopes><d:XAddrs>${xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>`,
    `<a:RelatesTo xmlns:a="${NS.addressing}">${relatesTo}</a:RelatesTo>`,
  )

t.test('unicast: who answers well is found, once; the rest changes nothing', async (t) => {
  const good = await responder(t, '127.0.42.1', (question) => [
    matches(
      'urn:uuid:AAAA-1',
      'http://169.254.1.1/x http://127.0.42.1:8000/onvif/d https://127.0.42.1/s',
      idOf(question),
    ),
    matches('urn:uuid:aaaa-1', 'http://127.0.42.1:9/other', idOf(question)),
  ])
  const bomb = '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
  await responder(t, '127.0.42.2', (question) => {
    const whole = matches('urn:uuid:bbbb', 'http://127.0.42.2/', idOf(question))
    return [
      '',
      '\0\0',
      bomb,
      '<'.repeat(60_000),
      '<a>'.repeat(9_000),
      whole.slice(0, -40),
      whole.slice(0, whole.indexOf('</d:XAddrs')),
    ]
  })
  await responder(t, '127.0.42.3', () => [matches('urn:uuid:cccc', 'http://127.0.42.3/', 'urn:uuid:nobody')])
  await responder(t, '127.0.42.4', () => [envelope('<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>')])
  await responder(t, '127.0.42.5', (question) => [
    matches('urn:uuid:dddd', 'http://10.0.0.1:22/onvif/device_service', idOf(question)),
    matches('urn:uuid:eeee', 'file:///etc/passwd javascript:1', idOf(question)),
  ])
  const outside = await responder(t, '127.0.43.1', (question) => [
    matches('urn:uuid:ffff', 'http://127.0.43.1/', idOf(question)),
  ])
  const elsewhere = createSocket('udp4')
  elsewhere.bind(0, '127.0.43.2')
  await once(elsewhere, 'listening')
  t.teardown(() => elsewhere.close())
  const sneaky = createSocket({ type: 'udp4', reuseAddr: true })
  sneaky.on('message', (question, from) => {
    const reply = matches('urn:uuid:9999', 'http://127.0.43.2/', idOf(question.toString()))
    elsewhere.send(reply, from.port, from.address, () => {})
  })
  sneaky.bind(PORT, '127.0.42.6')
  await once(sneaky, 'listening')
  t.teardown(() => sneaky.close())
  const progress: number[] = []
  const { devices, candidates } = await searchUnicast(
    [1, 2, 3, 4, 5, 6].map((host) => `127.0.42.${host}`).concat('127.0.43.1'),
    options({ onProgress: (done) => progress.push(done) }),
    signal,
  )
  t.same(
    devices.map(({ host, port, path, announcement }) => [host, port, path, announcement.endpointReference]),
    [
      ['127.0.42.1', 8000, '/onvif/d', 'urn:uuid:aaaa-1'],
      ['127.0.42.5', 22, '/onvif/device_service', 'urn:uuid:dddd'],
    ],
    'by reference; the host is the sender, whatever it says',
  )
  t.match(devices[0]?.announcement, { name: 'A B' })
  t.same(
    candidates.map(({ address }) => address).sort(),
    ['127.0.42.3', '127.0.42.4'],
    'to be asked once more before they are listed',
  )
  t.same(outside.asked, [], 'no packet leaves the camera networks')
  t.equal(good.asked.length, 2, 'not asked again in the second round')
  t.match(good.asked[0], 'dn:NetworkVideoTransmitter')
  t.match(good.asked[1], '<d:Types/>')
  t.equal(progress.at(-1), 24)
})

t.test('a flood is bounded', async (t) => {
  const flood = (question: string): string[] =>
    Array.from({ length: 80 }, () => matches(`urn:uuid:${randomUUID()}`, 'http://127.0.42.7/', idOf(question)))
  await responder(t, '127.0.42.7', flood)
  const many = `<d:ProbeMatch/>`.repeat(500)
  const message = parseDiscovery(
    Buffer.from(envelope(`<d:ProbeMatches xmlns:d="${NS.discovery}">${many}</d:ProbeMatches>`)),
  )
  t.match(message, { kind: 'announcements', devices: [] })
  const { devices } = await searchUnicast(['127.0.42.7'], options(), signal)
  t.equal(devices.length, 64)
})

t.test('it ends with the signal', async (t) => {
  const stop = new AbortController()
  const slow = options({ timing: { roundGapMs: 60_000, listenMs: 60_000, pacePerSecond: 1 } })
  const searching = searchMulticast([{ address: '127.0.0.1' }], slow, stop.signal)
  stop.abort(new Error('stopped'))
  await t.rejects(searching, /aborted|stopped/)
})
