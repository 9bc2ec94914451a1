export interface RtspUri {
  /** As to be dialled, without brackets. */
  host: string
  port: number
  /** `rtsps:`, RTSP over TLS. */
  isTls: boolean
  /** `rtsp://host:port` as written, without user info. */
  origin: string
  /** Path and query byte for byte: XM and Dahua cameras mind their order. */
  rest: string
}

const DEFAULT_PORT = 554
const DEFAULT_TLS_PORT = 322
const MAX_URI_CHARS = 2048

/** Reads an `rtsp:` or `rtsps:` URI without normalising it; user information is dropped. @returns undefined if it is none */
export function parseRtspUri(text: string): RtspUri | undefined {
  if (text.length > MAX_URI_CHARS || !/^[\x21-\x7e]+$/.test(text)) return undefined
  const match = /^(rtsps?):\/\/(?:[^/?#]*@)?(\[[0-9a-f:.%]+\]|[^:/?#@[\]]+)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/i.exec(
    text,
  )
  if (match === null) return undefined
  const [, scheme = '', host = '', digits, rest = ''] = match
  const isTls = scheme.toLowerCase() === 'rtsps'
  const port = digits === undefined ? (isTls ? DEFAULT_TLS_PORT : DEFAULT_PORT) : Number(digits)
  if (port < 1 || port > 65_535) return undefined
  const origin = `${scheme.toLowerCase()}://${host}${digits === undefined ? '' : `:${digits}`}`
  return { host: host.replace(/^\[|\]$/g, ''), port, isTls, origin, rest }
}

/** What controls are relative to (RFC 2326 §C.1.1): Content-Base, else Content-Location, else the URI asked for. */
export function controlBase(
  request: RtspUri,
  contentBase: string | undefined,
  contentLocation: string | undefined,
): string {
  for (const candidate of [contentBase, contentLocation]) {
    const text = candidate?.trim() ?? ''
    if (text === '') continue
    if (/^rtsps?:/i.test(text)) {
      const base = parseRtspUri(text)
      if (base !== undefined) return request.origin + base.rest
    } else if (text.startsWith('/')) {
      return request.origin + text
    }
  }
  return request.origin + request.rest
}

/**
 * Joins a control attribute to its base. Ordinary URL resolution fails with real cameras: a relative control goes behind
 * the whole base, query included. An absolute one keeps its path but never leaves the host.
 */
export function joinControl(request: RtspUri, base: string, control: string | undefined): string {
  const text = control?.trim() ?? ''
  if (text === '' || text === '*') return base
  if (/^rtsps?:\/\//i.test(text)) {
    const absolute = parseRtspUri(text)
    return absolute === undefined ? base : request.origin + absolute.rest
  }
  if (/[^\x21-\x7e]/.test(text)) return base
  if (text.startsWith('?')) return base + text
  return `${base.replace(/\/$/, '')}/${text.replace(/^\//, '')}`
}
