import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { AuditCheckpoint, OutsideCopy } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import { appendCheckpointLine } from './checkpoint-file.ts'

/** A witness that does not answer in this time has not got it. */
const SEND_LIMIT_MS = 10_000

/** Where checkpoints are copied to, out of reach of whoever can write the database; all that are given are used. */
export interface OutsidePlaces {
  /** A file on a share or write-once medium; a line each. */
  file?: string | undefined
  /** Retained topic of the broker. */
  topic?: string | undefined
  /** Takes each checkpoint as a POST of JSON. */
  url?: string | undefined
}

export interface OutsideDeps {
  clock: Clock
  log: FastifyBaseLogger
  places: OutsidePlaces
  publish(message: { topic: string; payload: string; retain: boolean }): Promise<void>
}

interface Place {
  kind: OutsideCopy['kind']
  send(checkpoint: AuditCheckpoint): Promise<void>
  sentMs: number | undefined
  fault: string | undefined
}

/** The witnesses of the chain, and which of them have the newest checkpoint. */
export class OutsideCopies {
  readonly #deps: OutsideDeps
  readonly #places: Place[] = []
  #newest: AuditCheckpoint | undefined

  constructor(deps: OutsideDeps) {
    this.#deps = deps
    const { file, topic, url } = deps.places
    const add = (kind: Place['kind'], send: Place['send']): void => {
      this.#places.push({ kind, send, sentMs: undefined, fault: undefined })
    }
    if (file !== undefined) add('file', (checkpoint) => appendCheckpointLine(file, checkpoint))
    if (topic !== undefined) {
      add('mqtt', (checkpoint) => deps.publish({ topic, payload: JSON.stringify(checkpoint), retain: true }))
    }
    if (url !== undefined) add('https', (checkpoint) => post(url, checkpoint))
  }

  /** @returns whether it is out of reach now: one witness is enough, and the others are tried again */
  async send(checkpoint: AuditCheckpoint): Promise<boolean> {
    this.#newest = checkpoint
    await this.#sendTo(this.#places)
    return this.#places.length === 0 || this.#places.some(({ fault }) => fault === undefined)
  }

  /** Brings the newest checkpoint to those that could not take it. */
  async catchUp(): Promise<void> {
    await this.#sendTo(this.#places.filter(({ fault }) => fault !== undefined))
  }

  status(): OutsideCopy[] {
    return this.#places.map(({ kind, sentMs, fault }) => ({
      kind,
      ...(sentMs === undefined ? {} : { lastSentAt: toInstant(sentMs) }),
      ...(fault === undefined ? {} : { fault }),
    }))
  }

  async #sendTo(places: readonly Place[]): Promise<void> {
    const { clock, log } = this.#deps
    const checkpoint = this.#newest
    if (checkpoint === undefined) return
    await Promise.all(
      places.map(async (place) => {
        try {
          await within(SEND_LIMIT_MS, place.send(checkpoint))
          place.fault = undefined
          place.sentMs = clock.now()
        } catch (error) {
          place.fault = error instanceof Error ? error.message : String(error)
          log.error(
            { err: error, place: place.kind, sequence: checkpoint.sequence },
            'a checkpoint could not be copied',
          )
        }
      }),
    )
  }
}

async function post(url: string, checkpoint: AuditCheckpoint): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(checkpoint),
    redirect: 'error',
    signal: AbortSignal.timeout(SEND_LIMIT_MS),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the place for checkpoints answered ${response.status}`)
}

/** Rejects once the time is over: of real time, for it waits for somebody else's machine. */
function within(limitMs: number, work: Promise<void>): Promise<void> {
  const late = AbortSignal.timeout(limitMs)
  return new Promise((resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error(`no answer in ${limitMs} ms`)), { once: true })
    work.then(resolve, reject)
  })
}
