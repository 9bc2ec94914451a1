import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { Clock } from '../clock.ts'
import type { Dialer } from '../dial.ts'
import { type Announcement, chooseXaddr, type ProbeForm, parseDiscovery, probeMessage } from './discovery-message.ts'
import { Pace } from './pace.ts'

const GROUP = '239.255.255.250'
const PORT = 3702
const ROUNDS = 2
const FORMS: readonly ProbeForm[] = ['typed', 'untyped']
/** A hostile network can answer for ever; a township segment has a few hundred devices. */
const MAX_DEVICES = 2_000
const MAX_CANDIDATES = 256
/** One host may answer for a few devices (a recorder, a proxy); more would crowd out the others. */
const MAX_DEVICES_PER_HOST = 64

export interface DiscoveryTiming {
  roundGapMs: number
  listenMs: number
  /** Unicast datagrams a second. */
  pacePerSecond: number
  /** Connections a second to addresses that keep silent. */
  connectsPerSecond?: number
}

export const DEFAULT_TIMING: DiscoveryTiming = { roundGapMs: 1_000, listenMs: 5_000, pacePerSecond: 50 }

/** Something answered that is not proven to be a camera: a fault, an answer to nobody's question, or a Hello. */
export interface Candidate {
  address: string
  /** Where it says its device service is. */
  announced: Found | undefined
}

export interface Found {
  /** Where to reach the device service. */
  host: string
  port: number
  path: string
  announcement: Announcement
}

export interface SearchResult {
  devices: Found[]
  candidates: Candidate[]
}

export interface SearchOptions {
  dialer: Dialer
  clock: Clock
  newId: () => string
  timing?: DiscoveryTiming
  /** Called for each device once, as it is found. */
  onFound?: (found: Found) => void
  /** Datagrams sent of those to send. */
  onProgress?: (done: number, total: number) => void
  /** Unicast: addresses that were asked once and kept silent. */
  onSilent?: (addresses: string[]) => void
}

/** An own address of this host with multicast, such as `eth0`, `192.0.2.9`. */
export interface Interface {
  name: string
  address: string
  /** Such as `192.0.2.9/24`. */
  cidr: string
}

/** Interfaces that lie in the camera networks; loopback is one only if its network is listed. */
export function searchableInterfaces(dialer: Dialer): Interface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
    (entries ?? [])
      .filter(({ family, address }) => family === 'IPv4' && dialer.allows(address))
      .map(({ address, cidr }) => ({ name, address, cidr: cidr ?? `${address}/32` })),
  )
}

/**
 * Asks the discovery group on every interface given, in two rounds of both forms (WS-Discovery §3.1), and hears who
 * says Hello meanwhile (§4.1).
 */
export async function searchMulticast(
  interfaces: readonly Pick<Interface, 'address'>[],
  options: SearchOptions,
  signal: AbortSignal,
): Promise<SearchResult> {
  const { roundGapMs, listenMs } = options.timing ?? DEFAULT_TIMING
  const search = new Search(options)
  try {
    const sockets = await Promise.all(interfaces.map(({ address }) => search.open(address)))
    for (const [at, { address }] of interfaces.entries()) sockets[at]?.setMulticastInterface(address)
    await search.hear(interfaces.map(({ address }) => address))
    const total = ROUNDS * sockets.length * FORMS.length
    let done = 0
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) await options.clock.sleep(roundGapMs, signal)
      for (const socket of sockets) {
        for (const form of FORMS) {
          await search.send(socket, form, GROUP)
          options.onProgress?.(++done, total)
        }
      }
    }
    await options.clock.sleep(Math.max(0, listenMs - roundGapMs), signal)
    return search.result()
  } finally {
    search.close()
  }
}

/** Asks each address by itself, paced; in the second round only those that were silent. Refused addresses get nothing. */
export async function searchUnicast(
  addresses: readonly string[],
  options: SearchOptions,
  signal: AbortSignal,
): Promise<SearchResult> {
  const { listenMs, pacePerSecond } = options.timing ?? DEFAULT_TIMING
  const search = new Search(options)
  const allowed = addresses.filter((address) => options.dialer.allows(address))
  const total = ROUNDS * allowed.length * FORMS.length
  let done = 0
  try {
    const socket = await search.open('0.0.0.0')
    const pace = new Pace(options.clock, pacePerSecond)
    for (let round = 0; round < ROUNDS; round++) {
      for (const address of allowed) {
        if (!search.heard(address)) {
          for (const form of FORMS) {
            await pace.turn(signal)
            await search.send(socket, form, address)
          }
        }
        done += FORMS.length
        options.onProgress?.(done, total)
      }
      if (round === 0) options.onSilent?.(allowed.filter((address) => !search.heard(address)))
    }
    await options.clock.sleep(listenMs, signal)
    return search.result()
  } finally {
    search.close()
  }
}

class Search {
  readonly #options: SearchOptions
  readonly #sockets: Socket[] = []
  readonly #asked = new Set<string>()
  readonly #found = new Map<string, Found>()
  readonly #devicesOf = new Map<string, number>()
  readonly #candidates = new Map<string, Candidate>()

  constructor(options: SearchOptions) {
    this.#options = options
  }

  open(address: string): Promise<Socket> {
    const socket = createSocket('udp4')
    this.#sockets.push(socket)
    socket.on('message', (datagram, from) => this.#receive(datagram, from))
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, address, () => {
        socket.off('error', reject)
        socket.on('error', () => {}) // ICMP of a host that is not there
        resolve(socket)
      })
    })
  }

  /** The group's own port, shared with whoever else listens there; without it only answers are heard. */
  async hear(addresses: readonly string[]): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    socket.on('message', (datagram, from) => this.#receive(datagram, from))
    const isBound = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false))
      socket.bind(PORT, GROUP, () => resolve(true))
    })
    if (!isBound) {
      socket.close()
      return
    }
    this.#sockets.push(socket)
    socket.on('error', () => {})
    for (const address of addresses) {
      try {
        socket.addMembership(GROUP, address)
      } catch {
        // An interface that takes no part in the group: the others do.
      }
    }
  }

  send(socket: Socket, form: ProbeForm, address: string): Promise<void> {
    const messageId = this.#options.newId()
    this.#asked.add(`urn:uuid:${messageId}`)
    // An interface or host that takes nothing is no reason to stop asking the others.
    return new Promise((resolve) => socket.send(probeMessage(form, messageId), PORT, address, () => resolve()))
  }

  heard(address: string): boolean {
    return this.#devicesOf.has(address)
  }

  result(): SearchResult {
    const candidates = [...this.#candidates.values()].filter(({ address }) => !this.heard(address))
    return { devices: [...this.#found.values()], candidates }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close()
  }

  #receive(datagram: Buffer, { address }: RemoteInfo): void {
    if (!this.#options.dialer.allows(address)) return
    const message = parseDiscovery(datagram)
    if (message.kind === 'ignored') return
    // Many cameras get RelatesTo wrong: those are asked once more before they are listed.
    const isAnswer = message.kind === 'announcements' && this.#asked.has(message.relatesTo ?? '')
    if (!isAnswer) {
      const [announcement] = message.kind === 'announcements' ? message.devices : []
      const at = announcement && chooseXaddr(announcement, address)
      const isCandidate = message.kind === 'fault' || at !== undefined
      if (!isCandidate || this.#candidates.get(address)?.announced !== undefined) return
      if (this.#candidates.size >= MAX_CANDIDATES && !this.#candidates.has(address)) return
      const announced = announcement && at && { ...at, announcement }
      this.#candidates.set(address, { address, announced })
      return
    }
    for (const announcement of message.devices) this.#add(announcement, address)
  }

  /** One record a device: by endpoint reference, then by address; the first answer stays. */
  #add(announcement: Announcement, source: string): void {
    const at = chooseXaddr(announcement, source)
    const before = this.#devicesOf.get(source) ?? 0
    if (at === undefined || before >= MAX_DEVICES_PER_HOST || this.#found.size >= MAX_DEVICES) return
    const key = announcement.endpointReference ?? `${source}:${at.port}`
    if (this.#found.has(key)) return
    const found = { ...at, announcement }
    this.#found.set(key, found)
    this.#devicesOf.set(source, before + 1)
    this.#options.onFound?.(found)
  }
}
