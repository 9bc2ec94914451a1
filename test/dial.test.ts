import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import t, { type Test } from 'tap'
import { createDialer } from '../gateway/dial.ts'

async function listen(t: Test): Promise<{ server: Server; port: number; connections: () => number }> {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    socket.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise<void>((resolve) => void server.close(() => resolve())))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port, connections: () => connections }
}

const never = new AbortController().signal

t.test('an allowed address is connected', async (t) => {
  const { port } = await listen(t)
  const socket = await createDialer(['127.0.0.0/8']).connect({ host: '127.0.0.1', port }, never)
  t.equal(socket.remoteAddress, '127.0.0.1')
  socket.destroy()
})

t.test('an address outside the networks gets no packet', async (t) => {
  const { port, connections } = await listen(t)
  const dialer = createDialer(['10.0.0.0/8', 'fd00::/8'])
  for (const host of ['127.0.0.1', 'localhost', '::ffff:127.0.0.1', '::ffff:7f00:1', '[::ffff:127.0.0.1]']) {
    await t.rejects(
      dialer.connect({ host, port }, never),
      { name: 'DialError', fault: 'address-not-allowed' },
      { host },
    )
  }
  t.equal(connections(), 0)
})

for (const [address, isAllowed] of [
  ['10.0.0.1', true],
  ['10.255.255.255', true],
  ['11.0.0.0', false],
  ['9.255.255.255', false],
  ['169.254.169.254', false],
  ['::ffff:10.0.0.1', true],
  ['::ffff:a00:1', true],
  ['::FFFF:10.0.0.1', true],
  ['::ffff:8.8.8.8', false],
  ['::ffff:808:808', false],
  ['fd00::1', true],
  ['fe80::1', false],
  ['::1', false],
  ['0.0.0.0', false],
  ['10.1', false],
  ['0x0a000001', false],
  ['camera.local', false],
  ['', false],
] as const) {
  t.test(`${address || 'nothing'} is ${isAllowed ? 'allowed' : 'not allowed'}`, async (t) => {
    t.equal(createDialer(['10.0.0.0/8', 'fd00::/8']).allows(address), isAllowed)
  })
}

t.test('an IPv4 host written as IPv6 is dialled as what it is', async (t) => {
  const { port } = await listen(t)
  const dialer = createDialer(['127.0.0.0/8'])
  t.same(await dialer.check('[::ffff:7f00:1]', port), { ok: true, address: '127.0.0.1' })
  const socket = await dialer.connect({ host: '::ffff:7f00:1', port }, never)
  t.equal(socket.remoteAddress, '127.0.0.1')
  socket.destroy()
})

t.test('a name is judged by the address it stands for', async (t) => {
  t.same(await createDialer(['10.0.0.0/8']).check('localhost', 554), { ok: false, why: 'address-not-allowed' })
  t.match(await createDialer(['127.0.0.0/8', '::1/128']).check('localhost', 554), { ok: true })
  t.same(await createDialer(['0.0.0.0/0']).check('no-such-host.invalid', 554), { ok: false, why: 'name-not-found' })
})

t.test('ports of other services are not dialled', async (t) => {
  const dialer = createDialer(['127.0.0.0/8'])
  const refused = [
    0,
    22,
    23,
    25,
    53,
    445,
    1433,
    1883,
    3306,
    3389,
    5432,
    6379,
    8883,
    11211,
    27017,
    -1,
    65_536,
    1.5,
    Number.NaN,
  ]
  for (const port of refused) {
    t.same(await dialer.check('127.0.0.1', port), { ok: false, why: 'port-not-allowed' }, String(port))
  }
  for (const port of [80, 443, 554, 2020, 8000, 8554, 37777, 65_535]) {
    t.match(await dialer.check('127.0.0.1', port), { ok: true }, String(port))
  }
})

t.test('a port where nobody listens is refused', async (t) => {
  const { server, port } = await listen(t)
  const dialer = createDialer(['127.0.0.0/8'])
  await new Promise<void>((resolve) => void server.close(() => resolve()))
  await t.rejects(dialer.connect({ host: '127.0.0.1', port }, never), { name: 'DialError', fault: 'refused' })
})

t.test('an abort ends the dialling with its own reason', async (t) => {
  const dialer = createDialer(['127.0.0.0/8', '192.0.2.0/24'])
  const stop = new AbortController()
  stop.abort(new Error('stopped'))
  await t.rejects(dialer.connect({ host: '127.0.0.1', port: 554 }, stop.signal), /stopped/)
})
