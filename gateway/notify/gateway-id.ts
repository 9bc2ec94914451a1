import type { Database } from '../storage/database.ts'

/**
 * The lasting id of this gateway, made at its first start. Nodes that share a database have one each, by the name of
 * their host: with the same id they would push each other off an external broker.
 */
export async function gatewayIdOf(database: Database, host: string, newId: () => string): Promise<string> {
  const name = database.provider === 'sqlite' ? 'gateway-id' : `gateway-id:${host}`
  const { value } = await database.transaction((tx) =>
    tx.setting.upsert({ where: { name }, create: { name, value: newId() }, update: {} }),
  )
  return value
}
