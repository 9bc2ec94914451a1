import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { Problem } from '../../gateway/errors.ts'
import { AnswerHead, type Exchange } from '../../gateway/http/exchange.ts'
import { quietServer } from '../fakes/quiet-server.ts'

const PRINCIPAL = { kind: 'token', id: '1', name: 'a', roles: [], cellCodes: undefined, sessionId: 's' } as const
/** More than the sockets of both sides buffer. */
const LONG = Array.from({ length: 64 }, (_, at) => Buffer.alloc(1024 * 1024, at))
const PIECES = [Buffer.from('one,'), Buffer.from('two,'), Buffer.from('three')]

const get = (path: string, fields = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\n${fields}\r\n`

/** The real server with direct routes, and one that Fastify answers. */
async function serving(t: Test, keepAliveMs?: number) {
  const app = await quietServer(({ authorization }) => (authorization === undefined ? undefined : PRINCIPAL))
  if (keepAliveMs !== undefined) app.server.keepAliveTimeout = keepAliveMs
  const byNode: string[] = []
  app.server.on('request', ({ url }: { url: string }) => byNode.push(url))
  const held: Exchange[] = []
  let over = 0
  const [isHeld, isOver] = [0, 1].map(() => Promise.withResolvers<void>())
  app.answerDirectly<string>({
    asked: (url) => /^\/direct\/(\w+)$/.exec(url)?.[1],
    answer: (what, _principal, exchange) => {
      if (what === 'refused') throw new Problem('media-not-found', { zh: '没有', en: 'it is not there' })
      exchange.onOver(() => {
        over++
        isOver?.resolve()
      })
      const body = { pieces: PIECES, none: [], long: LONG, bytes: Buffer.from('bytes') }[what] ?? `said ${what}`
      if (what !== 'held') exchange.send(new AnswerHead(200, ['content-type', 'text/plain']), body)
      else if (held.push(exchange) > 0) isHeld?.resolve()
      return undefined
    },
  })
  app.post('/echo', { config: { access: 'signed-in' } }, async (request) => String((request.body as string).length))
  app.get('/socket', { config: { access: 'anyone' }, websocket: true }, (socket) => {
    socket.on('message', (message: Buffer) => socket.send(`heard ${message}`))
  })
  app.get('/direct/*', { config: { access: 'anyone' } }, async () => 'by Fastify')
  t.teardown(() => app.close())
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
  const counts = () => ({ held: held.length, over })
  return { app, port, byNode, held, counts, isHeld: isHeld?.promise, isOver: isOver?.promise }
}

/** What comes over one connection, answer by answer. */
class Client {
  readonly socket: Socket
  #chunks: Buffer[] = []
  #news = Promise.withResolvers<void>()

  constructor(t: Test, port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (bytes) => {
      this.#chunks.push(bytes)
      this.#news.resolve()
    })
    this.socket.on('end', () => this.#news.resolve())
    this.socket.on('error', () => {})
    t.teardown(() => this.socket.destroy())
  }

  async #more(): Promise<void> {
    if (this.socket.readableEnded) throw new Error('the connection has ended')
    await this.#news.promise
    this.#news = Promise.withResolvers()
  }

  async #read(isEnough: (chunks: readonly Buffer[]) => boolean): Promise<Buffer> {
    while (!isEnough(this.#chunks)) await this.#more()
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  async answer(): Promise<{ status: number; head: string; body: string }> {
    const opening = await this.#read((chunks) => Buffer.concat(chunks).includes('\r\n\r\n'))
    const start = opening.indexOf('\r\n\r\n') + 4
    const head = opening.toString('latin1', 0, start - 4)
    const end = start + Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    const all = await this.#read((chunks) => chunks.reduce((bytes, { length }) => bytes + length, 0) >= end)
    this.#chunks = [all.subarray(end)]
    return { status: Number(head.slice(9, 12)), head, body: all.toString('latin1', start, end) }
  }

  async ask(text: string) {
    this.socket.write(text)
    return this.answer()
  }
}

t.test('many on one connection, each answered as it lies', async (t) => {
  const { port, byNode, counts } = await serving(t)
  const client = new Client(t, port)
  for (const [path, status, body] of [
    ['/direct/text', 200, 'said text'],
    ['/direct/bytes', 200, 'bytes'],
    ['/direct/pieces', 200, 'one,two,three'],
    ['/direct/none', 200, ''],
    ['/direct/refused', 404, /it is not there/],
    ['/direct/text', 200, 'said text'],
  ] as const) {
    const answer = await client.ask(get(path, 'accept-language: en\r\n'))
    t.match(answer, { status, body }, path)
    t.match(answer.head, /^HTTP\/1.1 \d+ [A-Z][\w ]+\r\n/)
    t.match(answer.head, /\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/)
    t.match(answer.head, /\r\nconnection: keep-alive\r\nkeep-alive: timeout=72\r\n/)
  }
  t.same(byNode, [], 'without a word to Node')
  t.equal(counts().over, 5)
})

t.test('who has no session gets no further here either', async (t) => {
  const { port, byNode, counts } = await serving(t)
  const client = new Client(t, port)
  t.match(await client.ask('GET /direct/text HTTP/1.1\r\nHost: a\r\n\r\n'), { status: 401, body: /not-signed-in/ })
  t.match(await client.ask(get('/direct/text')), { status: 200 })
  t.match(await client.ask('GET /direct/text HTTP/1.1\r\nHost: a\r\n\r\n'), { status: 401 })
  t.same([byNode, counts().over], [[], 1])
})

t.test('a long answer comes whole, and the next behind it', async (t) => {
  const { port } = await serving(t)
  const client = new Client(t, port)
  const { body } = await client.ask(get('/direct/long'))
  t.ok(Buffer.from(body, 'latin1').equals(Buffer.concat(LONG)))
  t.match(await client.ask(get('/direct/text')), { body: 'said text' })
})

t.test("from the first that has more to it the connection is Node's, with every byte", async (t) => {
  const { port, byNode } = await serving(t)
  const client = new Client(t, port)
  t.match(await client.ask(get('/direct/text')), { body: 'said text' })
  const long = 'x'.repeat(900_000)
  const post = `POST /echo HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nContent-Type: text/plain\r\nContent-Length: ${long.length}\r\n\r\n`
  t.match(await client.ask(post + long), { status: 200, body: '900000' })
  t.match(await client.ask(get('/direct/text')), { body: 'said text' })
  t.match(await client.ask(get('/direct/Other%20')), { body: 'by Fastify' })
  t.same(byNode, ['/echo', '/direct/text', '/direct/Other%20'])
})

for (const [what, text, status] of [
  ['HEAD', get('/direct/text').replace('GET', 'HEAD'), 200],
  ['a path that is nobody’s', get('/nobody'), 404],
  ['what is no HTTP', 'hello\r\n\r\n', 400],
  ['two lengths', get('/direct/text', 'content-length: 1\r\ncontent-length: 2\r\n'), 400],
  ['a head beyond all measure', get('/direct/text', `cookie: ${'a'.repeat(40_000)}\r\n`), 431],
] as const)
  t.test(`Node answers ${what}, as the first or after others`, async (t) => {
    const { port } = await serving(t)
    const head = text.startsWith('HEAD')
    for (const before of [0, 2]) {
      const client = new Client(t, port)
      for (let at = 0; at < before; at++) await client.ask(get('/direct/text'))
      if (head) {
        client.socket.write(text)
        const [bytes] = (await once(client.socket, 'data')) as [Buffer]
        t.match(bytes.toString(), /^HTTP\/1.1 200 /)
      } else t.equal((await client.ask(text)).status, status)
    }
  })

t.test('a request in two pieces is answered, and so are those after it', async (t) => {
  const { app, port, byNode } = await serving(t)
  const connected = once(app.server, 'connection') as Promise<[Socket]>
  const client = new Client(t, port)
  const [{ 0: accepted }, first] = await Promise.all([connected, client.ask(get('/direct/text'))])
  t.match(first, { body: 'said text' })
  const text = get('/direct/bytes')
  const arrived = once(accepted, 'data')
  client.socket.write(text.slice(0, 20))
  await arrived
  client.socket.write(text.slice(20))
  t.match(await client.answer(), { body: 'bytes' })
  t.match(await client.ask(text), { body: 'bytes' })
  t.same(byNode, ['/direct/bytes', '/direct/bytes'])
})

t.test('requests that come before their turn are answered in order', async (t) => {
  const { port, held, isHeld, byNode } = await serving(t)
  const client = new Client(t, port)
  client.socket.write(get('/direct/held'))
  await isHeld
  client.socket.write(get('/direct/early') + get('/direct/bytes'))
  t.match(await new Client(t, port).ask(get('/direct/text')), { body: 'said text' }, 'nobody else waits')
  t.equal(client.socket.bytesRead, 0)
  held[0]?.send(new AnswerHead(200, []), 'held')
  t.equal((await client.answer()).body, 'held')
  t.equal((await client.answer()).body, 'said early')
  t.equal((await client.answer()).body, 'bytes')
  t.same(byNode, ['/direct/early', '/direct/bytes'])
})

t.test('a connection becomes a WebSocket', async (t) => {
  const { port } = await serving(t)
  const client = new Client(t, port)
  t.match(await client.ask(get('/direct/text')), { body: 'said text' })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`, {
    createConnection: (() => client.socket) as unknown as typeof connect,
  })
  client.socket.removeAllListeners('data')
  await Promise.race([once(socket, 'open'), new Promise(setImmediate).then(() => client.socket.emit('connect'))])
  if (socket.readyState !== WebSocket.OPEN) await once(socket, 'open')
  const heard = once(socket, 'message')
  socket.send('hello')
  t.equal(String((await heard)[0]), 'heard hello')
  socket.terminate()
})

t.test('who leaves while an answer is held is over, once', async (t) => {
  const { port, held, isHeld, isOver, counts } = await serving(t)
  const client = new Client(t, port)
  client.socket.write(get('/direct/held'))
  await isHeld
  t.equal(held[0]?.hasLeft, false)
  client.socket.destroy()
  await isOver
  t.same([held[0]?.hasLeft, counts().over], [true, 1])
  t.throws(() => held[0]?.send(new AnswerHead(200, []), 'late'), /answered once/)
  t.equal(counts().over, 1)
})

t.test('who leaves in the middle of an answer is over, once', async (t) => {
  const { port, isOver, counts } = await serving(t)
  const client = new Client(t, port)
  client.socket.write(get('/direct/long'))
  await once(client.socket, 'data')
  t.equal(counts().over, 0)
  client.socket.destroy()
  await isOver
  t.equal(counts().over, 1)
})

t.test('nothing leaves after a cut', async (t) => {
  const { port, held, isHeld, isOver } = await serving(t)
  const client = new Client(t, port)
  client.socket.write(get('/direct/held'))
  await isHeld
  held[0]?.send(new AnswerHead(200, []), LONG)
  held[0]?.cut()
  await Promise.all([isOver, once(client.socket, 'end')])
  t.ok(client.socket.bytesRead < LONG.length * 1024 * 1024, `${client.socket.bytesRead} bytes`)
})

t.test('who says no more has left, and still gets what is on its way', async (t) => {
  const { port, held, isHeld, isOver } = await serving(t)
  const [waiting, taking, idle] = [0, 1, 2].map(() => new Client(t, port)) as [Client, Client, Client]
  const ends = [waiting, taking, idle].map(({ socket }) => once(socket, 'end'))
  await idle.ask(get('/direct/none'))
  idle.socket.end()
  waiting.socket.write(get('/direct/held'))
  await isHeld
  waiting.socket.end()
  await isOver
  taking.socket.write(get('/direct/long'))
  await once(taking.socket, 'data')
  taking.socket.end()
  t.equal((await taking.answer()).body.length, LONG.length * 1024 * 1024)
  await Promise.all(ends)
  t.equal(held[0]?.hasLeft, true)
})

t.test('a server that closes ends what is idle and answers what is asked', async (t) => {
  const { app, port, held, isHeld } = await serving(t)
  const idle = new Client(t, port)
  const busy = new Client(t, port)
  const silent = new Client(t, port)
  await Promise.all([idle.ask(get('/direct/text')), once(silent.socket, 'connect')])
  busy.socket.write(get('/direct/held'))
  await isHeld
  const ends = [idle, silent].map(({ socket }) => once(socket, 'end'))
  const closed = app.close()
  await Promise.all(ends)
  const last = once(busy.socket, 'end')
  held[0]?.send(new AnswerHead(200, []), PIECES)
  t.equal((await busy.answer()).body, 'one,two,three')
  await last
  await closed
})

t.test('a connection on which nothing comes is ended, and no earlier than it was told', async (t) => {
  const { port } = await serving(t, 1000)
  const client = new Client(t, port)
  const { head } = await client.ask(get('/direct/text'))
  t.match(head, /\r\nkeep-alive: timeout=1\r\n/)
  const start = performance.now()
  await once(client.socket, 'end')
  t.ok(performance.now() - start >= 1000)
})
