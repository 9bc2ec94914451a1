import type { AskedHeaders } from './exchange.ts'

/** A browser's is a tenth of it. */
const MAX_HEAD_BYTES = 8 * 1024

const REQUEST_LINE = /^GET (\/[\x21-\x7e]*) HTTP\/1\.1$/
const FIELD_NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const FIELD_VALUE = /^[\t\x20-\x7e]*$/
const KEPT = new Set(['authorization', 'cookie', 'accept-encoding', 'accept-language'])
/** These may come once, and so may those that are kept. */
const SINGLE = new Set([...KEPT, 'host', 'connection'])
/** With one of these a body follows, or another protocol, or an answer in between. */
const MORE_TO_IT = new Set([
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'trailer',
  'te',
  'proxy-connection',
  'http2-settings',
])

export interface RequestHead {
  /** As it came, not decoded. */
  target: string
  headers: AskedHeaders
}

/**
 * Reads the plainest requests of one connection (RFC 9112 §3, §5): a GET without a body. Nothing is mended and nothing
 * refused here: whatever has more to it, or is not well formed, is for a whole HTTP parser to read or to refuse.
 */
export class RequestHeads {
  /** The fields of the request before, as they came: a player repeats them word for word. */
  #fields = ''
  #headers: AskedHeaders | undefined

  /** @param bytes what came at once @returns undefined unless that is one request, whole and plain */
  read(bytes: Buffer): RequestHead | undefined {
    if (bytes.length > MAX_HEAD_BYTES) return undefined
    const text = bytes.toString('latin1')
    const lineEnd = text.indexOf('\r\n')
    const target = REQUEST_LINE.exec(text.slice(0, Math.max(lineEnd, 0)))?.[1]
    if (target === undefined) return undefined
    const fields = text.slice(lineEnd)
    if (fields !== this.#fields) {
      this.#fields = fields
      this.#headers = headersOf(fields)
    }
    return this.#headers && { target, headers: this.#headers }
  }
}

/** @param fields from the end of the request line to the end of the empty line */
function headersOf(fields: string): AskedHeaders | undefined {
  if (!fields.endsWith('\r\n\r\n')) return undefined
  const found = new Map<string, string>()
  for (const line of fields.slice(2, -4).split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase()
    const value = line.slice(colon + 1)
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value) || MORE_TO_IT.has(name)) return undefined
    if (!SINGLE.has(name)) continue
    if (found.has(name)) return undefined
    found.set(name, value.replace(/^[\t ]+/, '').trimEnd())
  }
  if (!found.has('host') || (found.get('connection') ?? 'keep-alive').toLowerCase() !== 'keep-alive') return undefined
  return Object.fromEntries([...found].filter(([name]) => KEPT.has(name)))
}
