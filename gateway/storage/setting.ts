import type { Database } from './database.ts'

/** This installation's id, made on the first start; nodes of one database share it. */
export async function gatewayId(database: Database, newId: () => string): Promise<string> {
  const name = 'gateway-id'
  return database.transaction(async (tx) => {
    const found = await tx.setting.findUnique({ where: { name } })
    if (found !== null) return found.value
    return (await tx.setting.create({ data: { name, value: newId() } })).value
  })
}
