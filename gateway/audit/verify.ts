import { createPublicKey, verify } from 'node:crypto'
import { type ChainCheckpoint, type ChainEntry, checkpointBytes, detailHash, entryHash, NO_HASH } from './chain.ts'

export type ChainFault =
  | 'missing'
  | 'out-of-order'
  | 'changed'
  | 'detail-changed'
  | 'previous-changed'
  | 'rebuilt'
  | 'truncated'
  | 'checkpoint-forged'
  | 'checkpoint-unknown-key'

export type Verdict =
  | { ok: true; entries: number; erasedDetails: number; checkpoints: number; last: bigint }
  | { ok: false; sequence: bigint; fault: ChainFault; detail: string }

export interface VerifyOptions {
  /** SubjectPublicKeyInfo of the gateways; without it a checkpoint's own key is taken, which proves less. */
  trustedKeys?: readonly Uint8Array[]
  /** Number of the last entry that must be there, where something outside the entries knows it. */
  expectedLast?: bigint
}

/**
 * Walks a chain from its first entry and names the first that is not as it was written. Pure: reads nothing else.
 * @param entries by number, as stored
 * @param checkpoints by number; an outside copy is what finds a chain that was rebuilt or cut as a whole
 */
export async function verifyChain(
  entries: AsyncIterable<ChainEntry> | Iterable<ChainEntry>,
  checkpoints: AsyncIterable<ChainCheckpoint> | Iterable<ChainCheckpoint>,
  { trustedKeys, expectedLast }: VerifyOptions = {},
): Promise<Verdict> {
  const signed = oneByOne(checkpoints)
  let checkpoint = await signed()
  let last = 0n
  let previousHash: Uint8Array = NO_HASH
  let [entryCount, erasedDetails, checkpointCount] = [0, 0, 0]

  for await (const entry of entries) {
    const fault = entryFault(entry, last, previousHash)
    if (fault !== undefined) return fault
    while (checkpoint !== undefined && checkpoint.sequence <= entry.sequence) {
      const forged = checkpointFault(checkpoint, trustedKeys)
      if (forged !== undefined) return forged
      if (!same(checkpoint.hash, entry.hash)) {
        return bad(
          entry.sequence,
          'rebuilt',
          'its hash is not the one that was signed: the chain up to here was rebuilt',
        )
      }
      checkpointCount += 1
      checkpoint = await signed()
    }
    if (entry.detailJson === null && !same(entry.detailHash, NO_HASH)) erasedDetails += 1
    entryCount += 1
    last = entry.sequence
    previousHash = entry.hash
  }

  if (checkpoint !== undefined) {
    const forged = checkpointFault(checkpoint, trustedKeys)
    return forged ?? bad(last + 1n, 'truncated', `the chain ends before entry ${checkpoint.sequence}, which was signed`)
  }
  if (expectedLast !== undefined && last < expectedLast) {
    return bad(last + 1n, 'truncated', `the chain ends before entry ${expectedLast}, which was numbered`)
  }
  return { ok: true, entries: entryCount, erasedDetails, checkpoints: checkpointCount, last }
}

type Fault = Extract<Verdict, { ok: false }>

const bad = (sequence: bigint, fault: ChainFault, detail: string): Fault => ({ ok: false, sequence, fault, detail })

function entryFault(entry: ChainEntry, last: bigint, previousHash: Uint8Array): Fault | undefined {
  const expected = last + 1n
  if (entry.sequence > expected) return bad(expected, 'missing', `entry ${expected} is gone; ${entry.sequence} follows`)
  if (entry.sequence < expected) return bad(entry.sequence, 'out-of-order', `entry ${expected} was due here`)
  if (!same(entryHash(entry), entry.hash)) return bad(expected, 'changed', 'its fields do not give its hash')
  if (!same(entry.previousHash, previousHash)) {
    return bad(expected, 'previous-changed', `it does not follow entry ${last} as that stands now`)
  }
  return detailIsWhole(entry) ? undefined : bad(expected, 'detail-changed', 'its detail does not give its detail hash')
}

function detailIsWhole({ detailJson, detailSalt, detailHash: expected }: ChainEntry): boolean {
  if (detailJson === null) return detailSalt === null
  return detailSalt !== null && same(detailHash(detailJson, detailSalt), expected)
}

function checkpointFault(
  checkpoint: ChainCheckpoint,
  trustedKeys: readonly Uint8Array[] | undefined,
): Fault | undefined {
  if (trustedKeys !== undefined && !trustedKeys.some((key) => same(key, checkpoint.publicKey))) {
    return bad(checkpoint.sequence, 'checkpoint-unknown-key', 'its checkpoint is signed with a key that is not ours')
  }
  return signatureHolds(checkpoint)
    ? undefined
    : bad(checkpoint.sequence, 'checkpoint-forged', 'the signature of its checkpoint does not hold')
}

function signatureHolds(checkpoint: ChainCheckpoint): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(checkpoint.publicKey), format: 'der', type: 'spki' })
    return key.asymmetricKeyType === 'ed25519' && verify(null, checkpointBytes(checkpoint), key, checkpoint.signature)
  } catch {
    return false // bytes that are no key sign nothing
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** The next item at each call, then undefined. */
function oneByOne<T>(items: AsyncIterable<T> | Iterable<T>): () => Promise<T | undefined> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  return async () => {
    const { done, value } = await iterator.next()
    return done ? undefined : value
  }
}
