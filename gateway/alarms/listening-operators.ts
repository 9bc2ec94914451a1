import type { Database } from '../storage/database.ts'

const PREFIX = 'operators-listening:'

export interface ListeningOperatorsDeps {
  database: Database
  nodeId: string
}

/**
 * Operators who listen now, at all gateways of the database: each writes down how many are with it, and what is older
 * than `forMs` is of a gateway that went away.
 */
export async function operatorsEverywhere(
  { database: { provider, client }, nodeId }: ListeningOperatorsDeps,
  here: number,
  { nowMs, forMs }: { nowMs: number; forMs: number },
): Promise<number> {
  if (provider === 'sqlite') return here
  const name = `${PREFIX}${nodeId}`
  const value = `${here}@${nowMs}`
  await client.setting.upsert({ where: { name }, create: { name, value }, update: { value } })
  const rows = await client.setting.findMany({ where: { name: { startsWith: PREFIX } } })
  return rows.reduce((sum, row) => {
    const [count, atMs] = row.value.split('@').map(Number)
    return Math.abs(nowMs - (atMs ?? 0)) <= forMs ? sum + (count ?? 0) : sum
  }, 0)
}
