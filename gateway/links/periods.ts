import { Hours, LinkScope, type LinkState } from '../contracts/link.ts'
import type { Tx } from '../storage/database.ts'

/** A stretch of time in which a link was active, and what was agreed then. */
export interface ActivePeriod {
  /** UTC milliseconds; `untilMs` is Infinity while it lasts. */
  fromMs: number
  untilMs: number
  scopes: readonly LinkScope[]
  hours?: Hours
}

interface Turn {
  /** Of the period that may begin. */
  id: string
  linkId: string
  state: LinkState
  consentVersion: number | undefined
  atMs: number
}

/** Ends the period that lasts and, where the link is active from now on, begins the next under the version in force. */
export async function turnPeriod(tx: Tx, { id, linkId, state, consentVersion, atMs }: Turn): Promise<void> {
  const at = new Date(atMs)
  await tx.linkPeriod.updateMany({ where: { linkId, untilAt: null }, data: { untilAt: at } })
  if (state !== 'active') return
  await tx.linkPeriod.create({ data: { id, linkId, consentVersion: consentVersion ?? null, fromAt: at } })
}

/**
 * When the link was active, in order of time, each period bounded by the end that was agreed for it: the sweep writes an
 * expiry down some seconds late.
 */
export async function activePeriods(client: Tx, linkId: string): Promise<ActivePeriod[]> {
  const link = await client.link.findUnique({
    where: { id: linkId },
    include: { periods: { orderBy: { fromAt: 'asc' } }, consents: true },
  })
  if (link === null) return []
  return link.periods.map(({ fromAt, untilAt, consentVersion }) => {
    const agreed = link.consents.find(({ version }) => version === consentVersion) ?? link
    const ends = [untilAt, link.validUntil, agreed.validUntil].map((end) => end?.getTime() ?? Number.POSITIVE_INFINITY)
    const hoursJson = agreed.hoursJson ?? link.hoursJson
    return {
      fromMs: Math.max(fromAt.getTime(), link.validFrom.getTime()),
      untilMs: Math.min(...ends),
      scopes: LinkScope.array().parse(JSON.parse(agreed.scopesJson)),
      ...(hoursJson === null ? {} : { hours: Hours.parse(JSON.parse(hoursJson)) }),
    }
  })
}
