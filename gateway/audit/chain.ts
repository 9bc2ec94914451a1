import { createHash } from 'node:crypto'

/** Layout of the hashed bytes; docs/ref/audit.md is its specification. */
export const RECORD_VERSION = 1

const HASH_BYTES = 32

/** Previous hash of the first entry, and detail hash of an entry that never had a detail. */
export const NO_HASH: Uint8Array = new Uint8Array(HASH_BYTES)

/** One entry of the chain exactly as it is stored and hashed. */
export interface ChainEntry {
  sequence: bigint
  version: number
  /** Milliseconds since 1970-01-01 UTC. */
  atMs: number
  bootId: string
  monotonicMs: bigint
  actorKind: string
  actorId: string | null
  actorName: string
  rolesJson: string
  sessionId: string | null
  action: string
  object: string
  result: string
  why: string | null
  consentVersion: number | null
  /** Null once erased, or if there never was one (then `detailHash` is `NO_HASH`). */
  detailJson: string | null
  detailSalt: Uint8Array | null
  detailHash: Uint8Array
  previousHash: Uint8Array
  hash: Uint8Array
}

/** What the private key of a gateway has signed: up to `sequence` the chain is the one that ends in `hash`. */
export interface ChainCheckpoint {
  sequence: bigint
  hash: Uint8Array
  atMs: number
  /** Ed25519, SubjectPublicKeyInfo in DER (RFC 8410 §4). */
  publicKey: Uint8Array
  signature: Uint8Array
}

/** SHA-256 of an entry's canonical bytes, `previousHash` included, the detail through `detailHash` only. */
export function entryHash(entry: Omit<ChainEntry, 'hash'>): Buffer {
  return sha256([
    'gridlight-audit-entry',
    String(entry.version),
    String(entry.sequence),
    new Date(entry.atMs).toISOString(),
    entry.bootId,
    String(entry.monotonicMs),
    entry.actorKind,
    entry.actorId,
    entry.actorName,
    entry.rolesJson,
    entry.sessionId,
    entry.action,
    entry.object,
    entry.result,
    entry.why,
    entry.consentVersion === null ? null : String(entry.consentVersion),
    entry.detailHash,
    entry.previousHash,
  ])
}

/** Salted, so that an erased detail cannot be guessed back from its hash. */
export function detailHash(detailJson: string, salt: Uint8Array): Buffer {
  return sha256(['gridlight-audit-detail', salt, detailJson])
}

/** The bytes that a checkpoint's signature covers. */
export function checkpointBytes(checkpoint: Pick<ChainCheckpoint, 'sequence' | 'hash' | 'atMs'>): Buffer {
  return canonicalBytes([
    'gridlight-audit-checkpoint',
    String(RECORD_VERSION),
    String(checkpoint.sequence),
    new Date(checkpoint.atMs).toISOString(),
    checkpoint.hash,
  ])
}

type Field = string | Uint8Array | null

/** Length that marks a field as absent; no present field can be that long. */
const ABSENT = 0xffff_ffff
const LENGTH_BYTES = 4

const sha256 = (fields: readonly Field[]): Buffer => createHash('sha256').update(canonicalBytes(fields)).digest()

/** Every field as its length (uint32, big-endian) and its bytes (text as UTF-8), so that no two lists read alike. */
function canonicalBytes(fields: readonly Field[]): Buffer {
  let size = 0
  for (const field of fields) size += LENGTH_BYTES + (field === null ? 0 : Buffer.byteLength(field))
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const field of fields) {
    const length = field === null ? 0 : Buffer.byteLength(field)
    at = bytes.writeUInt32BE(field === null ? ABSENT : length, at)
    if (typeof field === 'string') bytes.write(field, at, 'utf8')
    else if (field !== null) bytes.set(field, at)
    at += length
  }
  return bytes
}
