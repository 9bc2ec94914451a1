/** swagger-ui and the console are served from here; nothing but images is loaded from anywhere else. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "media-src 'self' blob:",
  "worker-src 'self' blob:",
  "style-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join(';')

/** What ASVS 5 §3.4 asks of every answer; the same for all, so they are put together once. */
const HEADERS = {
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'x-dns-prefetch-control': 'off',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
} as const

/** A year, as browsers that preload want it. */
const TRANSPORT_SECURITY = 'max-age=31536000; includeSubDomains'

/**
 * What every answer carries.
 * @param imageOrigin where else images come from, map tiles say
 * @param isSecure whether people reach the server over TLS
 */
export function securityHeaders(imageOrigin: string | undefined, isSecure: boolean): Readonly<Record<string, string>> {
  const images = ["img-src 'self' data: blob:", ...(imageOrigin === undefined ? [] : [imageOrigin])].join(' ')
  return {
    ...HEADERS,
    'content-security-policy': `${CONTENT_SECURITY_POLICY};${images}`,
    ...(isSecure ? { 'strict-transport-security': TRANSPORT_SECURITY } : {}),
  }
}
