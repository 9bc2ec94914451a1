import type { Ownership } from '../contracts/common.ts'
import type { Principal, Role } from '../contracts/identity.ts'
import type { Link, LinkScope } from '../contracts/link.ts'
import { AskedFor, MIN_REASON_CHARS, type ViewEnd, type ViewReason, type ViewRefusal } from '../contracts/view.ts'
import { coversCell, hasRole } from '../identity/rights.ts'
import { windowEndMs } from './hours.ts'

/** A private feed is asked for anew, with a reason, after this long. */
export const PRIVATE_VIEW_MS = 10 * 60_000
/** A shift; nobody watches a public feed longer in one go. */
export const PUBLIC_VIEW_MS = 12 * 60 * 60_000

/** The link as the gate needs it. */
export type GateLink = Pick<
  Link,
  'id' | 'cameraId' | 'ownership' | 'state' | 'scopes' | 'hours' | 'validFrom' | 'validUntil' | 'consent'
>

export interface GateCamera {
  id: string
  cellCode: string
  ownership: Ownership
  removed: boolean
}

export interface GateQuestion {
  principal: Principal
  camera: GateCamera
  /** The camera's newest link; undefined when it never had one. */
  link: GateLink | undefined
  request: { use: LinkScope; reason: ViewReason }
  /** UTC milliseconds. */
  now: number
  /** IANA name of the zone the hours are meant in. */
  timeZone: string
}

export type GateAnswer =
  | {
      kind: 'granted'
      link: GateLink
      consentVersion: number | undefined
      /** What the link or the consent in force covers. */
      scopes: readonly LinkScope[]
      /** UTC milliseconds. */
      expiresAt: number
      /** What the view says of itself once `expiresAt` has come. */
      endsWhy: ViewEnd
    }
  | { kind: 'refused'; why: ViewRefusal }

const refused = (why: ViewRefusal): GateAnswer => ({ kind: 'refused', why })

/** May this person watch this, now? Everything that is not allowed here is refused. Pure. */
export function decide({ principal, camera, link, request, now, timeZone }: GateQuestion): GateAnswer {
  const lacking = missingRight(principal, camera.cellCode, request.reason)
  if (lacking !== undefined) return refused(lacking)
  if (camera.removed || link === undefined || link.cameraId !== camera.id) return refused('no-valid-link')
  if (link.ownership !== camera.ownership) return refused('no-valid-link')
  if (link.state !== 'active') return refused(STATE_REFUSALS[link.state])
  if (Date.parse(link.validFrom) > now) return refused('no-valid-link')

  const isPrivate = link.ownership === 'private'
  const { consent } = link
  if (isPrivate && consent === undefined) return refused('no-valid-link')
  const agreements = isPrivate && consent !== undefined ? [link, consent] : [link]
  const untilMs = Math.min(...agreements.map(({ validUntil }) => untilInMs(validUntil)))
  if (untilMs <= now) return refused('link-expired')
  if (!agreements.every(({ scopes }) => scopes.includes(request.use))) return refused('scope-missing')
  let shutMs = Number.POSITIVE_INFINITY
  for (const { hours } of agreements) {
    const endMs = hours === undefined ? Number.POSITIVE_INFINITY : windowEndMs(hours, now, timeZone)
    if (endMs === undefined) return refused('outside-hours')
    shutMs = Math.min(shutMs, endMs)
  }
  if (!hasReason(request.reason, link.ownership)) return refused('reason-required')

  const ends: [number, ViewEnd][] = [
    [now + (isPrivate ? PRIVATE_VIEW_MS : PUBLIC_VIEW_MS), 'expired'],
    [untilMs, 'link-expired'],
    [shutMs, 'outside-hours'],
  ]
  const [expiresAt, endsWhy] = ends.reduce((first, next) => (next[0] < first[0] ? next : first))
  const scopes = link.scopes.filter((scope) => agreements.every((agreement) => agreement.scopes.includes(scope)))
  return { kind: 'granted', link, consentVersion: isPrivate ? consent?.version : undefined, scopes, expiresAt, endsWhy }
}

const untilInMs = (validUntil: string | undefined): number =>
  validUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(validUntil)

/** Said of a link that is there but not in force. */
const STATE_REFUSALS = {
  draft: 'no-valid-link',
  'awaiting-consent': 'no-valid-link',
  paused: 'link-paused',
  suspended: 'no-valid-link',
  expired: 'link-expired',
  revoked: 'link-revoked',
  ended: 'no-valid-link',
} as const satisfies Record<Exclude<Link['state'], 'active'>, ViewRefusal>

/** What each role may watch for. Who runs or installs the system sees pictures for that work only. */
const WATCHING: Partial<Record<Role, readonly ViewReason['kind'][]>> = {
  operator: ['routine', 'case', 'request', ...AskedFor.options, 'maintenance'],
  'patrol-lead': ['routine', 'case', 'request', ...AskedFor.options, 'maintenance'],
  installer: ['maintenance'],
  administrator: ['maintenance', 'request', ...AskedFor.options],
}

/** Those who check the register and those it protects never watch, whatever other role they have. */
const NEVER_WATCH: readonly Role[] = ['auditor', 'feed-owner']

/**
 * The part of the decision that rests on the person alone; it is asked again with every media request, so that lost
 * rights darken the picture even where nobody told us. @returns undefined when nothing is missing
 */
export function missingRight(principal: Principal, cellCode: string, reason: ViewReason): ViewRefusal | undefined {
  const isWatcher =
    (principal.kind === 'user' || principal.kind === 'token') &&
    !hasRole(principal, ...NEVER_WATCH) &&
    principal.roles.some((role) => WATCHING[role]?.includes(reason.kind))
  if (!isWatcher) return 'role-may-not-watch'
  return coversCell(principal, cellCode) ? undefined : 'not-in-your-cells'
}

function hasReason(reason: ViewReason, ownership: Ownership): boolean {
  const text = reason.text?.trim() ?? ''
  const isGiven = {
    routine: ownership === 'public',
    case: reason.caseId !== undefined,
    request: [...text].length >= MIN_REASON_CHARS,
    alarm: true,
    'call-for-help': true,
    'police-request': true,
    'missing-person': true,
    maintenance: true,
  } satisfies Record<ViewReason['kind'], boolean>
  return isGiven[reason.kind]
}
