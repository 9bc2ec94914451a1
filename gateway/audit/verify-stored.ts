import type { Database } from '../storage/database.ts'
import type { ChainCheckpoint } from './chain.ts'
import { streamCheckpoints, streamEntries } from './store.ts'
import { type Verdict, verifyChain } from './verify.ts'

export interface StoredVerifyOptions {
  /** Checkpoints kept outside the database, by number. */
  outside: readonly ChainCheckpoint[]
  /** As in `VerifyOptions`. */
  trustedKeys: readonly Uint8Array[] | undefined
}

/** Verifies the stored chain, against its own checkpoints and those kept outside; a running gateway may go on writing. */
export async function verifyStored(
  database: Database,
  { outside, trustedKeys }: StoredVerifyOptions,
): Promise<Verdict> {
  // Taken first: all up to here is committed, and checkpoints of what comes later are not looked at.
  const counter = await database.client.counter.findUnique({ where: { name: 'audit' } })
  const numbered = counter?.value ?? 0n
  return verifyChain(
    streamEntries(database),
    bySequence(outside[Symbol.iterator](), streamCheckpoints(database, numbered)),
    { expectedLast: numbered, ...(trustedKeys === undefined ? {} : { trustedKeys }) },
  )
}

/** Two lists that are each in order, as one. */
async function* bySequence(
  outside: Iterator<ChainCheckpoint>,
  stored: AsyncIterable<ChainCheckpoint>,
): AsyncGenerator<ChainCheckpoint> {
  let waiting = outside.next()
  for await (const checkpoint of stored) {
    for (; !waiting.done && waiting.value.sequence <= checkpoint.sequence; waiting = outside.next()) yield waiting.value
    yield checkpoint
  }
  for (; !waiting.done; waiting = outside.next()) yield waiting.value
}
