import type {
  SqlDriverAdapter,
  SqlDriverAdapterFactory,
  SqlQuery,
  SqlResultSet,
  Transaction,
} from '@prisma/driver-adapter-utils'

/**
 * Makes Prisma's SQLite adapter serial. The adapter has one connection and locks it for transactions only: a plain
 * query sent while a transaction waits runs inside that transaction and is lost with its rollback, although it was
 * acknowledged. Here every statement and every transaction takes its turn.
 */
export function serialSqlite(inner: SqlDriverAdapterFactory, setUp: string): SqlDriverAdapterFactory {
  return {
    provider: inner.provider,
    adapterName: inner.adapterName,
    connect: async () => {
      const adapter = await inner.connect()
      await adapter.executeScript(setUp)
      return serialAdapter(adapter)
    },
  }
}

type Release = () => void

function serialAdapter(adapter: SqlDriverAdapter): SqlDriverAdapter {
  let tail: Promise<void> = Promise.resolve()

  const turn = async (): Promise<Release> => {
    const before = tail
    const { promise, resolve } = Promise.withResolvers<void>()
    tail = promise
    await before
    return resolve
  }

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const release = await turn()
    try {
      return await work()
    } finally {
      release()
    }
  }

  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => inTurn(() => adapter.queryRaw(query)),
    executeRaw: (query) => inTurn(() => adapter.executeRaw(query)),
    executeScript: (script) => inTurn(() => adapter.executeScript(script)),
    dispose: () => inTurn(() => adapter.dispose()),
    getConnectionInfo: () => adapter.getConnectionInfo?.() ?? { supportsRelationJoins: false },
    startTransaction: async (isolationLevel) => {
      const release = await turn()
      try {
        const transaction = await adapter.startTransaction(isolationLevel)
        // Take the write lock now, waiting for another process if need be: upgrading later fails at once.
        await adapter.executeScript('ROLLBACK; BEGIN IMMEDIATE')
        return serialTransaction(transaction, release)
      } catch (error) {
        release()
        throw error
      }
    },
  }
}

function serialTransaction(transaction: Transaction, release: Release): Transaction {
  const end = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } finally {
      // A COMMIT that failed (disk full, say) leaves the transaction open; the next one could not begin.
      await transaction.executeRaw({ sql: 'ROLLBACK', args: [], argTypes: [] }).catch(() => {})
      release()
    }
  }
  return {
    provider: transaction.provider,
    adapterName: transaction.adapterName,
    options: transaction.options,
    queryRaw: (query: SqlQuery): Promise<SqlResultSet> => transaction.queryRaw(query),
    executeRaw: (query: SqlQuery): Promise<number> => transaction.executeRaw(query),
    commit: () => end(() => transaction.commit()),
    rollback: () => end(() => transaction.rollback()),
  }
}
