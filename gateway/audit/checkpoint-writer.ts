import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'
import type { OutsideCopies } from './outside-copies.ts'
import { type CheckpointSigner, loadSigner } from './signer.ts'
import { storeCheckpoint, toAuditCheckpoint, uncoveredHead } from './store.ts'

/** A checkpoint at the latest after so long, or so many entries: what can be cut unseen is less than that. */
export const CHECKPOINT_INTERVAL_MS = 60_000
export const CHECKPOINT_ENTRIES = 100

export interface CheckpointWriter {
  /** Counts an entry that is on disk. */
  noteEntry(): void
  /** Loads the key and begins; throws where the key file is not safe. */
  start(): void
  /** Signs what is left and ends. */
  close(): Promise<void>
}

export interface WriterDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** Private key of this gateway's checkpoints; made on the first start. */
  keyFile: string
  copies: OutsideCopies
}

export function createCheckpointWriter(deps: WriterDeps): CheckpointWriter {
  const { database, clock, log, newId, keyFile, copies } = deps
  const stop = new AbortController()
  let entries = 0
  let wake = new AbortController()
  let running: { signer: CheckpointSigner; ended: Promise<void> } | undefined

  /** The outside copy first: whatever the database claims to be signed is out of its writer's reach already. */
  const runOnce = async (signer: CheckpointSigner): Promise<void> => {
    entries = 0
    const head = await uncoveredHead(database.client)
    if (head === undefined) return copies.catchUp()
    const checkpoint = signer.sign(head, clock.now())
    const id = newId()
    if (await copies.send(toAuditCheckpoint(id, checkpoint))) await storeCheckpoint(database.client, id, checkpoint)
  }

  const tryOnce = (signer: CheckpointSigner): Promise<void> =>
    runOnce(signer).catch((error: unknown) => log.error({ err: error }, 'the audit checkpoint could not be written'))

  const run = async (signer: CheckpointSigner): Promise<void> => {
    while (!stop.signal.aborted) {
      wake = new AbortController()
      if (entries < CHECKPOINT_ENTRIES) {
        const woken = AbortSignal.any([wake.signal, stop.signal])
        await clock.sleep(CHECKPOINT_INTERVAL_MS, woken).catch(() => {})
      }
      await tryOnce(signer)
    }
  }

  return {
    noteEntry: () => {
      entries += 1
      if (entries >= CHECKPOINT_ENTRIES) wake.abort()
    },
    start: () => {
      const signer = loadSigner(keyFile)
      running = { signer, ended: run(signer) }
    },
    close: async () => {
      stop.abort()
      await running?.ended
    },
  }
}
