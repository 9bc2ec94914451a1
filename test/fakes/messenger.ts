import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a provider has taken, in order. */
export interface Taken {
  path: string
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

export interface Messenger {
  /** `http://127.0.0.1:port` */
  url: string
  taken: Taken[]
  /** Every request, refused ones too. */
  requests: { count: number }
  /** Instead of what the documentation says, as long as it is set. */
  answer: { with?: { status: number; body: string; headers?: Record<string, string> } }
  /** Resolves once so many were taken. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

export const DINGTALK_SECRET = 'SEC000aa11'
export const FEISHU_SECRET = 'feishu-secret'
export const SMS_SECRET = 'sms-secret'
const HOUR_MS = 3_600_000

/**
 * Group robots of WeCom, DingTalk and Feishu and a provider of text messages behind one real HTTP server; each checks
 * what its documentation says that it checks, and answers as it does.
 * @param now wall clock, ms: signatures an hour off are refused
 */
export async function startMessenger(
  t: { teardown(handler: () => Promise<void>): void },
  now: () => number = Date.now,
): Promise<Messenger> {
  const waiters: { count: number; resolve: () => void }[] = []
  const messenger: Messenger = {
    url: '',
    taken: [],
    requests: { count: 0 },
    answer: {},
    until: (count) =>
      new Promise((resolve) => {
        waiters.push({ count, resolve })
        settle()
      }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const settle = (): void => {
    for (const { count, resolve } of waiters) if (messenger.taken.length >= count) resolve()
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      messenger.requests.count++
      handle(request, Buffer.concat(chunks).toString('utf8'), response)
    })
  })

  function handle(request: IncomingMessage, text: string, response: ServerResponse): unknown {
    const { with: instead } = messenger.answer
    if (instead !== undefined) {
      return response.writeHead(instead.status, instead.headers ?? {}).end(instead.body)
    }
    const url = new URL(request.url ?? '/', 'http://messenger')
    const body = JSON.parse(text)
    const say = (status: number, answer: object): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    const take = (): void => {
      messenger.taken.push({ path: url.pathname, headers: request.headers, body })
      settle()
    }
    if (url.pathname === '/cgi-bin/webhook/send') {
      if (url.searchParams.get('key') !== 'wecom-key')
        return say(200, { errcode: 93000, errmsg: 'invalid webhook url' })
      if (typeof body.text?.content !== 'string' || Buffer.byteLength(body.text.content) > 2048) {
        return say(200, { errcode: 40058, errmsg: 'text.content exceed max length 2048' })
      }
      take()
      return say(200, { errcode: 0, errmsg: 'ok' })
    }
    if (url.pathname === '/robot/send') {
      const timestamp = url.searchParams.get('timestamp') ?? ''
      const sign = createHmac('sha256', DINGTALK_SECRET).update(`${timestamp}\n${DINGTALK_SECRET}`).digest('base64')
      const isStale = Math.abs(now() - Number(timestamp)) > HOUR_MS
      if (url.searchParams.get('access_token') !== 'ding-token' || isStale || url.searchParams.get('sign') !== sign) {
        return say(200, { errcode: 310000, errmsg: 'sign not match' })
      }
      take()
      return say(200, { errcode: 0, errmsg: 'ok' })
    }
    if (url.pathname === '/open-apis/bot/v2/hook/feishu-hook') {
      const { timestamp = '', sign } = body
      const expected = createHmac('sha256', `${timestamp}\n${FEISHU_SECRET}`).update('').digest('base64')
      if (Math.abs(now() - Number(timestamp) * 1000) > HOUR_MS || sign !== expected) {
        return say(200, { code: 19021, msg: 'sign match fail or timestamp is not within one hour from current time' })
      }
      take()
      return say(200, { code: 0, msg: 'success', StatusCode: 0, StatusMessage: 'success', data: {} })
    }
    if (url.pathname === '/sms') {
      const timestamp = request.headers['x-gridlight-timestamp']
      const expected = createHmac('sha256', SMS_SECRET).update(`${timestamp}.${text}`).digest('hex')
      if (request.headers['x-gridlight-signature'] !== `sha256=${expected}`) return say(401, { error: 'signature' })
      take()
      return say(202, {})
    }
    return say(404, {})
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  messenger.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.teardown(() => messenger.close())
  return messenger
}
