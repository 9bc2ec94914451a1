import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { type ChainEntry, detailHash, entryHash, NO_HASH } from '../../gateway/audit/chain.ts'
import { streamEntries } from '../../gateway/audit/store.ts'
import { verifyStored } from '../../gateway/audit/verify-stored.ts'
import { openDatabase } from '../../gateway/storage/database.ts'

/**
 * How long the offline verifier takes for a long audit trail: the promise is a million entries in less than 30 s.
 *
 * usage: node scripts/bench/audit.ts [ENTRIES]
 */
const ENTRIES = Number(process.argv[2] ?? 1_000_000)

const directory = await mkdtemp(join(tmpdir(), 'gridlight-audit-'))
const file = join(directory, 'gridlight.sqlite')
await (await openDatabase({ kind: 'sqlite', file })).close()
write(file)
const database = await openDatabase({ kind: 'sqlite', file })
const [startedMs, startedCpu] = [performance.now(), process.cpuUsage()]
const verdict = await verifyStored(database, { outside: [], trustedKeys: undefined })
const tookMs = performance.now() - startedMs
const { user, system } = process.cpuUsage(startedCpu)
console.log(JSON.stringify(verdict, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)))
console.log(
  `${ENTRIES} entries verified in ${(tookMs / 1000).toFixed(1)} s, ${Math.round(ENTRIES / (tookMs / 1000))} a second`,
)
// On a machine that does other things as well, this is what it would have taken alone.
console.log(`processor time: ${((user + system) / 1e6).toFixed(1)} s`)
const readMs = performance.now()
let read = 0
for await (const _ of streamEntries(database)) read += 1
console.log(`of which reading alone: ${((performance.now() - readMs) / 1000).toFixed(1)} s (${read})`)
await database.close()
await rm(directory, { recursive: true, force: true })

/** A chain as the gateway writes it, in one transaction instead of a million. */
function write(target: string): void {
  const db = new BetterSqlite3(target)
  const insert = db.prepare(
    `INSERT INTO "AuditEntry" ("sequence", "version", "at", "bootId", "monotonicMs", "actorKind", "actorId", "actorName",
      "rolesJson", "sessionId", "action", "object", "result", "why", "consentVersion", "detailJson", "detailSalt",
      "detailHash", "previousHash", "hash") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  db.exec('BEGIN')
  let previousHash = NO_HASH
  for (let at = 1; at <= ENTRIES; at += 1) {
    const detailJson = `{"viewId":"${at}","reason":{"kind":"request","text":"派出所来电调看"}}`
    const detailSalt = Buffer.alloc(16, at)
    const entry: Omit<ChainEntry, 'hash'> = {
      ...{ sequence: BigInt(at), version: 1, atMs: Date.UTC(2026, 2, 2) + at, bootId: 'boot', monotonicMs: BigInt(at) },
      ...{ actorKind: 'user', actorId: 'u', actorName: '值班员', rolesJson: '["operator"]', sessionId: 's' },
      ...{ action: 'view-granted', object: 'camera:c', result: 'done', why: 'request', consentVersion: 1 },
      ...{ detailJson, detailSalt, detailHash: detailHash(detailJson, detailSalt), previousHash },
    }
    const hash = entryHash(entry)
    insert.run(
      ...[entry.sequence, entry.version, entry.atMs, entry.bootId, entry.monotonicMs, entry.actorKind, entry.actorId],
      ...[entry.actorName, entry.rolesJson, entry.sessionId, entry.action, entry.object, entry.result, entry.why],
      ...[entry.consentVersion, detailJson, detailSalt, entry.detailHash, entry.previousHash, hash],
    )
    previousHash = hash
  }
  db.exec(`UPDATE "Counter" SET "value" = ${ENTRIES} WHERE "name" = 'audit'; COMMIT`)
  db.close()
}
