import type { App } from '../http/route.ts'
import type { Tx } from '../storage/database.ts'
import { Links, type LinksDeps } from './links.ts'
import { type OwnerRoutesDeps, type OwnerSessions, ownerRoutes } from './owner-routes.ts'
import { Papers } from './paper.ts'
import { paperRoutes } from './paper-routes.ts'
import { type ActivePeriod, activePeriods } from './periods.ts'
import { linkRoutes } from './routes.ts'
import { linkedCameraIds } from './store.ts'

export interface CreateLinksDeps extends LinksDeps {
  sessions: OwnerSessions
  views: LinksDeps['views'] & { ledger: OwnerRoutesDeps['ledger'] }
}

export interface LinksFeature extends Pick<Links, 'start' | 'close' | 'now' | 'linkFor' | 'holdAfterRestore'> {
  routes(app: App): void
  /** Those of the cameras whose link is active. */
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  /** When the link was active and what was agreed then, in order of time. */
  activePeriods(client: Tx, linkId: string): Promise<ActivePeriod[]>
}

/** The register of links, its routes for staff and for owners, and the sweep that writes down what time has ended. */
export function createLinks(deps: CreateLinksDeps): LinksFeature {
  const { database, cameras, sessions, views } = deps
  const links = new Links(deps)
  const papers = new Papers({ ...deps, links })
  return {
    routes: (app) => {
      linkRoutes(app, { database, links, cameras })
      paperRoutes(app, { database, papers, now: () => links.now() })
      ownerRoutes(app, { database, links, sessions, ledger: (linkId, query) => views.ledger(linkId, query) })
    },
    activePeriods,
    linkedCameraIds: (cameraIds) => linkedCameraIds(database.client, cameraIds),
    start: () => links.start(),
    close: () => links.close(),
    now: () => links.now(),
    linkFor: (client, cameraId) => links.linkFor(client, cameraId),
    holdAfterRestore: (actor) => links.holdAfterRestore(actor),
  }
}
