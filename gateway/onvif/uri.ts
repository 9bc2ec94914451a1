/** Where a camera may send us: nothing but its own services, whatever its answer says. */
export interface ReachedAt {
  /** Host as it was dialled: the one that works. */
  host: string
}

export type RewrittenUri = { ok: true; uri: string; pathSecrets: PathSecrets | undefined } | { ok: false; why: string }

/** Credentials that a camera wrote into the path itself (Xiongmai): kept sealed, put back when dialling. */
export interface PathSecrets {
  user: string
  password: string
}

const MAX_URI_CHARS = 1024
const URI = /^([a-z]+):\/\/(?:[^/?#@]*@)?(\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?([/?][^\s]*)?$/i
/** `user=admin_password=x_channel=1` as cameras report it, `user=admin&password=x&channel=1` as people copy it. */
const IN_PATH = /(^|[/_])user=([^_/?&]*)([_&])password=([^_/?&]*)/i
const FILLED_IN = /user=\{user\}([_&])password=\{password\}/

/**
 * Makes a URI a camera reported fit for use: the host is the one that works, port and path stay as they are, byte for
 * byte (the order of a query matters to Xiongmai and Dahua). Credentials are taken out, multicast becomes unicast.
 * @param schemes such as `rtsp`; anything else is refused
 */
export function rewriteUri(reported: string, reached: ReachedAt, schemes: readonly string[]): RewrittenUri {
  const text = reported.trim()
  if (text.length > MAX_URI_CHARS) return { ok: false, why: `a URI of ${text.length} characters` }
  const match = URI.exec(text)
  if (match === null) return { ok: false, why: 'not a URI' }
  const [, scheme = '', , port, tail = '/'] = match
  if (!schemes.includes(scheme.toLowerCase()))
    return { ok: false, why: `scheme ${scheme.slice(0, 16)} is not used here` }
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return { ok: false, why: `port ${port}` }
  const secrets = IN_PATH.exec(tail)
  const path = withoutLogin(tail.replace(IN_PATH, '$1user={user}$3password={password}')).replace(
    /(transportmode=)mcast/i,
    '$1unicast',
  )
  return {
    ok: true,
    uri: `${scheme.toLowerCase()}://${inUri(reached.host)}${port === undefined ? '' : `:${port}`}${path}`,
    pathSecrets: secrets === null ? undefined : { user: secrets[2] ?? '', password: secrets[4] ?? '' },
  }
}

/** Query items that carry a login are left out; all others keep order and spelling. */
function withoutLogin(tail: string): string {
  const at = tail.indexOf('?')
  if (at === -1) return tail
  const items = tail
    .slice(at + 1)
    .split('&')
    .filter((item) => !/^(?:user|username|usr|password|passwd|pwd)=/i.test(item))
  return items.length === 0 ? tail.slice(0, at) : `${tail.slice(0, at)}?${items.join('&')}`
}

/** The URI as it is dialled, with the login a camera wants in its path. */
export function withPathSecrets(uri: string, secrets: PathSecrets | undefined): string {
  if (secrets === undefined) return uri
  return uri.replace(FILLED_IN, (_, seam: string) => `user=${secrets.user}${seam}password=${secrets.password}`)
}

/** Host and port of an address a person typed; `port` is undefined where none was given. */
export function splitAddress(address: string): { host: string; port: number | undefined } {
  const match = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(address)
  const host = (match?.[1] ?? address).replace(/^\[|\]$/g, '')
  return { host, port: match?.[2] === undefined ? undefined : Number(match[2]) }
}

export const joinAddress = (host: string, port: number): string =>
  port === 80 ? inUri(host) : `${inUri(host)}:${port}`

/** IPv6 literals stand in brackets (RFC 3986 §3.2.2). */
export const inUri = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Service address as reported (XAddr), in its parts; undefined unless it is http or https. */
export function parseXaddr(xaddr: string): { host: string; port: number; path: string; isPlain: boolean } | undefined {
  const match = URI.exec(xaddr.trim())
  const scheme = match?.[1]?.toLowerCase()
  if (match === null || xaddr.length > MAX_URI_CHARS || (scheme !== 'http' && scheme !== 'https')) return undefined
  const [, , host = '', port, tail = '/'] = match
  const number = port === undefined ? (scheme === 'http' ? 80 : 443) : Number(port)
  if (number < 1 || number > 65_535) return undefined
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    path: tail.startsWith('/') ? tail : `/${tail}`,
    isPlain: scheme === 'http',
  }
}
