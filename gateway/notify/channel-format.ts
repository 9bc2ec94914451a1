import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { ChannelFault, ChannelKind, ChannelMessage } from '../contracts/channel.ts'
import type { Words } from '../words.ts'
import { linkTo, sentenceOf } from './channel-words.ts'

/** What is sealed of a channel. */
export const ChannelSettings = z.object({
  url: z.string(),
  secret: z.string().optional(),
  template: z.string().optional(),
  authorization: z.string().optional(),
})
export type ChannelSettings = z.infer<typeof ChannelSettings>

export interface OutgoingRequest {
  url: string
  headers: Readonly<Record<string, string>>
  body: string
}

/** One message as it is to be sent; a robot takes several cases in one, a text message is for one person. */
export interface Composition {
  text: string
  /** Mobile numbers to be called by name in a group, or the one number of a text message. */
  phones: readonly string[]
  /** Fields of a text message's template beside `phone` and `text`. */
  fields: Readonly<Record<string, string>>
}

/** Bytes of text that a WeCom robot takes (developer.work.weixin.qq.com/document/path/91770); others take more. */
const MAX_TEXT_BYTES = 2048

const DEFAULT_TEMPLATE = '{"phone":"{{phone}}","text":"{{text}}","id":"{{id}}"}'

interface Wording {
  language: 'zh' | 'en'
  consoleUrl: string | undefined
}

const BETWEEN_CASES = '\n\n'

const linesOf = (message: ChannelMessage, { language, consoleUrl }: Wording): string =>
  [sentenceOf(message, language), linkTo(consoleUrl, message.caseId)].filter((line) => line !== '').join('\n')

/** How many of these, from the first on, one text can tell to the end; at least one. */
export function countFitting(messages: readonly ChannelMessage[], wording: Wording): number {
  let bytes = 0
  const tooLong = messages.findIndex((message) => {
    bytes += Buffer.byteLength(linesOf(message, wording)) + (bytes === 0 ? 0 : BETWEEN_CASES.length)
    return bytes > MAX_TEXT_BYTES
  })
  return tooLong === -1 ? messages.length : Math.max(1, tooLong)
}

/** Several cases as one text, each with its link. */
export function compose(
  messages: readonly { message: ChannelMessage; phone: string | undefined }[],
  wording: Wording,
): Composition {
  const { consoleUrl } = wording
  const lines = messages.map(({ message }) => linesOf(message, wording))
  const first = messages[0]?.message
  return {
    text: cut(lines.join(BETWEEN_CASES), MAX_TEXT_BYTES),
    phones: [...new Set(messages.flatMap(({ phone }) => phone ?? []))],
    fields: {
      number: first?.number ?? '',
      priority: first === undefined ? '' : String(first.priority),
      cellCode: first?.cellCode ?? '',
      link: first === undefined ? '' : linkTo(consoleUrl, first.caseId),
    },
  }
}

/** The longest beginning of a text that has no more than `bytes` bytes and no half characters. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  const whole = Buffer.from(text).subarray(0, bytes - 3)
  return `${new TextDecoder('utf-8').decode(whole, { stream: true })}…`
}

const hmac = (key: string, data: string): Buffer => createHmac('sha256', key).update(data).digest()

/**
 * The HTTP request that brings a message to its provider, as the provider's documentation asks for it.
 * @param nowMs wall clock, ms since 1970: DingTalk and Feishu refuse a signature that is an hour off
 * @param id repeated by every attempt at the same message
 */
export function requestOf(
  kind: ChannelKind,
  settings: ChannelSettings,
  { text, phones, fields }: Composition,
  { nowMs, id }: { nowMs: number; id: string },
): OutgoingRequest {
  const { secret } = settings
  const json = { 'content-type': 'application/json; charset=utf-8' }
  switch (kind) {
    case 'wecom':
      return {
        url: settings.url,
        headers: json,
        body: JSON.stringify({ msgtype: 'text', text: { content: text, mentioned_mobile_list: phones } }),
      }
    case 'dingtalk': {
      // open.dingtalk.com: sign = urlEncode(base64(HmacSHA256(key: secret, timestamp + "\n" + secret))), milliseconds.
      const url = new URL(settings.url)
      if (secret !== undefined) {
        url.searchParams.set('timestamp', String(nowMs))
        url.searchParams.set('sign', hmac(secret, `${nowMs}\n${secret}`).toString('base64'))
      }
      // Whoever is called must stand in the text too.
      const called = phones.map((phone) => `@${phone}`).join(' ')
      const content = called === '' ? text : `${text}\n${called}`
      return {
        url: url.href,
        headers: json,
        body: JSON.stringify({ msgtype: 'text', text: { content }, at: { atMobiles: phones, isAtAll: false } }),
      }
    }
    case 'feishu': {
      // open.feishu.cn: sign = base64(HmacSHA256(key: timestamp + "\n" + secret, empty text)), seconds.
      const timestamp = String(Math.floor(nowMs / 1000))
      const signed =
        secret === undefined ? {} : { timestamp, sign: hmac(`${timestamp}\n${secret}`, '').toString('base64') }
      return {
        url: settings.url,
        headers: json,
        body: JSON.stringify({ ...signed, msg_type: 'text', content: { text } }),
      }
    }
    case 'sms': {
      const body = filled(settings.template ?? DEFAULT_TEMPLATE, { ...fields, text, phone: phones[0] ?? '', id })
      const timestamp = String(Math.floor(nowMs / 1000))
      return {
        url: settings.url,
        headers: {
          ...json,
          'x-gridlight-delivery': id,
          ...(settings.authorization === undefined ? {} : { authorization: settings.authorization }),
          ...(secret === undefined
            ? {}
            : {
                'x-gridlight-timestamp': timestamp,
                'x-gridlight-signature': `sha256=${hmac(secret, `${timestamp}.${body}`).toString('hex')}`,
              }),
        },
        body,
      }
    }
  }
}

/** Fills the strings of a JSON document; what is filled in cannot change its shape. Throws where it is no JSON. */
function filled(template: string, fields: Readonly<Record<string, string>>): string {
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(/\{\{(\w+)\}\}/g, (whole, name) => fields[name] ?? whole)
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]))
  }
  return JSON.stringify(fill(JSON.parse(template)))
}

/** Whether a template can be filled. @returns why not */
export function templateFault(template: string): Words | undefined {
  try {
    const body = JSON.parse(template)
    if (typeof body !== 'object' || body === null)
      return { zh: 'template：不是 JSON 对象', en: 'template: is not a JSON object' }
  } catch {
    return { zh: 'template：不是 JSON', en: 'template: is not JSON' }
  }
  const unknown = [...template.matchAll(/\{\{(\w+)\}\}/g)]
    .map(([, name = '']) => name)
    .filter((name) => !FIELDS.has(name))
  if (unknown.length > 0) {
    return { zh: `template：没有字段 ${unknown.join('、')}`, en: `template: there is no field ${unknown.join(', ')}` }
  }
  return template.includes('{{phone}}')
    ? undefined
    : { zh: 'template：未写 {{phone}}', en: 'template: names no {{phone}}' }
}
const FIELDS = new Set(['phone', 'text', 'number', 'priority', 'cellCode', 'link', 'id'])

export type Outcome =
  | { kind: 'accepted'; status: number; detail: string }
  | {
      kind: 'refused'
      fault: ChannelFault
      status?: number
      detail: string
      /** Trying again can help. */
      isPassing: boolean
      /** Not before this long, where the provider says so or is known to mean it. */
      waitMs?: number
    }

const MINUTE_MS = 60_000

/** The codes by which providers refuse, where we know what to do about it. */
const CODES: Readonly<
  Record<Exclude<ChannelKind, 'sms'>, Readonly<Record<number, { fault: ChannelFault; waitMs?: number }>>>
> = {
  wecom: {
    45009: { fault: 'too-many-messages', waitMs: MINUTE_MS },
    93000: { fault: 'robot-not-found' },
  },
  dingtalk: {
    130101: { fault: 'too-many-messages', waitMs: 10 * MINUTE_MS },
    310000: { fault: 'signature-refused' },
    300001: { fault: 'robot-not-found' },
    400013: { fault: 'robot-not-found' },
  },
  feishu: {
    9499: { fault: 'too-many-messages', waitMs: MINUTE_MS },
    11232: { fault: 'too-many-messages', waitMs: MINUTE_MS },
    19001: { fault: 'robot-not-found' },
    19021: { fault: 'signature-refused' },
    19024: { fault: 'signature-refused' },
  },
}

const RobotAnswer = z.object({
  errcode: z.number().optional(),
  errmsg: z.string().optional(),
  code: z.number().optional(),
  msg: z.string().optional(),
  StatusCode: z.number().optional(),
  StatusMessage: z.string().optional(),
})

/** What a provider's answer means. Robots answer 200 to what they refuse, so their code decides. */
export function outcomeOf(
  kind: ChannelKind,
  answer: { status: number; retryAfterMs: number | undefined; body: string },
): Outcome {
  const { status, retryAfterMs, body } = answer
  const detail = body.slice(0, 200)
  if (status === 429) {
    return {
      kind: 'refused',
      fault: 'too-many-messages',
      status,
      detail,
      isPassing: true,
      waitMs: retryAfterMs ?? MINUTE_MS,
    }
  }
  if (status >= 500 || status === 408) {
    const wait = retryAfterMs === undefined ? {} : { waitMs: retryAfterMs }
    return { kind: 'refused', fault: 'unreachable', status, detail, isPassing: true, ...wait }
  }
  if (status < 200 || status > 299)
    return { kind: 'refused', fault: 'message-refused', status, detail, isPassing: false }
  if (kind === 'sms') return { kind: 'accepted', status, detail }
  const read = RobotAnswer.safeParse(parsed(body))
  const code = read.success ? (read.data.errcode ?? read.data.code ?? read.data.StatusCode) : undefined
  if (code === undefined) return { kind: 'refused', fault: 'answer-not-understood', status, detail, isPassing: false }
  if (code === 0) return { kind: 'accepted', status, detail }
  const { fault, waitMs } = CODES[kind][code] ?? { fault: 'message-refused' }
  const wait = waitMs === undefined ? {} : { waitMs }
  return { kind: 'refused', fault, status, detail, isPassing: fault === 'too-many-messages', ...wait }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
