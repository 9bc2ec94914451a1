import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { AuditAction, type AuditCheckpoint, type AuditEntry, type NewAuditEntry } from '../contracts/audit.ts'
import { toInstant } from '../contracts/common.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { type ChainCheckpoint, type ChainEntry, detailHash, entryHash, NO_HASH, RECORD_VERSION } from './chain.ts'

/** Longest texts the chain takes; a name or object comes from outside and is cut, a detail comes from our code. */
const MAX_TEXT_CHARS = 300
const MAX_DETAIL_CHARS = 256 * 1024

const SALT_BYTES = 16

/** Rows read at a time while the whole chain is walked. */
const BATCH_ROWS = 2_000

export interface AppendContext {
  clock: Clock
  bootId: string
}

/**
 * Writes one entry at the end of the chain. The number is held until the transaction ends, so nobody else can append
 * between the reading of the previous hash and the commit.
 */
export async function appendEntry(tx: Tx, entry: NewAuditEntry, { clock, bootId }: AppendContext): Promise<bigint> {
  const sequence = await takeNumbers(tx, 'audit')
  // A missing predecessor must not stop the gateway; the verifier names the gap that this leaves.
  const previous = await tx.auditEntry.findUnique({ where: { sequence: sequence - 1n }, select: { hash: true } })
  const detailJson = entry.detail === undefined ? null : JSON.stringify(entry.detail)
  if (detailJson !== null && detailJson.length > MAX_DETAIL_CHARS) {
    throw new RangeError(`audit detail of ${detailJson.length} characters, limit ${MAX_DETAIL_CHARS} (${entry.action})`)
  }
  const salt = detailJson === null ? null : randomBytes(SALT_BYTES)
  const unhashed = {
    sequence,
    version: RECORD_VERSION,
    atMs: clock.now(),
    bootId,
    monotonicMs: BigInt(Math.round(clock.monotonicMs())),
    actorKind: entry.actor.kind,
    actorId: optionalText(entry.actor.id),
    actorName: plainText(entry.actor.name),
    rolesJson: JSON.stringify(entry.actor.roles ?? []),
    sessionId: optionalText(entry.actor.sessionId),
    action: entry.action,
    object: plainText(entry.object),
    result: entry.result,
    why: optionalText(entry.why),
    consentVersion: entry.consentVersion ?? null,
    detailJson,
    detailSalt: salt,
    detailHash: detailJson === null || salt === null ? NO_HASH : detailHash(detailJson, salt),
    previousHash: previous?.hash ?? NO_HASH,
  }
  const { atMs, ...columns } = unhashed
  await tx.auditEntry.createMany({
    data: {
      ...columns,
      at: new Date(atMs),
      detailSalt: salt === null ? null : bytes(salt),
      detailHash: bytes(unhashed.detailHash),
      previousHash: bytes(unhashed.previousHash),
      hash: bytes(entryHash(unhashed)),
    },
  })
  return sequence
}

/** Prisma's type of a blob excludes shared memory, which ours never is. */
const bytes = (value: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(value)

/** A column both databases take as it is: no control characters (PostgreSQL refuses U+0000), no half characters. */
const plainText = (text: string): string =>
  text
    .slice(0, MAX_TEXT_CHARS)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\ufffd')

const optionalText = (text: string | undefined): string | null => (text === undefined ? null : plainText(text))

type EntryRow = Prisma.AuditEntryGetPayload<object>
type CheckpointRow = Prisma.AuditCheckpointGetPayload<object>

const toChainEntry = ({ at, ...row }: EntryRow): ChainEntry => ({ ...row, atMs: at.getTime() })

const toChainCheckpoint = ({ at, ...row }: CheckpointRow): ChainCheckpoint => ({ ...row, atMs: at.getTime() })

const Roles = z.array(z.string())
const Detail = z.record(z.string(), z.unknown())

function toAuditEntry(row: EntryRow): AuditEntry {
  return {
    sequence: Number(row.sequence),
    at: toInstant(row.at.getTime()),
    actorKind: row.actorKind,
    ...(row.actorId === null ? {} : { actorId: row.actorId }),
    actorName: row.actorName,
    roles: Roles.parse(JSON.parse(row.rolesJson)),
    ...(row.sessionId === null ? {} : { sessionId: row.sessionId }),
    action: AuditAction.parse(row.action),
    object: row.object,
    result: row.result === 'done' ? 'done' : 'refused',
    ...(row.why === null ? {} : { why: row.why }),
    ...(row.consentVersion === null ? {} : { consentVersion: row.consentVersion }),
    ...(row.detailJson === null ? {} : { detail: Detail.parse(JSON.parse(row.detailJson)) }),
    hash: Buffer.from(row.hash).toString('hex'),
  }
}

/** A checkpoint as it leaves the gateway. */
export const toAuditCheckpoint = (id: string, checkpoint: ChainCheckpoint): AuditCheckpoint => ({
  id,
  sequence: Number(checkpoint.sequence),
  hash: Buffer.from(checkpoint.hash).toString('hex'),
  at: toInstant(checkpoint.atMs),
  publicKey: Buffer.from(checkpoint.publicKey).toString('base64'),
  signature: Buffer.from(checkpoint.signature).toString('base64'),
})

export interface EntryFilter {
  sinceMs?: number | undefined
  /** Id or name of the actor. */
  actor?: string | undefined
  object?: string | undefined
  action?: string | undefined
  result?: string | undefined
  untilMs?: number | undefined
  /** Only entries before this number. */
  before?: bigint | undefined
  limit: number
}

/** Newest first. */
export async function listEntries(
  tx: Tx,
  { sinceMs, untilMs, actor, object, action, result, before, limit }: EntryFilter,
): Promise<AuditEntry[]> {
  const rows = await tx.auditEntry.findMany({
    where: {
      at: {
        ...(sinceMs === undefined ? {} : { gte: new Date(sinceMs) }),
        ...(untilMs === undefined ? {} : { lt: new Date(untilMs) }),
      },
      ...(actor === undefined ? {} : { OR: [{ actorId: actor }, { actorName: actor }] }),
      ...(object === undefined ? {} : { object }),
      ...(action === undefined ? {} : { action }),
      ...(result === undefined ? {} : { result }),
      ...(before === undefined ? {} : { sequence: { lt: before } }),
    },
    orderBy: { sequence: 'desc' },
    take: limit,
  })
  return rows.map(toAuditEntry)
}

/** Newest first. */
export async function listCheckpoints(
  client: Tx,
  before: bigint | undefined,
  limit: number,
): Promise<AuditCheckpoint[]> {
  const rows = await client.auditCheckpoint.findMany({
    where: before === undefined ? {} : { sequence: { lt: before } },
    orderBy: { sequence: 'desc' },
    take: limit,
  })
  return rows.map((row) => toAuditCheckpoint(row.id, toChainCheckpoint(row)))
}

/** The last entry that no checkpoint covers yet. */
export async function uncoveredHead(client: Tx): Promise<{ sequence: bigint; hash: Uint8Array } | undefined> {
  const head = await client.auditEntry.findFirst({
    orderBy: { sequence: 'desc' },
    select: { sequence: true, hash: true },
  })
  if (head === null) return undefined
  const covered = await client.auditCheckpoint.findFirst({ where: { sequence: { gte: head.sequence } } })
  return covered === null ? head : undefined
}

export async function storeCheckpoint(client: Tx, id: string, checkpoint: ChainCheckpoint): Promise<void> {
  await client.auditCheckpoint.create({
    data: {
      id,
      sequence: checkpoint.sequence,
      at: new Date(checkpoint.atMs),
      hash: bytes(checkpoint.hash),
      publicKey: bytes(checkpoint.publicKey),
      signature: bytes(checkpoint.signature),
    },
  })
}

/** A row of SQLite as it lies there: whole numbers are bigint, times milliseconds, hashes bytes. */
type StoredEntry = Omit<ChainEntry, 'version' | 'atMs' | 'consentVersion'> & {
  version: bigint
  at: bigint
  consentVersion: bigint | null
}

const toChainEntryStored = ({ at, version, consentVersion, ...row }: StoredEntry): ChainEntry => ({
  ...row,
  version: Number(version),
  atMs: Number(at),
  consentVersion: consentVersion === null ? null : Number(consentVersion),
})

/** The whole chain by number: row by row where the database can, else a batch at a time. */
export async function* streamEntries(database: Database): AsyncGenerator<ChainEntry> {
  if (database.storedRows !== undefined) {
    const rows = database.storedRows('SELECT * FROM "AuditEntry" ORDER BY "sequence"')
    // Cast: the columns of our own table, in our own types; what is wrong in them the verifier is here to find.
    for (const row of rows) yield toChainEntryStored(row as StoredEntry)
    return
  }
  for (let after = -1n; ; ) {
    const rows = await database.client.auditEntry.findMany({
      where: { sequence: { gt: after } },
      orderBy: { sequence: 'asc' },
      take: BATCH_ROWS,
    })
    for (const row of rows) yield toChainEntry(row)
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.sequence
  }
}

/** The stored checkpoints of entries up to `upTo`, by number. */
export async function* streamCheckpoints(database: Database, upTo: bigint): AsyncGenerator<ChainCheckpoint> {
  for (let skip = 0; ; skip += BATCH_ROWS) {
    const rows = await database.client.auditCheckpoint.findMany({
      where: { sequence: { lte: upTo } },
      orderBy: [{ sequence: 'asc' }, { id: 'asc' }],
      skip,
      take: BATCH_ROWS,
    })
    for (const row of rows) yield toChainCheckpoint(row)
    if (rows.length < BATCH_ROWS) return
  }
}
