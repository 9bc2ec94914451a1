import type { App } from '../http/route.ts'
import type { Tx } from '../storage/database.ts'
import { Links, type LinksDeps } from './links.ts'
import { type OwnerLedgerDeps, ownerLedgerRoutes } from './owner-ledger-routes.ts'
import { type OwnerSessions, ownerRoutes } from './owner-routes.ts'
import { Papers } from './paper.ts'
import { paperRoutes } from './paper-routes.ts'
import { type ActivePeriod, activePeriods } from './periods.ts'
import { registerRoutes } from './register-routes.ts'
import { linkRoutes } from './routes.ts'
import { clipCameraIds, linkedCameraIds, linkNames } from './store.ts'
import { transparencyRoutes } from './transparency.ts'

export interface CreateLinksDeps extends LinksDeps {
  sessions: OwnerSessions
  views: LinksDeps['views'] & Pick<OwnerLedgerDeps, 'ledger' | 'still'>
  /** IANA zone of the township's calendar, such as `Asia/Shanghai`. */
  timeZone: string
  /** Fields of persons that were dropped from events, since the beginning. */
  strippedFields(): Promise<number>
  /** Counts for everybody, without sign-in. */
  transparencyPage: boolean
}

export interface LinksFeature extends Pick<Links, 'start' | 'close' | 'now' | 'linkFor' | 'holdAfterRestore'> {
  routes(app: App): void
  /** What links are called, by their ids: as their cameras are. */
  names(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  /** Those of the cameras whose link is active. */
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Cameras whose active link is for alarm clips too. */
  clipCameraIds(): Promise<string[]>
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
      registerRoutes(app, { ...deps, today: () => ({ nowMs: links.now(), timeZone: deps.timeZone }) })
      transparencyRoutes(app, { ...deps, isOn: deps.transparencyPage, now: () => links.now() })
      ownerRoutes(app, { database, links, sessions })
      ownerLedgerRoutes(app, {
        ...deps,
        ledger: (linkId, query) => views.ledger(linkId, query),
        still: (principal, link, gone) => views.still(principal, link, gone),
      })
    },
    names: linkNames,
    activePeriods,
    linkedCameraIds: (cameraIds) => linkedCameraIds(database.client, cameraIds),
    clipCameraIds: () => clipCameraIds(database.client),
    start: () => links.start(),
    close: () => links.close(),
    now: () => links.now(),
    linkFor: (client, cameraId) => links.linkFor(client, cameraId),
    holdAfterRestore: (actor) => links.holdAfterRestore(actor),
  }
}
