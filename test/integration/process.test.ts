import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { NewAlarmSourceAnswer } from '../../gateway/contracts/alarm.ts'
import type { Camera } from '../../gateway/contracts/camera.ts'
import type { NewLinkAnswer } from '../../gateway/contracts/link.ts'
import type { View } from '../../gateway/contracts/view.ts'
import { ADMIN_PASSWORD } from '../fakes/gateway.ts'
import { spawnGateway, temporaryDataDir } from '../fakes/gateway-process.ts'
import { CELL, GRID } from '../fakes/grid.ts'
import { gstMissing, PIPELINES, startGst } from '../fakes/gst-server.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'
import { readServerSentEvents } from '../fakes/server-sent-events.ts'

/** What whoever runs the process relies on: exit codes, words, signals, and what a kill leaves. */

const SHUTDOWN_LIMIT_MS = 10_000
const STACK = /^\s+at /m

type Ask = <T>(method: string, path: string, body?: object) => Promise<T>

/** Asks with a bearer token of that role; whatever is not 2xx fails the test. */
async function tokenOf(url: string, role: string): Promise<string> {
  const credentials = { username: 'admin', password: ADMIN_PASSWORD }
  const headers = { 'content-type': 'application/json' }
  const signIn = { method: 'POST', headers, body: JSON.stringify(credentials) }
  const session = await fetch(new URL('/api/v1/session', url), signIn)
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrfToken } = (await session.json()) as { csrfToken: string }
  const made = await fetch(new URL('/api/v1/tokens', url), {
    method: 'POST',
    headers: { ...headers, cookie, 'x-csrf-token': csrfToken },
    body: JSON.stringify({ name: role, roles: [role] }),
  })
  return ((await made.json()) as { token: string }).token
}

const askWith =
  (url: string, token: string): Ask =>
  async <T>(method: string, path: string, body?: object) => {
    const answer = await fetch(new URL(path, url), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

t.test('every configuration fault at once, and status 78', async (t) => {
  const gateway = spawnGateway(t, await temporaryDataDir(t), {
    GRIDLIGHT_HTTP_PORT: '99999',
    GRIDLIGHT_HTTP_HOST: '0.0.0.0',
    GRIDLIGHT_LOG_LEVEL: 'loud',
    GRIDLIGHT_CELL_CODE_PATTERN: '(',
    GRIDLIGHT_NO_SUCH_SETTING: '1',
    GRIDLIGHT_DATABASE_URL: 'mysql://u:canary-password@db/x',
  })
  t.equal((await gateway.ended).code, 78)
  const said = gateway.errors()
  const named = ['HTTP_PORT', 'HTTP_HOST', 'LOG_LEVEL', 'CELL_CODE_PATTERN', 'NO_SUCH_SETTING', 'DATABASE_URL']
  for (const name of named) t.match(said, `GRIDLIGHT_${name}`)
  t.notMatch(said, STACK)
  t.notMatch(said, 'canary-password')
})

t.test('a certificate that cannot be used is a configuration fault', async (t) => {
  const dataDir = await temporaryDataDir(t)
  const tls = {
    GRIDLIGHT_TLS_CERT_FILE: join(dataDir, 'absent.pem'),
    GRIDLIGHT_TLS_KEY_FILE: join(dataDir, 'absent.key'),
  }
  const gateway = spawnGateway(t, dataDir, { ...tls, GRIDLIGHT_LOG_LEVEL: 'loud' })
  t.equal((await gateway.ended).code, 78)
  t.match(gateway.errors(), /GRIDLIGHT_TLS_CERT_FILE.*absent\.pem/)
  t.match(gateway.errors(), 'GRIDLIGHT_LOG_LEVEL', 'with the others')
})

t.test('a port that is taken is said in one line', async (t) => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const port = (taken.address() as { port: number }).port
  for (const name of ['GRIDLIGHT_HTTP_PORT', 'GRIDLIGHT_MQTT_PORT']) {
    const gateway = spawnGateway(t, await temporaryDataDir(t), { [name]: String(port), GRIDLIGHT_LOG_LEVEL: 'fatal' })
    t.equal((await gateway.ended).code, 69, name)
    t.match(gateway.errors(), `127.0.0.1:${port} 已被其他程序占用`)
    t.match(gateway.errors(), `is in use by another program: free it, or set others by GRIDLIGHT_`)
    t.match(gateway.errors(), name)
    t.notMatch(gateway.output(), STACK)
  }
})

t.test('a password that was made up is told at the first start only', async (t) => {
  const dataDir = await temporaryDataDir(t)
  const first = spawnGateway(t, dataDir, { GRIDLIGHT_ADMIN_PASSWORD: '' })
  const url = await first.url
  const [, password = ''] = /password of admin, shown this once: (\S+)/.exec(first.output()) ?? []
  const signIn = await fetch(new URL('/api/v1/session', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password }),
  })
  t.equal(signIn.status, 200, 'it opens')
  t.equal((await first.stop('SIGTERM')).code, 0)
  const second = spawnGateway(t, dataDir, { GRIDLIGHT_ADMIN_PASSWORD: '' })
  await second.url
  t.notMatch(second.output(), 'shown this once')
})

t.test('a second gateway on the same data is refused', async (t) => {
  const dataDir = await temporaryDataDir(t)
  const first = spawnGateway(t, dataDir)
  const url = await first.url
  // With PostgreSQL too: the directory still holds the keys and the node's id.
  for (const more of [{}, { GRIDLIGHT_DATABASE_URL: 'postgresql://u@127.0.0.1:1/x' }]) {
    const second = spawnGateway(t, dataDir, more)
    t.equal((await second.ended).code, 69)
    t.match(second.errors(), 'in use by another gateway')
    t.notMatch(second.errors(), STACK)
  }
  t.equal((await fetch(new URL('/readyz', url))).status, 200, 'the first goes on')
})

t.test('SIGTERM ends it with status 0 whoever is connected', async (t) => {
  const gateway = spawnGateway(t, await temporaryDataDir(t))
  const url = await gateway.url
  const [admin, operator] = [await tokenOf(url, 'administrator'), await tokenOf(url, 'operator')]
  const ask = askWith(url, admin)
  await ask('PUT', '/api/v1/grid', GRID)
  const panel = { name: '北门', kind: 'panel', cellCode: CELL }
  const source = await ask<NewAlarmSourceAnswer>('POST', '/api/v1/alarm-sources', panel)
  const events = await readServerSentEvents(`${url}/api/v1/events`, { authorization: `Bearer ${operator}` })
  t.teardown(() => events.close())

  const peer = { username: source.mqtt.username, password: source.mqtt.password }
  const [mqttUrl = ''] = /mqtt:\/\/\S+/.exec(gateway.output()) ?? []
  await mqttPeer(t, mqttUrl, peer)
  const { port } = new URL(url)
  for (const sent of [
    '',
    'GET / HTTP/1.1\r\nHost: x',
    'POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n',
  ]) {
    const halfOpen = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
    t.teardown(() => halfOpen.destroy())
    halfOpen.on('error', () => {})
    await once(halfOpen, 'connect')
    halfOpen.write(sent)
  }
  await ask('POST', '/api/v1/discoveries', { method: 'range', targets: ['127.0.9.0/24'] })
  await ask('POST', '/api/v1/discoveries', { method: 'multicast' })

  const ended = await gateway.stop('SIGTERM')
  t.match(ended, { code: 0, signal: null }, gateway.errors())
  t.ok(ended.tookMs < SHUTDOWN_LIMIT_MS, `${Math.round(ended.tookMs)} ms`)
  t.notMatch(gateway.output(), STACK)
})

t.test('SIGTERM in the middle of the start ends it in order', async (t) => {
  const dataDir = await temporaryDataDir(t)
  const gateway = spawnGateway(t, dataDir)
  // The node's id is written after the database was opened and before anything listens.
  while (!(await readdir(dataDir)).includes('gateway-id')) await Promise.race([gateway.ended, setTimeout(5)])
  t.match(await gateway.stop('SIGTERM'), { code: 0, signal: null }, gateway.errors())
  t.notMatch(gateway.output(), STACK)
  const again = spawnGateway(t, dataDir)
  t.equal((await fetch(new URL('/readyz', await again.url))).status, 200, 'nothing half done is left')
})

t.test('whoever reads its log may stand still: it goes on, and still ends', async (t) => {
  const gateway = spawnGateway(t, await temporaryDataDir(t), { GRIDLIGHT_LOG_LEVEL: 'debug' })
  const url = await gateway.url
  const { 1: port } = /alarms are taken at: mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(gateway.output()) ?? []
  gateway.child.stdout?.pause()
  // Each is a line of the log with its reason: together several times what the pipe holds.
  for (let n = 0; n < 1_000; n++) {
    const stranger = connect(Number(port), '127.0.0.1')
    stranger
      .end('GET / HTTP/1.1\r\n\r\n')
      .resume()
      .on('error', () => {})
    await once(stranger, 'close')
  }
  t.equal((await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(10_000) })).status, 200)
  const ended = once(gateway.child, 'exit', { signal: AbortSignal.timeout(SHUTDOWN_LIMIT_MS) })
  gateway.child.kill('SIGTERM')
  t.strictSame(await ended, [0, null])
  gateway.child.stdout?.resume()
})

t.test('SIGTERM ends it with status 0 while its broker is away', async (t) => {
  const gateway = spawnGateway(t, await temporaryDataDir(t), {
    GRIDLIGHT_MQTT_URL: 'mqtt://u:canary-password@127.0.0.1:1',
  })
  const url = await gateway.url
  const readyz = await fetch(new URL('/readyz', url))
  t.equal(readyz.status, 503)
  t.match(await readyz.json(), { code: 'not-ready', detail: /mqtt/ })
  const ended = await gateway.stop('SIGTERM')
  t.equal(ended.code, 0)
  t.ok(ended.tookMs < SHUTDOWN_LIMIT_MS, `${Math.round(ended.tookMs)} ms`)
  t.notMatch(gateway.output(), 'canary-password')
})

function isOpensslMissing(): string | false {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' })
    return false
  } catch {
    return 'openssl is not installed'
  }
}

t.test('TLS: HTTP/2 and HTTP/1.1 on one port', { skip: isOpensslMissing() }, async (t) => {
  const dataDir = await temporaryDataDir(t)
  const [certFile, keyFile] = [join(dataDir, 'cert.pem'), join(dataDir, 'key.pem')]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const about = ['-days', '1', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', ['req', '-x509', ...curve, ...about, '-keyout', keyFile, '-out', certFile], { stdio: 'pipe' })
  const ca = await readFile(certFile)
  const gateway = spawnGateway(t, dataDir, { GRIDLIGHT_TLS_CERT_FILE: certFile, GRIDLIGHT_TLS_KEY_FILE: keyFile })
  const url = await gateway.url
  t.match(url, /^https:/)

  const session = connectHttp2(url, { ca })
  t.teardown(() => session.destroy())
  session.on('error', () => {})
  const ask = async (headers: Record<string, string>, body = '') => {
    const stream = session.request(headers)
    if (body !== '') stream.end(body)
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    return { stream, answer }
  }
  const credentials = JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD })
  const json = { 'content-type': 'application/json' }
  const signIn = await ask({ ':method': 'POST', ':path': '/api/v1/session', origin: url, ...json }, credentials)
  t.equal(signIn.answer[':status'], 200)
  t.match(String(signIn.answer['set-cookie']), /^__Host-gridlight=[^;]+;.*Path=\/; HttpOnly; Secure; SameSite=Strict/)
  const cookie = String(signIn.answer['set-cookie']).split(';')[0] ?? ''
  const isConsoleBuilt = existsSync(join(import.meta.dirname, '../../web-console/dist/index.html'))
  for (const path of [...(isConsoleBuilt ? ['/'] : []), '/api/v1/session', '/healthz']) {
    t.equal((await ask({ ':path': path, cookie })).answer[':status'], 200, `HTTP/2 ${path}`)
    const request = httpsRequest(new URL(path, url), { ca, headers: { cookie } }).end()
    const [older] = await once(request, 'response')
    older.resume()
    t.equal(older.statusCode, 200, `HTTP/1.1 ${path}`)
  }
  const events = await ask({ ':path': '/api/v1/events', cookie })
  t.match(events.answer, { ':status': 200, 'content-type': /event-stream/ })
  events.stream.pause()

  const upload = session.request({ ':method': 'POST', ':path': '/api/v1/session', ...json })
  upload.on('error', () => {})
  upload.write('{')

  const ended = await gateway.stop('SIGTERM')
  t.match(ended, { code: 0, signal: null }, gateway.errors())
  t.ok(ended.tookMs < SHUTDOWN_LIMIT_MS, `${Math.round(ended.tookMs)} ms with an event stream and half a request open`)
})

/** Every file of the directory, one after the other. */
async function contents(directory: string): Promise<string> {
  const names = await readdir(directory)
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))).join('\n')
}

async function registerPrivateCamera(ask: Ask, port: number, password: string): Promise<Camera> {
  const place = { name: '沿街商铺', cellCode: CELL, placeClass: 'other', ownership: 'private' }
  const source = { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${port}/main`, username: 'viewer', password }
  return ask<Camera>('POST', '/api/v1/cameras', { ...place, source })
}

async function linkPrivately(ask: Ask, url: string, cameraId: string): Promise<{ token: string; cookie: string }> {
  const party = { kind: 'shop', name: '便民超市', contact: '13800000000' }
  const asked = { ownership: 'private', party, basis: '自愿', purpose: '治安', scopes: ['live'] }
  const validFrom = new Date().toISOString()
  const { id, ownerInvitation } = await ask<NewLinkAnswer>('POST', '/api/v1/links', { cameraId, ...asked, validFrom })
  const headers = { 'content-type': 'application/json' }
  const token = ownerInvitation?.token ?? ''
  const opened = await fetch(new URL('/api/v1/owner/session', url), {
    method: 'POST',
    headers,
    body: JSON.stringify({ token }),
  })
  const cookie = opened.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrfToken } = (await opened.json()) as { csrfToken: string }
  const validUntil = new Date(Date.now() + 86_400_000).toISOString()
  await fetch(new URL(`/api/v1/owner/links/${id}/consent`, url), {
    method: 'POST',
    headers: { ...headers, cookie, 'x-csrf-token': csrfToken },
    body: JSON.stringify({ scopes: ['live'], validUntil }),
  })
  return { token, cookie }
}

async function ledgerOf(url: string, cookie: string): Promise<{ endedWhy?: string; watchingNow: boolean }[]> {
  const read = async <T>(path: string): Promise<T> =>
    (await fetch(new URL(path, url), { headers: { cookie } })).json() as Promise<T>
  const { items } = await read<{ items: { id: string }[] }>('/api/v1/owner/links')
  return (await read<{ items: { watchingNow: boolean }[] }>(`/api/v1/owner/links/${items[0]?.id}/views`)).items
}

t.test(
  'what a kill -9 leaves: the view is closed as interrupted, the audit trail is whole',
  { skip: gstMissing() },
  (t) => afterKill(t),
)

async function afterKill(t: Test): Promise<void> {
  const cameraPassword = 'canary-camera-password'
  const camera = await startGst({ '/main': PIPELINES.h264 }, { name: 'viewer', password: cameraPassword })
  t.teardown(() => camera.close())
  const dataDir = await temporaryDataDir(t)
  const first = spawnGateway(t, dataDir, { GRIDLIGHT_LOG_LEVEL: 'trace' })
  const url = await first.url
  const [installer, operator] = [await tokenOf(url, 'installer'), await tokenOf(url, 'operator')]
  const install = askWith(url, installer)
  await install('PUT', '/api/v1/grid', GRID)
  const { id: cameraId } = await registerPrivateCamera(install, camera.port, cameraPassword)
  const owner = await linkPrivately(install, url, cameraId)
  const reason = { kind: 'request', text: '寻找走失老人' }
  const view = await askWith(url, operator)<View>('POST', '/api/v1/views', { cameraId, reason })
  t.match(await ledgerOf(url, owner.cookie), [{ watchingNow: true }])
  t.equal((await first.stop('SIGKILL')).signal, 'SIGKILL')

  const second = spawnGateway(t, dataDir, { GRIDLIGHT_LOG_LEVEL: 'trace' })
  const again = await second.url
  t.match(await ledgerOf(again, owner.cookie), [{ watchingNow: false, endedWhy: 'interrupted' }])
  const media = await fetch(new URL(view.hlsUrl, again), { headers: { authorization: `Bearer ${operator}` } })
  t.match([media.status, await media.json()], [410, { code: 'view-ended', why: 'interrupted' }])
  t.equal((await second.stop('SIGTERM')).code, 0)

  const { PATH = '' } = process.env
  const cli = [join(import.meta.dirname, '../../gateway/cli/main.ts'), 'audit', 'verify']
  const said = execFileSync(process.execPath, cli, { env: { PATH, GRIDLIGHT_DATA_DIR: dataDir }, encoding: 'utf8' })
  t.match(said, 'the audit chain is whole')

  const written = { files: await contents(dataDir), output: first.output() + second.output() }
  const secrets = { cameraPassword, ADMIN_PASSWORD, installer, operator, ...owner }
  for (const [place, text] of Object.entries(written)) {
    t.ok(text.length > 200, `${place}: ${text.length} characters are searched`)
    for (const [name, secret] of Object.entries(secrets)) {
      t.notOk(text.includes(secret.replace(/^gridlight=/, '')), `no ${name} in ${place}`)
    }
  }
}
