import pg from 'pg'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import type { Database } from './database.ts'

/** What one of the gateways on a database does, each under a lock of its own; every gateway takes the same numbers. */
const ADVISORY_LOCKS = { broker: 0x4c454144, cameras: 0x4c454145 }
const ROUND_MS = 500
/** A database that is silent for longer may have given the lead to another node. */
const ANSWER_MS = 3000
/** A node that leads and cannot do its work for so long lets another try. */
const UNABLE_MS = 10_000
const SETTING = 'first-node'
const FAILED = 'the database does not say which node leads'
/** A host that lost its power frees the lock after about eleven seconds (PostgreSQL, "TCP settings"). */
const KEEP_ALIVE = 'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3'

/** Whether this node does what only one of the nodes on a database may do, such as to ask the cameras. */
export interface Lead {
  isHeld(): boolean
  /** @returns a function that ends the listening */
  onChange(listener: () => void): () => void
}

/** Where nobody else shares the database or the broker. */
export const LEADS_ALWAYS = {
  isHeld: () => true,
  onChange: () => () => {},
  start: async () => {},
  close: async () => {},
} satisfies Lead & Record<string, unknown>

/** Id of the node that was first in this database: a name that all its nodes share. */
export async function firstNodeOf({ client }: Database, nodeId: string): Promise<string> {
  const create = { name: SETTING, value: nodeId }
  const { value } = await client.setting.upsert({ where: { name: SETTING }, create, update: {} })
  return value
}

export interface LeadingNodeDeps {
  duty: keyof typeof ADVISORY_LOCKS
  /** Of the PostgreSQL that the nodes share; a session of its own, so not through a pooler of transactions. */
  url: string
  clock: Clock
  log: { info(facts: { duty: string }, message: string): void; error(facts: { err: unknown }, message: string): void }
  /** Whether this node could do the work now. */
  isAble(): boolean
}

/**
 * Holds an advisory lock of a session of its own: the server frees it when the session ends, whatever ended it, so
 * another node leads within a second of a kill, and no clocks are compared.
 */
export class LeadingNode extends Chore implements Lead {
  readonly #deps: LeadingNodeDeps
  readonly #listeners = new Set<() => void>()
  #client: pg.Client | undefined
  #isHeld = false
  /** Monotonic, of the last moment at which the work could be done. */
  #ableMs = 0
  #gaveUp = false

  constructor(deps: LeadingNodeDeps) {
    super({ ...deps, everyMs: ROUND_MS, failed: FAILED }, () => this.#round())
    this.#deps = deps
  }

  /** Resolves when it is known whether this node leads; with the database away it is found out later. */
  override async start(): Promise<void> {
    await this.#round().catch((error: unknown) => this.#deps.log.error({ err: error }, FAILED))
    super.start()
  }

  isHeld(): boolean {
    return this.#isHeld
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  override async close(): Promise<void> {
    await super.close()
    await this.#letGo()
  }

  async #round(): Promise<void> {
    const { clock, duty, isAble } = this.#deps
    const nowMs = clock.monotonicMs()
    if (isAble()) this.#ableMs = nowMs
    if (this.#isHeld && nowMs - this.#ableMs > UNABLE_MS) {
      this.#gaveUp = true
      return this.#letGo()
    }
    // Whoever gave up waits until it can do the work again; at the start nobody knows yet.
    if (this.#gaveUp && !isAble()) return
    try {
      const client = this.#client ?? (await this.#connect())
      const lock = `SELECT ${this.#isHeld ? 'true' : `pg_try_advisory_lock(${ADVISORY_LOCKS[duty]})`} AS held`
      const { rows } = await client.query<{ held: boolean }>(lock)
      if (rows[0]?.held === true && !this.#isHeld) this.#begin(nowMs)
    } catch (error) {
      await this.#letGo()
      throw error
    }
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#deps.url,
      connectionTimeoutMillis: ANSWER_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    })
    this.#client = client
    client.on('error', () => {
      if (this.#client === client) void this.#letGo()
    })
    await client.connect()
    await client.query(KEEP_ALIVE)
    return client
  }

  #begin(nowMs: number): void {
    this.#isHeld = true
    this.#gaveUp = false
    this.#ableMs = nowMs
    this.#deps.log.info({ duty: this.#deps.duty }, 'this node leads')
    for (const listener of this.#listeners) listener()
  }

  async #letGo(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    const wasHeld = this.#isHeld
    this.#isHeld = false
    if (wasHeld) for (const listener of this.#listeners) listener()
    await client?.end().catch(() => {}) // it is broken already
  }
}
