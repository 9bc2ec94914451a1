import { createHash, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { type ChainCheckpoint, type ChainEntry, detailHash, entryHash, NO_HASH } from '../../gateway/audit/chain.ts'
import { createSigner } from '../../gateway/audit/signer.ts'
import { type Verdict, verifyChain } from '../../gateway/audit/verify.ts'

const signer = createSigner(generateKeyPairSync('ed25519').privateKey)
const START_MS = Date.UTC(2026, 2, 2, 6, 3, 27)

function chain(length: number): ChainEntry[] {
  const entries: ChainEntry[] = []
  for (let at = 0; at < length; at += 1) entries.push(next(entries.at(-1), at))
  return entries
}

function next(previous: ChainEntry | undefined, at: number): ChainEntry {
  const detailJson = at % 3 === 0 ? null : JSON.stringify({ n: at })
  const salt = detailJson === null ? null : Buffer.alloc(16, at)
  const entry = {
    sequence: (previous?.sequence ?? 0n) + 1n,
    version: 1,
    atMs: START_MS + at * 1000,
    bootId: 'boot',
    monotonicMs: BigInt(at),
    actorKind: 'user',
    actorId: at % 4 === 0 ? null : `u${at}`,
    actorName: '王',
    rolesJson: '["operator"]',
    sessionId: at % 5 === 0 ? null : 's1',
    action: 'view-granted',
    object: `camera:${at}`,
    result: 'done',
    why: at % 2 === 0 ? null : 'case',
    consentVersion: at % 2 === 0 ? null : 3,
    detailJson,
    detailSalt: salt,
    detailHash: detailJson === null || salt === null ? NO_HASH : detailHash(detailJson, salt),
    previousHash: previous?.hash ?? NO_HASH,
  }
  return { ...entry, hash: entryHash(entry) }
}

const sign = (entry: ChainEntry): ChainCheckpoint => signer.sign(entry, entry.atMs)
const lastOf = (entries: readonly ChainEntry[]): ChainEntry => entries.at(-1) ?? next(undefined, 0)

/** mulberry32: the same mutations at every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

t.test('the hashed bytes are those of the specification (docs/ref/audit.md)', async (t) => {
  const field = (value: string | Uint8Array): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(Buffer.byteLength(value))
    return Buffer.concat([length, Buffer.from(value)])
  }
  const absent = Buffer.from('ffffffff', 'hex')
  const entry = next(undefined, 0)
  const bytes = Buffer.concat([
    field('gridlight-audit-entry'),
    field('1'),
    field('1'),
    field('2026-03-02T06:03:27.000Z'),
    field('boot'),
    field('0'),
    field('user'),
    absent,
    field('王'),
    field('["operator"]'),
    absent,
    field('view-granted'),
    field('camera:0'),
    field('done'),
    absent,
    absent,
    field(Buffer.alloc(32)),
    field(Buffer.alloc(32)),
  ])
  t.equal(Buffer.from(entry.hash).toString('hex'), createHash('sha256').update(bytes).digest('hex'))
})

t.test('an absent field is not an empty one, and fields do not run together', async (t) => {
  const entry = next(undefined, 1)
  const hashes = [
    entry,
    { ...entry, why: null },
    { ...entry, why: '' },
    { ...entry, action: 'view', object: `-granted${entry.object}` },
    { ...entry, action: `${entry.action}c`, object: 'amera:1' },
  ].map((variant) => entryHash(variant).toString('hex'))
  t.equal(new Set(hashes).size, hashes.length)
})

t.test('a whole chain is whole, with erased details counted', async (t) => {
  const entries = chain(50)
  const erased = entries.map((entry, at) => (at === 1 ? { ...entry, detailJson: null, detailSalt: null } : entry))
  t.same(await verifyChain(erased, [sign(lastOf(entries))], { trustedKeys: [signer.publicKey], expectedLast: 50n }), {
    ok: true,
    entries: 50,
    erasedDetails: 1,
    checkpoints: 1,
    last: 50n,
  })
  t.match(await verifyChain([], []), { ok: true, entries: 0 })
})

/** How a chain is spoilt, and the first entry that can be shown not to be as it was written: its number. */
interface Mutation {
  name: string
  apply(entries: ChainEntry[], pick: (below: number) => number): { spoilt: ChainEntry[]; firstBad: number }
}

/** Entries of the mutated chain, and between one checkpoint and the next. */
const [LENGTH, SIGNED_EVERY] = [120, 40]
const MUTATIONS = 1_000

const edits: readonly ((entry: ChainEntry) => Partial<ChainEntry>)[] = [
  ({ atMs }) => ({ atMs: atMs + 1 }),
  ({ bootId }) => ({ bootId: `${bootId}x` }),
  ({ monotonicMs }) => ({ monotonicMs: monotonicMs + 1n }),
  () => ({ actorKind: 'system' }),
  ({ actorId }) => ({ actorId: actorId === null ? '' : null }),
  () => ({ actorName: '李' }),
  () => ({ rolesJson: '["administrator"]' }),
  ({ sessionId }) => ({ sessionId: sessionId === null ? 's2' : null }),
  () => ({ action: 'view-ended' }),
  ({ object }) => ({ object: `${object}0` }),
  () => ({ result: 'refused' }),
  ({ why }) => ({ why: why === null ? '' : `${why} ` }),
  ({ consentVersion }) => ({ consentVersion: (consentVersion ?? 0) + 1 }),
  ({ version }) => ({ version: version + 1 }),
  ({ detailJson }) => ({ detailJson: `${detailJson ?? '{}'} `, detailSalt: Buffer.alloc(16) }),
  () => ({ detailHash: Buffer.alloc(32, 7) }),
  () => ({ previousHash: Buffer.alloc(32, 7) }),
  () => ({ hash: Buffer.alloc(32, 7) }),
]

const rehash = (entry: ChainEntry): ChainEntry => ({ ...entry, hash: entryHash(entry) })

/** The first number from here on that a checkpoint has signed. */
const signedFrom = (sequence: number): number => Math.ceil(sequence / SIGNED_EVERY) * SIGNED_EVERY

const mutations: readonly Mutation[] = [
  {
    name: 'edit',
    apply: (entries, pick) => {
      const [at, edit] = [pick(entries.length), edits[pick(edits.length)]]
      const spoilt = entries.map((entry, n) => (n === at ? { ...entry, ...edit?.(entry) } : entry))
      return { spoilt, firstBad: at + 1 }
    },
  },
  {
    name: 'edit and hash anew',
    apply: (entries, pick) => {
      const at = pick(entries.length)
      const spoilt = entries.map((entry, n) => (n === at ? rehash({ ...entry, actorName: '无' }) : entry))
      // Whole in itself: its checkpoint shows it, or else the entry after it.
      return { spoilt, firstBad: signedFrom(at + 1) === at + 1 ? at + 1 : at + 2 }
    },
  },
  {
    name: 'delete',
    apply: (entries, pick) => {
      const at = pick(entries.length)
      return { spoilt: entries.toSpliced(at, 1), firstBad: at + 1 }
    },
  },
  {
    name: 'delete and number anew',
    apply: (entries, pick) => {
      const at = pick(entries.length - 1)
      const spoilt = entries.toSpliced(at, 1).map((entry, n) => ({ ...entry, sequence: BigInt(n + 1) }))
      return { spoilt, firstBad: at + 1 }
    },
  },
  {
    name: 'swap',
    apply: (entries, pick) => {
      const [a, b] = [pick(entries.length), pick(entries.length - 1)]
      const other = b >= a ? b + 1 : b
      const spoilt = entries.map((entry, n) => {
        const from = n === a ? entries[other] : n === other ? entries[a] : entry
        return { ...(from ?? entry), sequence: entry.sequence }
      })
      return { spoilt, firstBad: Math.min(a, other) + 1 }
    },
  },
  {
    name: 'truncate',
    apply: (entries, pick) => {
      const length = pick(entries.length)
      return { spoilt: entries.slice(0, length), firstBad: length + 1 }
    },
  },
  {
    name: 'rebuild without the key',
    apply: (entries, pick) => {
      const from = pick(entries.length)
      const rebuilt = entries.slice(0, from)
      for (const entry of entries.slice(from)) {
        const previousHash = rebuilt.at(-1)?.hash ?? NO_HASH
        rebuilt.push(rehash({ ...entry, previousHash, actorName: '改写' }))
      }
      return { spoilt: rebuilt, firstBad: signedFrom(from + 1) }
    },
  },
]

t.test(`${MUTATIONS} seeded mutations are all found, and the first bad entry is named`, async (t) => {
  const pick = seeded(20260302)
  const entries = chain(LENGTH)
  const checkpoints = entries.filter(({ sequence }) => Number(sequence) % SIGNED_EVERY === 0).map(sign)
  const found = new Map<string, number>()
  for (let n = 0; n < MUTATIONS; n += 1) {
    const mutation = mutations[n % mutations.length]
    if (mutation === undefined) throw new Error('no mutation')
    const { spoilt, firstBad } = mutation.apply(entries, pick)
    const verdict = await verifyChain(spoilt, checkpoints)
    const named = verdict.ok ? 'nothing' : verdict.sequence
    if (named !== BigInt(firstBad)) t.fail(`${mutation.name}, number ${n}: ${named} was named instead of ${firstBad}`)
    else found.set(mutation.name, (found.get(mutation.name) ?? 0) + 1)
  }
  t.equal(found.size, mutations.length)
  t.equal(
    [...found.values()].reduce((sum, count) => sum + count, 0),
    MUTATIONS,
  )
  t.ok((await verifyChain(entries, checkpoints)).ok, 'the chain they were copied from is whole still')
})

t.test('every single field of an entry is covered', async (t) => {
  const entries = chain(10)
  for (const [n, edit] of edits.entries()) {
    const edited = entries.map((entry, at) => (at === 4 ? { ...entry, ...edit(entry) } : entry))
    t.match(await verifyChain(edited, []), { ok: false, sequence: 5n }, `edit ${n}`)
  }
})

const named: readonly [string, (entries: ChainEntry[]) => ChainEntry[], Partial<Extract<Verdict, { ok: false }>>][] = [
  ['a deleted entry', (entries) => entries.toSpliced(6, 1), { sequence: 7n, fault: 'missing' }],
  [
    'an edited entry',
    (entries) => entries.with(6, { ...lastOf(entries), sequence: 7n }),
    { sequence: 7n, fault: 'changed' },
  ],
  [
    'a repeated entry',
    (entries) => entries.toSpliced(6, 0, ...entries.slice(5, 6)),
    { sequence: 6n, fault: 'out-of-order' },
  ],
  ['a cut tail', (entries) => entries.slice(0, 12), { sequence: 13n, fault: 'truncated' }],
  [
    'an edited entry that was hashed anew',
    (entries) => entries.with(6, rehash({ ...lastOf(entries.slice(0, 7)), actorName: 'x' })),
    { sequence: 8n, fault: 'previous-changed' },
  ],
]

for (const [name, mutate, expected] of named) {
  t.test(`${name} is named`, async (t) => {
    const entries = chain(20)
    t.match(await verifyChain(mutate(entries), [sign(lastOf(entries))]), { ok: false, ...expected })
  })
}

t.test('a chain without checkpoints cannot show that its tail was cut or that it was rebuilt', async (t) => {
  const entries = chain(20)
  t.match(await verifyChain(entries.slice(0, 12), []), { ok: true }, 'which is why there are checkpoints')
  t.match(await verifyChain(entries.slice(0, 12), [], { expectedLast: 20n }), { ok: false, sequence: 13n })
})

t.test('checkpoints that are forged, of another key or no key at all', async (t) => {
  const entries = chain(20)
  const last = lastOf(entries)
  const stranger = createSigner(generateKeyPairSync('ed25519').privateKey)
  const good = sign(last)
  const trustedKeys = [signer.publicKey]
  t.match(await verifyChain(entries, [stranger.sign(last, 0)], { trustedKeys }), { fault: 'checkpoint-unknown-key' })
  t.match(await verifyChain(entries, [{ ...good, atMs: good.atMs + 1 }]), { fault: 'checkpoint-forged', sequence: 20n })
  t.match(await verifyChain(entries, [{ ...good, publicKey: Buffer.from('no key') }]), { fault: 'checkpoint-forged' })
  t.match(await verifyChain(entries, [{ ...good, publicKey: stranger.publicKey }]), { fault: 'checkpoint-forged' })
})
