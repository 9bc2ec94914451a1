import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'

/**
 * Keeps a second gateway off the same data directory. The lock is SQLite's own on a file of its own, so the kernel
 * releases it however the process ends.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  const db = new BetterSqlite3(join(dataDir, 'gateway.lock'), { timeout: 0 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    if (!(error instanceof BetterSqlite3.SqliteError) || error.code !== 'SQLITE_BUSY') throw error
    throw new Error(
      `${dataDir} 已被另一个网关占用，请停止它或另设 GRIDLIGHT_DATA_DIR / is in use by another gateway: stop it, or set GRIDLIGHT_DATA_DIR`,
    )
  }
  return { release: () => db.close() }
}
