import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import type { App } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { wallRoutes } from './routes.ts'

export interface WallsDeps {
  database: Database
  clock: Clock
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
}

/**
 * What an operator keeps of the wall: layouts, rounds, and the record of its silences. A saved layout opens nothing;
 * each picture on it passes the view gate when it is shown.
 */
export function createWalls(deps: WallsDeps): { routes(app: App): void } {
  return { routes: (app) => wallRoutes(app, deps) }
}
