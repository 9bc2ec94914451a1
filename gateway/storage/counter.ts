import type { Tx } from './database.ts'

type Sequence = 'audit' | 'event'

const taken = new WeakMap<object, Set<Sequence>>()

/**
 * Takes the next `count` numbers of a gapless sequence and holds it until the transaction ends, so that the order of
 * numbers is the order of commits on both databases. Numbers of `audit` come before those of `event`: two transactions
 * that differed in this would wait for each other (PostgreSQL would end one of them).
 * @returns the first of the numbers taken; the first ever is 1
 */
export async function takeNumbers(tx: Tx, name: Sequence, count = 1): Promise<bigint> {
  const held = taken.get(tx) ?? new Set()
  if (name === 'audit' && held.has('event') && !held.has('audit')) {
    throw new Error('audit numbers must be taken before event numbers: write the audit entry first')
  }
  taken.set(tx, held.add(name))
  const { value } = await tx.counter.update({ where: { name }, data: { value: { increment: BigInt(count) } } })
  return value - BigInt(count) + 1n
}
