import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { toInstant } from '../contracts/common.ts'
import type { Discovery, FoundDevice } from '../contracts/device.ts'
import type { Dialer } from '../dial.ts'
import { OnvifClient } from '../onvif/client.ts'
import { joinAddress } from '../onvif/uri.ts'
import {
  DEFAULT_TIMING,
  type DiscoveryTiming,
  type Found,
  type SearchResult,
  searchableInterfaces,
  searchMulticast,
  searchUnicast,
} from '../onvif/ws-discovery.ts'
import { parseTargets } from './targets.ts'

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
const VERIFY_TIMEOUT_MS = 3_000
const VERIFY_AT_ONCE = 8
const MAX_ANNOUNCED = 4_096

type Job = Omit<Discovery, 'devices'> & { found: Map<string, Omit<FoundDevice, 'cameraIds'>> }

export type Started =
  | { kind: 'started'; id: string }
  | { kind: 'refused'; why: 'busy' | 'bad-target' | 'nothing-to-search'; detail: string }

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
      return { kind: 'refused', why: 'busy', detail: `${MAX_RUNNING} searches are running already` }
    }
    const work = method === 'multicast' ? this.#multicast() : this.#range(targets ?? [])
    if (work.kind === 'refused') return work
    const job = this.#newJob(method, work.searched)
    const running = this.#run(job, work.search).finally(() => this.#running.delete(running))
    this.#running.add(running)
    return { kind: 'started', id: job.id }
  }

  async read(id: string): Promise<Discovery | undefined> {
    const job = this.#jobs.get(id)
    if (job === undefined) return undefined
    const { found, ...answer } = job
    const cameras = await this.#deps.camerasAt([...found.keys()])
    const devices = [...found.values()].map((device) => ({ ...device, cameraIds: cameras.get(device.address) ?? [] }))
    return { ...answer, devices }
  }

  announced(address: string): Announced | undefined {
    return this.#announced.get(address)
  }

  /** Ends every search and waits until its sockets are closed. */
  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  #multicast(): Work {
    const interfaces = searchableInterfaces(this.#deps.dialer)
    if (interfaces.length === 0) {
      return {
        kind: 'refused',
        why: 'nothing-to-search',
        detail:
          'no interface of the gateway lies in a camera network; search a range, or extend GRIDLIGHT_CAMERA_NETWORKS',
      }
    }
    return {
      kind: 'work',
      searched: interfaces.map(({ name, address }) => `${name} ${address}`),
      search: (job) => searchMulticast(interfaces, this.#options(job), this.#stop.signal),
    }
  }

  #range(targets: readonly string[]): Work {
    if (targets.length === 0) return { kind: 'refused', why: 'bad-target', detail: 'a range search needs targets' }
    const parsed = parseTargets(targets)
    if (!parsed.ok) return { kind: 'refused', why: 'bad-target', detail: `${parsed.target}: ${parsed.why}` }
    const { dialer } = this.#deps
    const allowed = parsed.hosts.filter(({ address }) => dialer.allows(address))
    const refused = parsed.hosts.length - allowed.length
    return {
      kind: 'work',
      searched: [...targets],
      search: async (job) => {
        if (refused > 0) {
          job.problems.push({
            code: 'address-not-allowed',
            detail: `${refused} of ${parsed.hosts.length} addresses lie outside the camera networks; they were not asked`,
          })
        }
        const addresses = [...new Set(allowed.map(({ address }) => address))]
        const result = await searchUnicast(addresses, this.#options(job), this.#stop.signal)
        // A port that was typed is asked directly: not every camera that is there answers discovery.
        const typed = allowed.flatMap(({ address, port }) => (port === undefined ? [] : [{ address, port }]))
        await this.#verify(job, typed)
        return result
      },
    }
  }

  #options(job: Job): Parameters<typeof searchMulticast>[1] {
    const { dialer, clock, newId, timing = DEFAULT_TIMING } = this.#deps
    return {
      dialer,
      clock,
      newId,
      timing,
      onFound: (found) => this.#add(job, found),
      onProgress: (done, total) => {
        job.progress = { done, total }
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
    }
    this.#jobs.set(job.id, job)
    return job
  }

  async #run(job: Job, search: (job: Job) => Promise<SearchResult>): Promise<void> {
    const { signal } = this.#stop
    try {
      const { candidates } = await search(job)
      await this.#verify(
        job,
        candidates.map((address) => ({ address, port: 80 })),
      )
    } catch (error) {
      if (!signal.aborted) {
        this.#deps.log.error({ err: error, discovery: job.id }, 'discovery failed')
        job.problems.push({ code: 'search-failed', detail: 'the search ended early; the cause is in the log' })
      }
    } finally {
      job.state = 'finished'
      job.progress.done = job.progress.total
    }
  }

  /** Lists what answers an ONVIF question at the very address. */
  async #verify(job: Job, targets: readonly { address: string; port: number }[]): Promise<void> {
    const queue = [...targets]
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { address, port } = next
        if (job.found.has(joinAddress(address, port))) continue
        const client = new OnvifClient({ ...this.#deps, host: address, port, timeoutMs: VERIFY_TIMEOUT_MS })
        const answer = await client.systemTime(this.#stop.signal)
        if (!answer.ok && answer.why !== 'login-needed') continue
        job.found.set(joinAddress(address, port), { address: joinAddress(address, port), xaddrs: [] })
      }
    }
    await Promise.all(Array.from({ length: VERIFY_AT_ONCE }, worker))
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
  }
}

type Work =
  | { kind: 'work'; searched: string[]; search: (job: Job) => Promise<SearchResult> }
  | (Started & { kind: 'refused' })
