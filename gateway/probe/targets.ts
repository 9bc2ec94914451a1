import { BlockList, isIP } from 'node:net'
import type { Words } from '../words.ts'

/** What one discovery may ask: a class B network would keep the wire busy for an hour. */
const MAX_ADDRESSES = 1024

export type Targets =
  | { ok: true; hosts: { address: string; port: number | undefined }[] }
  | { ok: false; target: string; why: Words }

/**
 * Ranges and single addresses a person typed, such as `192.0.2.0/24` or `192.0.2.7:8000`, as addresses; network and
 * broadcast address of a range are left out. Refuses more than MAX_ADDRESSES in all.
 */
export function parseTargets(targets: readonly string[]): Targets {
  const hosts = new Map<string, { address: string; port: number | undefined }>()
  for (const target of targets) {
    const range = parseRange(target)
    if (range === undefined) {
      return {
        ok: false,
        target,
        why: {
          zh: '须为网段（如 192.0.2.0/24）或地址（如 192.0.2.7:8000）',
          en: 'not a range such as 192.0.2.0/24 or an address such as 192.0.2.7:8000',
        },
      }
    }
    if (hosts.size + range.count > MAX_ADDRESSES) {
      return {
        ok: false,
        target,
        why: {
          zh: `一次最多搜索 ${MAX_ADDRESSES} 个地址，请缩小网段`,
          en: `more than ${MAX_ADDRESSES} addresses in one discovery; choose a smaller range`,
        },
      }
    }
    for (let at = 0; at < range.count; at++) {
      const address = range.count === 1 ? range.text : dotted(range.first + at)
      hosts.set(`${address}:${range.port ?? ''}`, { address, port: range.port })
    }
  }
  return { ok: true, hosts: [...hosts.values()] }
}

interface Range {
  text: string
  first: number
  count: number
  port: number | undefined
}

function parseRange(target: string): Range | undefined {
  const [, address = '', prefixText, portText] =
    /^\[?([0-9a-fA-F:.]+?)\]?(?:\/(\d{1,2}))?(?::(\d{1,5}))?$/.exec(target) ?? []
  const family = isIP(address)
  const port = portText === undefined ? undefined : Number(portText)
  if (family === 0 || (port !== undefined && (port < 1 || port > 65_535))) return undefined
  if (prefixText === undefined) return { text: address, first: 0, count: 1, port }
  const prefix = Number(prefixText)
  if (family !== 4 || prefix > 32 || port !== undefined) return undefined
  const size = 2 ** (32 - prefix)
  const network = Math.floor(number(address) / size) * size
  if (prefix >= 31) return { text: dotted(network), first: network, count: size, port }
  return { text: '', first: network + 1, count: size - 2, port }
}

const number = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)

const dotted = (address: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')

export interface Networks {
  has(address: string): boolean
  /** Whether a network, such as `192.0.2.9/24`, and one of these have an address in common. */
  meets(cidr: string): boolean
}

/** Ranges as a whole, of any size; what a multicast search is limited to. */
export function parseNetworks(
  targets: readonly string[],
): { ok: true; networks: Networks } | { ok: false; target: string; why: Words } {
  const wanted = new BlockList()
  const ranges: { first: number; last: number }[] = []
  for (const target of targets) {
    const range = spanOf(target)
    if (range === undefined)
      return {
        ok: false,
        target,
        why: { zh: '须为 IPv4 网段，如 192.0.2.0/24', en: 'not an IPv4 range such as 192.0.2.0/24' },
      }
    wanted.addRange(dotted(range.first), dotted(range.last), 'ipv4')
    ranges.push(range)
  }
  const meets = (cidr: string): boolean => {
    const span = spanOf(cidr)
    return span !== undefined && ranges.some(({ first, last }) => first <= span.last && span.first <= last)
  }
  return { ok: true, networks: { has: (address) => isIP(address) === 4 && wanted.check(address), meets } }
}

/** First and last address of `192.0.2.9/24` or of a single address. */
function spanOf(cidr: string): { first: number; last: number } | undefined {
  const [, address = '', prefixText = '32'] = /^([0-9.]+)(?:\/(\d{1,2}))?$/.exec(cidr) ?? []
  const prefix = Number(prefixText)
  if (isIP(address) !== 4 || prefix > 32) return undefined
  const size = 2 ** (32 - prefix)
  const first = Math.floor(number(address) / size) * size
  return { first, last: first + size - 1 }
}
