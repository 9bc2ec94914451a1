import { createHash } from 'node:crypto'

/** One way in that a server offers (RFC 7235 §4.1). Text is as received, one character a byte (latin1). */
export type Challenge =
  | {
      scheme: 'digest'
      realm: string
      nonce: string
      algorithm: 'MD5' | 'SHA-256'
      /** `-sess` variant: the nonces are hashed into A1 (RFC 7616 §3.4.2). */
      session: boolean
      /** `none`: the server named no qop (RFC 2069 form). */
      qop: 'auth' | 'none'
      opaque?: string
      /** The nonce was too old, the password may be right: one more try is fair (RFC 7616 §3.3). */
      stale: boolean
      /** Algorithm exactly as the server wrote it, absent if it wrote none. */
      algorithmText?: string
    }
  | { scheme: 'basic'; realm: string }

export interface AuthorizeRequest {
  username: string
  password: string
  method: string
  /** Exactly the request target on the request line, query included. */
  uri: string
  /** Requests sent with this nonce so far, this one included: 1, 2, ... */
  nc: number
  /** Fresh random hex text. */
  cnonce: string
}

/** A camera offers at most three; the rest is noise. */
const MAX_CHALLENGES = 8
const MAX_CHALLENGE_CHARS = 8 * 1024

const STRENGTH = { 'SHA-256': 2, MD5: 1, basic: 0 } as const

/**
 * Reads `WWW-Authenticate` values (RFC 7235 §4.1): several headers, several challenges in one header, folded lines.
 * Challenges we cannot answer (unknown scheme or algorithm, `auth-int` only, no nonce) are left out; never throws.
 */
export function parseChallenges(headerValues: readonly string[]): Challenge[] {
  const challenges: Challenge[] = []
  for (const value of headerValues) {
    if (value.length > MAX_CHALLENGE_CHARS) continue
    for (const { scheme, parameters } of splitChallenges(value.replace(/\r?\n[ \t]+/g, ' '))) {
      const challenge = toChallenge(scheme, parameters)
      if (challenge !== undefined && challenges.length < MAX_CHALLENGES) challenges.push(challenge)
    }
  }
  return challenges
}

/** The strongest challenge we can answer: SHA-256, then MD5, then Basic; the first of equals. */
export function chooseChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  let best: Challenge | undefined
  for (const challenge of challenges) {
    if (best === undefined || strength(challenge) > strength(best)) best = challenge
  }
  return best
}

/**
 * The `Authorization` value for the strongest challenge (RFC 7616 §3.4, RFC 7617 §2), one character a byte (latin1), or
 * undefined if no challenge can be answered or the user name holds control characters.
 */
export function authorize(challenges: readonly Challenge[], request: AuthorizeRequest): string | undefined {
  const challenge = chooseChallenge(challenges)
  if (challenge === undefined || hasControl(request.username)) return undefined
  return challenge.scheme === 'basic' ? basic(request) : digest(challenge, request)
}

function basic({ username, password }: AuthorizeRequest): string | undefined {
  if (username.includes(':')) return undefined // RFC 7617 §2: cannot be expressed
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`
}

function digest(challenge: Challenge & { scheme: 'digest' }, request: AuthorizeRequest): string {
  const { realm, nonce, algorithm, session, qop, opaque, algorithmText } = challenge
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text, 'latin1')
      .digest('hex')
  const username = bytesAsLatin1(request.username)
  const secret = hash(`${username}:${realm}:${bytesAsLatin1(request.password)}`)
  const a1 = session ? hash(`${secret}:${nonce}:${request.cnonce}`) : secret
  const a2 = hash(`${request.method}:${bytesAsLatin1(request.uri)}`)
  const nc = (request.nc >>> 0).toString(16).padStart(8, '0')
  const response =
    qop === 'auth' ? hash(`${a1}:${nonce}:${nc}:${request.cnonce}:auth:${a2}`) : hash(`${a1}:${nonce}:${a2}`)
  const fields = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(bytesAsLatin1(request.uri))}`,
    `response="${response}"`,
  ]
  if (algorithmText !== undefined) fields.push(`algorithm=${algorithmText}`)
  if (qop === 'auth') fields.push('qop=auth', `nc=${nc}`)
  if (qop === 'auth' || session) fields.push(`cnonce=${quote(request.cnonce)}`)
  if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`)
  return `Digest ${fields.join(', ')}`
}

function toChallenge(scheme: string, parameters: ReadonlyMap<string, string>): Challenge | undefined {
  const realm = parameters.get('realm') ?? ''
  if (scheme === 'basic') return { scheme: 'basic', realm }
  if (scheme !== 'digest') return undefined
  const nonce = parameters.get('nonce')
  const algorithmText = parameters.get('algorithm')
  const match = /^(MD5|SHA-256)(-sess)?$/i.exec(algorithmText ?? 'MD5')
  const offers = parameters
    .get('qop')
    ?.split(',')
    .map((qop) => qop.trim().toLowerCase())
    .filter((qop) => qop !== '')
  const qop = offers === undefined || offers.length === 0 ? 'none' : offers.includes('auth') ? 'auth' : undefined
  if (nonce === undefined || match === null || qop === undefined) return undefined
  const opaque = parameters.get('opaque')
  return {
    scheme: 'digest',
    realm,
    nonce,
    algorithm: match[1]?.toUpperCase() === 'MD5' ? 'MD5' : 'SHA-256',
    session: match[2] !== undefined,
    qop,
    stale: parameters.get('stale')?.toLowerCase() === 'true',
    ...(opaque === undefined ? {} : { opaque }),
    ...(algorithmText === undefined ? {} : { algorithmText }),
  }
}

/** A token starts a parameter if `=` follows it, else a new challenge. */
function* splitChallenges(value: string): Generator<{ scheme: string; parameters: Map<string, string> }> {
  const pattern = /([^\s,="]+)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y
  let scheme: string | undefined
  let parameters = new Map<string, string>()
  let at = 0
  while (at < value.length) {
    pattern.lastIndex = at
    const match = pattern.exec(value)
    if (match === null) {
      at++
      continue
    }
    at = pattern.lastIndex
    const [text, name = '', quoted, plain] = match
    if (!text.includes('=')) {
      if (scheme !== undefined) yield { scheme, parameters }
      scheme = name.toLowerCase()
      parameters = new Map()
      continue
    }
    const content = quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1')
    if (!hasControl(content) && !parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), content)
  }
  if (scheme !== undefined) yield { scheme, parameters }
}

function strength(challenge: Challenge): number {
  return challenge.scheme === 'basic' ? STRENGTH.basic : STRENGTH[challenge.algorithm]
}

function bytesAsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code === 127) return true
  }
  return false
}
