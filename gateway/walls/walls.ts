import type { App } from '../http/route.ts'
import { type WallsDeps, wallRoutes } from './routes.ts'

/**
 * What an operator keeps of the wall: layouts, rounds, and the record of its silences. A saved layout opens nothing;
 * each picture on it passes the view gate when it is shown.
 */
export function createWalls(deps: WallsDeps): { routes(app: App): void } {
  return { routes: (app) => wallRoutes(app, deps) }
}
