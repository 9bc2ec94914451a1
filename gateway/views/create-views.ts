import type { Principal } from '../contracts/identity.ts'
import type { Link } from '../contracts/link.ts'
import type { App } from '../http/route.ts'
import { liveRoutes } from './live-routes.ts'
import { liveSocket } from './live-socket.ts'
import { ownerStill, type Still } from './owner-still.ts'
import { type Permission, permit, type Use } from './permit.ts'
import { mayKeepRecording, mayOpenRecording, type Opening, type Recorded } from './recording.ts'
import { viewRoutes } from './routes.ts'
import { Views, type ViewsDeps } from './views.ts'

export interface ViewsFeature extends Pick<Views, 'start' | 'close' | 'endWhere' | 'ledger' | 'find'> {
  routes(app: App): void
  /** Views that are open now. */
  liveCount(): number
  /** The gate's word on a use beyond the picture, for the reason this session watches the camera, if it does. */
  permit(use: Omit<Use, 'reason'>): Promise<Permission>
  /** The gate's word on a recording; to be asked before its first byte leaves. */
  mayOpenRecording(opening: Opening): Promise<Permission>
  /** One picture of a private camera for its owner. */
  still(principal: Principal, link: Link, gone: AbortSignal): Promise<Still>
  /** Whether the gateway may keep what a camera showed then, for an alarm. */
  mayKeepRecording(recorded: Recorded & { cameraId: string }): Promise<boolean>
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
    liveCount: () => views.liveCount,
    mayOpenRecording: (opening) => mayOpenRecording(deps, opening),
    still: (principal, link, gone) => ownerStill(deps, principal, link, gone),
    mayKeepRecording: (recorded) => mayKeepRecording(deps, recorded),
    permit: (use) => permit(deps, { ...use, reason: views.reasonOf(use.principal, use.cameraId) }),
  }
}
