import type { Tx } from './database.ts'

/**
 * Takes the next `count` numbers of a gapless sequence and holds it until the transaction ends, so that the order of
 * numbers is the order of commits on both databases.
 * @returns the first of the numbers taken; the first ever is 1
 */
export async function takeNumbers(tx: Tx, name: 'audit' | 'event', count = 1): Promise<bigint> {
  const { value } = await tx.counter.update({ where: { name }, data: { value: { increment: BigInt(count) } } })
  return value - BigInt(count) + 1n
}
