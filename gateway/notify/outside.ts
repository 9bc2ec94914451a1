import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { ChannelFault } from '../contracts/channel.ts'
import type { OutgoingRequest } from './channel-format.ts'

/** A provider that is slower is tried again. */
const ANSWER_MS = 10_000
/** Of an answer; the rest says nothing more. */
const MAX_ANSWER_BYTES = 64 * 1024

/** What is not the public Internet (IANA special-purpose registries, RFC 6890): cameras, this host, its cloud. */
const SPECIAL: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/127',
  '64:ff9b::/96',
  '100::/64',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
]

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

const special = listOf(SPECIAL)
const holds = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Where an address lies, for a channel whose administrator listed these networks. */
export function placeOf(address: string, networks: readonly string[]): 'listed' | 'public' | 'forbidden' {
  if (holds(listOf(networks), address)) return 'listed'
  return holds(special, address) ? 'forbidden' : 'public'
}

export type Reply =
  | { kind: 'answered'; status: number; retryAfterMs: number | undefined; body: string }
  | { kind: 'failed'; fault: ChannelFault; detail: string; isPassing: boolean }

const failed = (fault: ChannelFault, detail: string, isPassing: boolean): Reply => ({
  kind: 'failed',
  fault,
  detail,
  isPassing,
})

/**
 * Posts to a host outside. The name is resolved here and the connection goes to the address that was judged, so a
 * second resolution cannot lead to a camera; redirects are not followed; certificates are verified; plain HTTP is for
 * listed networks alone. Never throws.
 */
export async function post(
  { url, headers, body }: OutgoingRequest,
  networks: readonly string[],
  signal: AbortSignal,
): Promise<Reply> {
  const target = new URL(url)
  const name = target.hostname.replace(/^\[|\]$/g, '')
  const address = isIP(name) === 0 ? (await lookup(name).catch(() => undefined))?.address : name
  if (address === undefined) return failed('name-not-found', name, true)
  const place = placeOf(address, networks)
  if (place === 'forbidden') return failed('address-not-allowed', `${name} is ${address}`, false)
  if (place === 'public' && target.protocol !== 'https:') {
    return failed('address-not-allowed', `${name}: plain HTTP is for listed networks`, false)
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  return new Promise<Reply>((resolve) => {
    const options = {
      method: 'POST',
      host: address,
      port: target.port === '' ? undefined : Number(target.port),
      path: `${target.pathname}${target.search}`,
      headers: { ...headers, host: target.host, 'content-length': Buffer.byteLength(body), connection: 'close' },
      agent: false,
      signal: limit,
    }
    const request =
      target.protocol === 'https:'
        ? httpsRequest({ ...options, ...(isIP(name) === 0 ? { servername: name } : {}) })
        : httpRequest(options)
    const fail = (error: NodeJS.ErrnoException): void => {
      if (limit.aborted) resolve(failed('timeout', `no answer in ${ANSWER_MS} ms`, true))
      else if (isTlsFault(error.code)) resolve(failed('tls-refused', error.code ?? error.message, false))
      else resolve(failed('unreachable', error.code ?? error.message, true))
    }
    request.on('error', fail)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        if (size < MAX_ANSWER_BYTES) chunks.push(chunk)
        size += chunk.length
        if (size > MAX_ANSWER_BYTES) response.destroy()
      })
      response.on('error', fail)
      response.on('close', () => {
        const text = Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString('utf8')
        const status = response.statusCode ?? 0
        resolve({ kind: 'answered', status, retryAfterMs: retryAfterMs(response.headers['retry-after']), body: text })
      })
    })
    request.end(body)
  })
}

const isTlsFault = (code: string | undefined): boolean =>
  code !== undefined && /^(ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/.test(code)

const MAX_RETRY_AFTER_S = 3600

/** Seconds alone; a date would need the peer's clock. */
function retryAfterMs(header: string | undefined): number | undefined {
  const seconds = Number(header)
  return header === undefined || !Number.isInteger(seconds) || seconds < 0
    ? undefined
    : Math.min(seconds, MAX_RETRY_AFTER_S) * 1000
}
