import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { placeOf, post } from '../../gateway/notify/outside.ts'

const request = (url: string) => ({ url, headers: {}, body: '{}' })
const never = new AbortController().signal
const LOOPBACK = ['127.0.0.0/8']

async function listening(t: { teardown(handler: () => void): void }, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('private, loopback and cloud addresses are forbidden unless listed', async (t) => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.64',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ]) {
    t.equal(placeOf(address, []), 'forbidden', address)
  }
  for (const address of ['1.1.1.1', '223.5.5.5', '172.32.0.1', '2400:3200::1']) {
    t.equal(placeOf(address, []), 'public', address)
  }
  t.equal(placeOf('10.1.2.3', ['10.1.0.0/16']), 'listed')
  t.equal(placeOf('10.2.2.3', ['10.1.0.0/16']), 'forbidden')
  t.equal(placeOf('fd00::1', ['fd00::/8']), 'listed')
})

t.test('nothing is sent to a forbidden host, by address or by name', async (t) => {
  let heard = 0
  const port = await listening(
    t,
    createHttpServer((_request, response) => {
      heard++
      response.end()
    }),
  )
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
    const reply = await post(request(`http://${host}:${port}/`), [], never)
    t.match(reply, { kind: 'failed', fault: 'address-not-allowed', isPassing: false }, host)
  }
  t.equal(heard, 0)
  t.match(await post(request(`http://127.0.0.1:${port}/`), LOOPBACK, never), { kind: 'answered', status: 200 })
  t.match(await post(request('http://1.1.1.1/'), [], never), { fault: 'address-not-allowed' }, 'plain HTTP outside')
  t.match(await post(request('https://no-such-host.invalid/'), [], never), { fault: 'name-not-found', isPassing: true })
})

t.test('redirects are not followed, long answers are cut, a closed port is unreachable', async (t) => {
  let heard = 0
  const port = await listening(
    t,
    createHttpServer((incoming, response) => {
      heard++
      if (incoming.url === '/redirect') response.writeHead(302, { location: '/elsewhere' }).end()
      else response.end('x'.repeat(1_000_000))
    }),
  )
  t.match(await post(request(`http://127.0.0.1:${port}/redirect`), LOOPBACK, never), { status: 302 })
  t.equal(heard, 1)
  const long = await post(request(`http://127.0.0.1:${port}/`), LOOPBACK, never)
  t.ok(long.kind === 'answered' && long.body.length === 64 * 1024)
  t.match(await post(request('http://127.0.0.1:1/'), LOOPBACK, never), { fault: 'unreachable', isPassing: true })
})

t.test('a certificate that nobody signed is refused', async (t) => {
  const directory = t.testdir({})
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'],
      ...['-subj', '/CN=localhost'],
    ],
    { stdio: 'ignore' },
  )
  let heard = 0
  const port = await listening(
    t,
    createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      heard++
      response.end()
    }),
  )
  t.match(await post(request(`https://localhost:${port}/`), [...LOOPBACK, '::1/128'], never), { fault: 'tls-refused' })
  t.equal(heard, 0)
})
