import type { App } from '../http/route.ts'
import { liveRoutes } from './live-routes.ts'
import { liveSocket } from './live-socket.ts'
import { viewRoutes } from './routes.ts'
import { Views, type ViewsDeps } from './views.ts'

export interface ViewsFeature extends Pick<Views, 'start' | 'close' | 'endWhere' | 'ledger' | 'find' | 'beginRequest'> {
  routes(app: App): void
  /** Views that are open now. */
  liveCount(): number
}

/** The one gate to pictures: grants, their media and their ends. */
export function createViews(deps: ViewsDeps): ViewsFeature {
  const views = new Views(deps)
  return {
    routes: (app) => {
      viewRoutes(app, views)
      liveRoutes(app, views)
      liveSocket(app, views, deps.clock)
    },
    start: () => views.start(),
    close: () => views.close(),
    endWhere: (criteria, why) => views.endWhere(criteria, why),
    ledger: (linkId, query) => views.ledger(linkId, query),
    find: (id, principal) => views.find(id, principal),
    beginRequest: (view) => views.beginRequest(view),
    liveCount: () => views.liveCount,
  }
}
