import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { acknowledgement, type Content, cannotProcess, openContent, refusal } from './dc09-content.ts'
import { type Frame, parseFrame } from './dc09-frame.ts'
import type { PanelDesk } from './desk.ts'
import type { CodeTables } from './panel-codes.ts'
import { readEvents } from './panel-events.ts'

/** DC-09-2013 §5.5.1.8: a message older than 40 s or more than 20 s ahead is not of now. */
const MAX_OLD_MS = 40_000
const MAX_AHEAD_MS = 20_000

export interface ReceiverDeps {
  clock: Clock
  log: FastifyBaseLogger
  randomBytes: (count: number) => Buffer
  desk: PanelDesk
  tables: CodeTables
}

/** What became of messages since the start. */
export type PanelCounts = Record<'stored' | 'heartbeat' | 'refused' | 'damaged' | 'failed', number>

/** Answers one message of a panel, from whichever transport it came. */
export class Receiver {
  readonly #deps: ReceiverDeps
  readonly counts: PanelCounts = { stored: 0, heartbeat: 0, refused: 0, damaged: 0, failed: 0 }

  constructor(deps: ReceiverDeps) {
    this.#deps = deps
  }

  /** @returns the answer, or undefined where silence is the answer and the panel tries again */
  async answer(bytes: Buffer): Promise<Buffer | undefined> {
    const parsed = parseFrame(bytes)
    if (!parsed.ok) {
      this.counts.damaged++
      return parsed.answer === 'duh' ? cannotProcess(undefined) : undefined
    }
    try {
      return await this.#take(parsed.frame)
    } catch (error) {
      this.counts.failed++
      this.#deps.log.error({ err: error }, 'a report of a panel could not be stored and is not acknowledged')
      return undefined
    }
  }

  async #take(frame: Frame): Promise<Buffer> {
    const { desk, clock, randomBytes, tables } = this.#deps
    const known = await desk.account(frame.account)
    if (known === undefined) return this.#refuse(undefined, frame, 'there is no such account', cannotProcess(frame))
    const { sourceId, key } = known
    if (key !== undefined && !frame.isEncrypted) {
      return this.#refuse(sourceId, frame, 'is not encrypted, as this account must', cannotProcess(frame))
    }
    const now = new Date(clock.now())
    const opened = openContent(frame, key)
    if (!opened.ok) return this.#refuse(sourceId, frame, opened.why, refusal(now))
    const { data, sentAt } = opened.content
    if (frame.isEncrypted && !isOfNow(opened.content, now)) {
      return this.#refuse(sourceId, frame, `timestamp ${sentAt?.toISOString()} is not of now`, refusal(now))
    }
    const acknowledge = (): Buffer => acknowledgement(frame, key, now, randomBytes)
    if (frame.id === 'NULL') {
      this.counts.heartbeat++
      desk.heartbeat(sourceId)
      return acknowledge()
    }
    const read = readEvents(frame.id, data, tables)
    if (read === undefined || !read.ok) {
      const why = read === undefined ? `'${frame.id}' is not understood` : read.why
      return this.#refuse(sourceId, frame, why, cannotProcess(frame))
    }
    await desk.report(sourceId, {
      sequence: frame.sequence,
      hash: createHash('sha256').update(`${frame.id}\0${data}`).digest('hex').slice(0, 16),
      events: read.events,
      payload: Buffer.from(data, 'latin1'),
    })
    this.counts.stored++
    return acknowledge()
  }

  async #refuse(sourceId: string | undefined, frame: Frame, why: string, answer: Buffer): Promise<Buffer> {
    this.counts.refused++
    const head = `"${frame.isEncrypted ? '*' : ''}${frame.id}" #${frame.account} `
    await this.#deps.desk.reject(sourceId, Buffer.concat([Buffer.from(head), frame.rest]), why)
    return answer
  }
}

function isOfNow({ sentAt }: Content, now: Date): boolean {
  if (sentAt === undefined) return false
  const oldMs = now.getTime() - sentAt.getTime()
  return oldMs <= MAX_OLD_MS && -oldMs <= MAX_AHEAD_MS
}
