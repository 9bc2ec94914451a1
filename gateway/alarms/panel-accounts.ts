import type { AlarmSource, NewAlarmSource } from '../contracts/alarm.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'

/** Messages that are remembered for each panel, and for how long: it repeats what was not acknowledged. */
const REMEMBERED = 16
const REMEMBERED_MS = 600_000
/** Numbers of messages run from 1 to 9999 and begin again (DC-09-2013 §5.5.1.5). */
const LAST_SEQUENCE = 9999
/** A larger jump is a panel that began to count anew. */
const MAX_GAP = 100

const contextOf = (sourceId: string): string => `panel-account:${sourceId}:key`

export async function insertPanelAccount(
  tx: Tx,
  vault: Vault,
  sourceId: string,
  { account, key }: NonNullable<NewAlarmSource['dc09']>,
): Promise<void> {
  const sealedKey = key === undefined ? null : new Uint8Array(vault.seal(key, contextOf(sourceId)))
  await tx.panelAccount.create({ data: { sourceId, account: account.toUpperCase(), sealedKey } })
}

/** The account is free again, and its key is gone. */
export async function removePanelAccount(tx: Tx, sourceId: string): Promise<void> {
  await tx.panelAccount.deleteMany({ where: { sourceId } })
}

/** The sources with the accounts of those that are panels. */
export async function withAccounts({ client }: Database, sources: readonly AlarmSource[]): Promise<AlarmSource[]> {
  const rows = await client.panelAccount.findMany({ where: { sourceId: { in: sources.map(({ id }) => id) } } })
  const accounts = new Map(rows.map((row) => [row.sourceId, row]))
  return sources.map((source) => {
    const row = accounts.get(source.id)
    return row === undefined
      ? source
      : { ...source, dc09: { account: row.account, isEncrypted: row.sealedKey !== null } }
  })
}

/** The panel of an account, with its key where it encrypts. */
export async function findPanelAccount(
  database: Database,
  vault: Vault,
  account: string,
): Promise<{ sourceId: string; key: Buffer | undefined } | undefined> {
  const row = await database.client.panelAccount.findUnique({ where: { account } })
  if (row === null) return undefined
  const { sourceId, sealedKey } = row
  const key = sealedKey === null ? undefined : Buffer.from(vault.open(sealedKey, contextOf(sourceId)), 'hex')
  return { sourceId, key }
}

/** Seals the keys of all panels anew. @returns how many */
export async function resealPanelKeys(tx: Tx, vault: Vault): Promise<number> {
  const rows = await tx.panelAccount.findMany({ where: { sealedKey: { not: null } } })
  for (const { sourceId, sealedKey } of rows) {
    if (sealedKey === null) continue
    const key = vault.open(sealedKey, contextOf(sourceId))
    const sealed = new Uint8Array(vault.seal(key, contextOf(sourceId)))
    await tx.panelAccount.update({ where: { sourceId }, data: { sealedKey: sealed } })
  }
  return rows.length
}

export interface Counted {
  isRepeated: boolean
  /** Numbers between the last message and this one that never came. */
  gap: { from: number; to: number } | undefined
}

/** Notes a message by its number and hash, in the transaction that stores it. */
export async function countReport(
  tx: Tx,
  sourceId: string,
  report: { sequence: number; hash: string },
  at: Date,
): Promise<Counted> {
  const row = await tx.panelAccount.findUniqueOrThrow({ where: { sourceId } })
  const name = `${report.sequence}:${report.hash}`
  const recent = (row.lastHash ?? '').split(' ').filter((entry) => {
    const atMs = Number(entry.split('@')[1])
    return atMs > at.getTime() - REMEMBERED_MS
  })
  if (recent.some((entry) => entry.startsWith(`${name}@`))) return { isRepeated: true, gap: undefined }
  const lastHash = [`${name}@${at.getTime()}`, ...recent].slice(0, REMEMBERED).join(' ')
  const gap = gapOf(row.lastSequence, report.sequence)
  const lastSequence = report.sequence === 0 ? row.lastSequence : report.sequence
  await tx.panelAccount.update({ where: { sourceId }, data: { lastHash, lastSequence } })
  return { isRepeated: false, gap }
}

/** 0 is not counted; a step back, or far ahead, is a new beginning. */
export function gapOf(last: number | null, sequence: number): Counted['gap'] {
  if (last === null || sequence === 0) return undefined
  const expected = (last % LAST_SEQUENCE) + 1
  const missing = (sequence - expected + LAST_SEQUENCE) % LAST_SEQUENCE
  if (missing === 0 || missing > MAX_GAP) return undefined
  return { from: expected, to: sequence === 1 ? LAST_SEQUENCE : sequence - 1 }
}
