import type { Database, Tx } from '../../gateway/storage/database.ts'

/** A store that commits only when told, to see what is said before that. */
export function heldStore(): {
  wrap: (database: Database) => Database
  commit: () => void
  reached: Promise<void>
  mode: { value: 'hold' | 'fail' | 'pass' }
} {
  const gate = Promise.withResolvers<void>()
  const reached = Promise.withResolvers<void>()
  const mode: { value: 'hold' | 'fail' | 'pass' } = { value: 'pass' }
  return {
    mode,
    commit: gate.resolve,
    reached: reached.promise,
    wrap: (database) => ({
      ...database,
      transaction: <T>(work: (tx: Tx) => Promise<T>) =>
        database.transaction(async (tx) => {
          const result = await work(tx)
          if (mode.value === 'fail') {
            reached.resolve()
            throw new Error('disk full')
          }
          if (mode.value === 'hold') {
            reached.resolve()
            await gate.promise
          }
          return result
        }),
    }),
  }
}
