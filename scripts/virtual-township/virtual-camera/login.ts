import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../gateway/clock.ts'
import type { OnvifHabits } from '../township-data.ts'
import { DigestChallenger, same } from './digest.ts'
import { find, NS, type XmlElement } from './xml.ts'

const MAX_REMEMBERED_NONCES = 1024

export type LoginAnswer =
  | { kind: 'granted' }
  | { kind: 'refused'; text: string; status: 400 | 401 | 500; challenges: string[] }

export interface LoginOptions {
  habits: OnvifHabits
  manufacturer: string
  username: string
  password: string
  clockOffsetMs: () => number
  clock: Clock
}

/** Who may ask the SOAP services: WS-UsernameToken, HTTP Digest or either, with the make's own strictness. */
export class SoapLogin {
  readonly #options: LoginOptions
  readonly #digest: DigestChallenger
  readonly #usedNonces = new Set<string>()
  /** Tries with a wrong name or password since the start. */
  refused = 0
  #wrong = 0
  #lockedUntilMs = 0

  constructor(options: LoginOptions) {
    this.#options = options
    this.#digest = new DigestChallenger({ realm: `${options.manufacturer}_onvif`, clock: options.clock, qop: true })
  }

  check(request: IncomingMessage, envelope: XmlElement): LoginAnswer {
    const { habits, username, password, clock } = this.#options
    const { lockout } = habits
    if (clock.monotonicMs() < this.#lockedUntilMs) return this.#refuse('Sender not Authorized. The account is locked.')
    const token = find(envelope, 'UsernameToken', NS.security)
    const header = request.headers.authorization ?? ''
    const act = { method: request.method ?? 'POST', target: request.url ?? '/' }
    const granted =
      (habits.auth.includes('digest') && this.#digest.accepts(header, act, username, password)) ||
      (habits.auth.includes('wsse') && token !== undefined && this.#acceptsToken(token))
    if (granted) {
      this.#wrong = 0
      return { kind: 'granted' }
    }
    const tried = header.startsWith('Digest') || (habits.auth.includes('wsse') && token !== undefined)
    if (tried) this.refused += 1
    if (!tried || lockout === undefined) return this.#refuse(habits.refusalText.replace('{left}', `${lockout?.tries}`))
    this.#wrong += 1
    const left = lockout.tries - this.#wrong
    if (left <= 0) {
      this.#wrong = 0
      this.#lockedUntilMs = clock.monotonicMs() + lockout.seconds * 1000
    }
    return this.#refuse(habits.refusalText.replace('{left}', `${left}`))
  }

  /** Snapshots are fetched without an envelope, so by Digest alone. */
  checkFetch(request: IncomingMessage): { granted: true } | { granted: false; challenges: string[] } {
    const { username, password } = this.#options
    const act = { method: request.method ?? 'GET', target: request.url ?? '/' }
    if (this.#digest.accepts(request.headers.authorization ?? '', act, username, password)) return { granted: true }
    return { granted: false, challenges: [this.#digest.challenge('MD5')] }
  }

  #refuse(text: string): LoginAnswer {
    const { auth, digest, refusalStatus } = this.#options.habits
    const challenges = auth.includes('digest') ? digest.map((algorithm) => this.#digest.challenge(algorithm)) : []
    return { kind: 'refused', text, status: challenges.length > 0 ? 401 : refusalStatus, challenges }
  }

  /** Web Services Security UsernameToken Profile 1.0 §3.1: Base64(SHA-1(nonce + created + password)). */
  #acceptsToken(token: XmlElement): boolean {
    const { habits, username, password, clock, clockOffsetMs } = this.#options
    const text = (name: string): string => find(token, name)?.text ?? ''
    const nonce = text('Nonce')
    const created = text('Created')
    const proof = createHash('sha1')
      .update(Buffer.from(nonce, 'base64'))
      .update(created + password)
    const isPasswordText = find(token, 'Password')?.attributes.get('Type')?.endsWith('#PasswordText') === true
    if (isPasswordText || text('Username') !== username || !same(proof.digest('base64'), text('Password'))) return false
    const awayMs = Math.abs(Date.parse(created) - (clock.now() + clockOffsetMs()))
    if (habits.windowSeconds !== null && !(awayMs <= habits.windowSeconds * 1000)) return false
    if (!habits.refusesReplay) return true
    if (this.#usedNonces.has(nonce)) return false
    this.#usedNonces.add(nonce)
    for (const oldest of this.#usedNonces) {
      if (this.#usedNonces.size <= MAX_REMEMBERED_NONCES) break
      this.#usedNonces.delete(oldest)
    }
    return true
  }
}
