import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../gateway/clock.ts'

export type Algorithm = 'MD5' | 'SHA-256'

const NONCE_LIFE_MS = 300_000
const MAX_NONCES = 512

/** The camera's side of HTTP Digest (RFC 7616; RFC 2617 where `qop` is left out, as in most RTSP servers). */
export class DigestChallenger {
  readonly #realm: string
  readonly #clock: Clock
  readonly #qop: boolean
  readonly #nonces = new Map<string, { algorithm: Algorithm; issuedMs: number }>()

  constructor(options: { realm: string; clock: Clock; qop: boolean }) {
    this.#realm = options.realm
    this.#clock = options.clock
    this.#qop = options.qop
  }

  /** A `WWW-Authenticate` value with a fresh nonce. */
  challenge(algorithm: Algorithm): string {
    const nonce = randomBytes(16).toString('hex')
    this.#nonces.set(nonce, { algorithm, issuedMs: this.#clock.monotonicMs() })
    for (const oldest of this.#nonces.keys()) {
      if (this.#nonces.size <= MAX_NONCES) break
      this.#nonces.delete(oldest)
    }
    const qop = this.#qop ? ', qop="auth"' : ''
    return `Digest realm="${this.#realm}"${qop}, nonce="${nonce}", algorithm=${algorithm}, stale=FALSE`
  }

  /** @param header value of `Authorization`; the target is the URI of the request line */
  accepts(header: string, request: { method: string; target: string }, user: string, password: string): boolean {
    const fields = parameters(header)
    const nonce = fields.get('nonce') ?? ''
    const issued = this.#nonces.get(nonce)
    if (issued === undefined || this.#clock.monotonicMs() - issued.issuedMs > NONCE_LIFE_MS) return false
    if ((fields.get('algorithm') ?? 'MD5').toUpperCase() !== issued.algorithm) return false
    const uri = fields.get('uri') ?? ''
    if (fields.get('username') !== user || !sameTarget(uri, request.target)) return false
    const hash = (text: string): string =>
      createHash(issued.algorithm === 'SHA-256' ? 'sha256' : 'md5')
        .update(text)
        .digest('hex')
    const secret = hash(`${user}:${this.#realm}:${password}`)
    const act = hash(`${request.method}:${uri}`)
    const middle = fields.has('qop')
      ? `${nonce}:${fields.get('nc')}:${fields.get('cnonce')}:${fields.get('qop')}`
      : nonce
    return same(hash(`${secret}:${middle}:${act}`), fields.get('response') ?? '')
  }
}

export function acceptsBasic(header: string, user: string, password: string): boolean {
  const given = Buffer.from(/^Basic\s+(\S+)/i.exec(header)?.[1] ?? '', 'base64').toString('utf8')
  return same(given, `${user}:${password}`)
}

/** Some clients sign the absolute URI, some the path alone, and some leave the slash at its end away. */
function sameTarget(signed: string, target: string): boolean {
  const path = (uri: string): string => uri.replace(/^\w+:\/\/[^/]*/, '').replace(/\/$/, '')
  return path(signed) === path(target)
}

/** `key="quoted"` and `key=token` pairs of an Authorization header. */
function parameters(header: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [, key = '', quoted, bare = ''] of header.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g)) {
    fields.set(key.toLowerCase(), quoted ?? bare)
  }
  return fields
}

export function same(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer] // two in, two out
  return timingSafeEqual(a, b)
}
