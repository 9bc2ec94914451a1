import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { toInstant } from '../contracts/common.ts'
import type { Discovery, FoundDevice } from '../contracts/device.ts'
import type { Dialer } from '../dial.ts'
import { nameByScopes } from '../onvif/discovery-message.ts'
import { joinAddress } from '../onvif/uri.ts'
import {
  type Candidate,
  DEFAULT_TIMING,
  type DiscoveryTiming,
  type Found,
  searchableInterfaces,
  searchMulticast,
  searchUnicast,
} from '../onvif/ws-discovery.ts'
import { inLanguage, type Words } from '../words.ts'
import { searchPorts } from './port-search.ts'
import { type Asked, askPort, isThere, USUAL_PORTS } from './reach.ts'
import { parseNetworks, parseTargets } from './targets.ts'

export interface DiscoverDeps {
  dialer: Dialer
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  randomBytes: (count: number) => Buffer
  timing?: DiscoveryTiming
  /** Cameras registered at these addresses, by address. */
  camerasAt(addresses: readonly string[]): Promise<ReadonlyMap<string, string[]>>
}

/** What discovery told of an address, to be believed no more than the device itself. */
export interface Announced {
  path: string
  scopes: readonly string[]
  endpointReference?: string
}

/** Jobs kept for reading after they have ended; the oldest go first. */
const MAX_JOBS = 32
/** Each has sockets of its own and fills the same wire. */
const MAX_RUNNING = 4
const VERIFY_AT_ONCE = 8
const MAX_ANNOUNCED = 4_096
/** A /24 with eight ports in ten seconds, while the second round of datagrams goes out. */
const CONNECTS_PER_SECOND = 200

interface Job extends Omit<Discovery, 'devices' | 'problems'> {
  found: Map<string, Omit<FoundDevice, 'cameraIds'>>
  problems: { code: string; words: Words }[]
  /** Done and to do, by kind of work. */
  parts: Map<string, { done: number; total: number }>
  stop: AbortController
  changed: Set<() => void>
}

export type Started =
  | { kind: 'started'; id: string }
  | { kind: 'refused'; why: 'busy' | 'bad-target' | 'nothing-to-search'; detail: Words }

type Work =
  | { kind: 'work'; searched: string[]; search: (job: Job, signal: AbortSignal) => Promise<readonly Candidate[]> }
  | (Started & { kind: 'refused' })

/** Searches for devices, in memory: a search is worth nothing after a restart. */
export class Discoveries {
  readonly #deps: DiscoverDeps
  readonly #jobs = new Map<string, Job>()
  readonly #announced = new Map<string, Announced>()
  readonly #running = new Set<Promise<void>>()
  readonly #stop = new AbortController()

  constructor(deps: DiscoverDeps) {
    this.#deps = deps
  }

  start(method: Discovery['method'], targets: readonly string[] | undefined): Started {
    if (this.#running.size >= MAX_RUNNING) {
      return {
        kind: 'refused',
        why: 'busy',
        detail: { zh: `已有 ${MAX_RUNNING} 个搜索在进行`, en: `${MAX_RUNNING} searches are running already` },
      }
    }
    const work = method === 'multicast' ? this.#multicast(targets) : this.#range(targets ?? [])
    if (work.kind === 'refused') return work
    const job = this.#newJob(method, work.searched)
    const running = this.#run(job, work.search).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return { kind: 'started', id: job.id }
  }

  async read(id: string, acceptLanguage: string | undefined): Promise<Discovery | undefined> {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    const { found, problems, parts: _, stop: __, changed: ___, ...answer } = job
    const cameras = await this.#deps.camerasAt([...found.keys()])
    const devices = [...found.values()].map((device) => ({ ...device, cameraIds: cameras.get(device.address) ?? [] }))
    const told = problems.map(({ code, words }) => ({ code, detail: inLanguage(words, acceptLanguage) }))
    return { ...answer, devices, problems: told }
  }

  /** Ends a search; what it has found stays. @returns false where there is none */
  cancel(id: string): boolean {
    const job = this.#jobs.get(id)
    if (job?.state === 'running') {
      job.problems.push({ code: 'cancelled', words: { zh: '搜索已取消', en: 'the search was cancelled' } })
      job.stop.abort()
    }
    return job !== undefined
  }

  /** Calls back at each change of a search until the signal ends; at most as often as devices and progress come. */
  watch(id: string, onChange: () => void, signal: AbortSignal): void {
    const changed = this.#jobs.get(id)?.changed
    changed?.add(onChange)
    signal.addEventListener('abort', () => changed?.delete(onChange), { once: true })
  }

  announced(address: string): Announced | undefined {
    return this.#announced.get(address)
  }

  /** Ends every search and waits until its sockets are closed. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  /** With targets, only interfaces whose network meets one of them are asked, and only devices within them are listed. */
  #multicast(targets: readonly string[] | undefined): Work {
    const wanted = targets === undefined ? undefined : parseNetworks(targets)
    if (wanted?.ok === false) return { kind: 'refused', why: 'bad-target', detail: about(wanted) }
    const within = wanted?.networks
    const interfaces = searchableInterfaces(this.#deps.dialer).filter(({ cidr }) => within?.meets(cidr) ?? true)
    if (interfaces.length === 0) {
      const [zh, en] =
        within === undefined
          ? ['位于摄像头网段内', 'lies in a camera network']
          : ['与所填网段相交', 'meets these targets']
      const detail = {
        zh: `网关没有网卡${zh}；请按网段搜索，或扩充 GRIDLIGHT_CAMERA_NETWORKS`,
        en: `no interface of the gateway ${en}; search a range, or extend GRIDLIGHT_CAMERA_NETWORKS`,
      }
      return { kind: 'refused', why: 'nothing-to-search', detail }
    }
    return {
      kind: 'work',
      searched: [...interfaces.map(({ name, cidr }) => `${name} ${cidr}`), ...(targets ?? [])],
      search: async (job, signal) => {
        const options = this.#options(job, (host) => within?.has(host) ?? true)
        const { candidates } = await searchMulticast(interfaces, options, signal)
        return candidates.filter(({ address }) => within?.has(address) ?? true)
      },
    }
  }

  #range(targets: readonly string[]): Work {
    if (targets.length === 0)
      return {
        kind: 'refused',
        why: 'bad-target',
        detail: { zh: '按网段搜索须填写网段', en: 'a range search needs targets' },
      }
    const parsed = parseTargets(targets)
    if (!parsed.ok) return { kind: 'refused', why: 'bad-target', detail: about(parsed) }
    const { dialer } = this.#deps
    const allowed = parsed.hosts.filter(({ address }) => dialer.allows(address))
    const refused = parsed.hosts.length - allowed.length
    return {
      kind: 'work',
      searched: [...targets],
      search: async (job, signal) => {
        if (refused > 0) job.problems.push({ code: 'address-not-allowed', words: refusedWords(refused, parsed.hosts) })
        const addresses = [...new Set(allowed.map(({ address }) => address))]
        job.parts.set('connects', { done: 0, total: addresses.length * USUAL_PORTS.length })
        let connects: Promise<void> = Promise.resolve()
        const { candidates } = await searchUnicast(
          addresses,
          {
            ...this.#options(job, () => true),
            onSilent: (silent) => {
              connects = this.#connectTo(job, silent, addresses.length - silent.length, signal)
              connects.catch(() => {}) // seen below
            },
          },
          signal,
        )
        await connects
        // A port that was typed is asked directly: not every camera that is there answers discovery.
        const typed = allowed.flatMap(({ address, port }) => (port === undefined ? [] : [{ address, port }]))
        await this.#verify(job, typed, signal)
        return candidates
      },
    }
  }

  /** The usual ports of those that do not answer datagrams. */
  #connectTo(job: Job, silent: readonly string[], answered: number, signal: AbortSignal): Promise<void> {
    const { timing } = this.#deps
    const part = job.parts.get('connects')
    const progress = (count: number): void => {
      if (part !== undefined) part.done += count
      this.#changed(job)
    }
    progress(answered * USUAL_PORTS.length)
    const heard = (address: string): boolean =>
      [...job.found.keys()].some((known) => known === address || known.startsWith(`${address}:`))
    return searchPorts(
      silent,
      {
        connectsPerSecond: timing?.connectsPerSecond ?? CONNECTS_PER_SECOND,
        known: heard, // by a late datagram
        onFound: (address, found) => this.#addAsked(job, address, found, undefined, signal),
        onProgress: () => progress(1),
      },
      this.#deps,
      signal,
    )
  }

  #options(job: Job, isWanted: (host: string) => boolean): Parameters<typeof searchMulticast>[1] {
    const { dialer, clock, newId, timing = DEFAULT_TIMING } = this.#deps
    const part = { done: 0, total: 0 }
    job.parts.set('datagrams', part)
    return {
      dialer,
      clock,
      newId,
      timing,
      onFound: (found) => {
        if (isWanted(found.host)) this.#add(job, found)
      },
      onProgress: (done, total) => {
        Object.assign(part, { done, total })
        this.#changed(job)
      },
    }
  }

  #newJob(method: Discovery['method'], searched: string[]): Job {
    for (const [id, { state }] of this.#jobs) {
      if (this.#jobs.size < MAX_JOBS) break
      if (state === 'finished') this.#jobs.delete(id)
    }
    const { clock, newId } = this.#deps
    const job: Job = {
      id: newId(),
      method,
      state: 'running',
      startedAt: toInstant(clock.now()),
      searched,
      progress: { done: 0, total: 0 },
      problems: [],
      found: new Map(),
      parts: new Map(),
      stop: new AbortController(),
      changed: new Set(),
    }
    this.#jobs.set(job.id, job)
    return job
  }

  async #run(job: Job, search: (Work & { kind: 'work' })['search']): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, job.stop.signal])
    try {
      const candidates = await search(job, signal)
      await this.#verify(
        job,
        candidates.map(({ address, announced }) => ({ address, port: announced?.port ?? 80, announced })),
        signal,
      )
    } catch (error) {
      if (!signal.aborted) {
        this.#deps.log.error({ err: error, discovery: job.id }, 'discovery failed')
        const words = {
          zh: '搜索提前结束，原因见日志',
          en: 'the search ended early; the cause is in the log',
        }
        job.problems.push({ code: 'search-failed', words })
      }
    } finally {
      job.state = 'finished'
      job.progress = { done: job.progress.total, total: job.progress.total }
      for (const tell of job.changed) tell()
      job.changed.clear()
    }
  }

  /** Lists what answers an ONVIF question at the very address. */
  async #verify(
    job: Job,
    targets: readonly { address: string; port: number; announced?: Found | undefined }[],
    signal: AbortSignal,
  ): Promise<void> {
    const queue = [...targets]
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { address, port, announced } = next
        if (job.found.has(joinAddress(address, port))) continue
        const request = { host: address, ports: USUAL_PORTS, devicePath: announced?.path, pins: new Map() }
        const asked = await askPort(port, request, this.#deps, signal)
        if (isThere(asked)) await this.#addAsked(job, address, asked, announced, signal)
      }
    }
    await Promise.all(Array.from({ length: VERIFY_AT_ONCE }, worker))
  }

  /** A device that was asked over TCP: who it is, it says in its scopes, where it lets strangers read them. */
  async #addAsked(
    job: Job,
    address: string,
    { port, client }: Asked,
    announced: Found | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (announced !== undefined) return this.#add(job, { ...announced, host: address, port })
    const scopes = await client.scopes(signal)
    const names = scopes.ok ? nameByScopes(scopes.value) : {}
    const at = joinAddress(address, port)
    const told = Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined))
    job.found.set(at, { address: at, xaddrs: [], ...told })
    this.#changed(job)
  }

  #add(job: Job, { host, port, path, announcement }: Found): void {
    const address = joinAddress(host, port)
    const { endpointReference, xaddrs, manufacturer, model, name, scopes } = announcement
    const reference = endpointReference === undefined ? {} : { endpointReference }
    if (this.#announced.size < MAX_ANNOUNCED || this.#announced.has(address)) {
      this.#announced.set(address, { path, scopes, ...reference })
    }
    job.found.set(address, {
      address,
      ...reference,
      xaddrs,
      ...(manufacturer === undefined ? {} : { manufacturer }),
      ...(model === undefined ? {} : { model }),
      ...(name === undefined ? {} : { name }),
    })
    this.#changed(job)
  }

  #changed(job: Job): void {
    const parts = [...job.parts.values()]
    const sum = (key: 'done' | 'total'): number => parts.reduce((total, part) => total + part[key], 0)
    job.progress = { done: Math.min(sum('done'), sum('total')), total: sum('total') }
    for (const tell of job.changed) tell()
  }
}

const about = ({ target, why: { zh, en } }: { target: string; why: Words }): Words => ({
  zh: `${target}：${zh}`,
  en: `${target}: ${en}`,
})

function refusedWords(refused: number, hosts: readonly unknown[]): Words {
  return {
    zh: `${hosts.length} 个地址中有 ${refused} 个不在摄像头网段内，未发送任何数据`,
    en: `${refused} of ${hosts.length} addresses lie outside the camera networks; they were not asked`,
  }
}
