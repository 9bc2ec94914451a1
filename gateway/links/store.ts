import { z } from 'zod'
import { Ownership, toInstant } from '../contracts/common.ts'
import {
  type Consent,
  Filing,
  Hours,
  type Link,
  LinkScope,
  LinkState,
  type LinkSummary,
  type NewLink,
  type OwnerConsent,
  PaperEvidence,
  Party,
} from '../contracts/link.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { CLOSED_STATES, type Timed } from './lifecycle.ts'
import { toPaperConsent } from './paper-store.ts'

/** A link with what the register does not show. */
export interface StoredLink extends Link {
  cameraRemoved: boolean
  /** Expiry of an invitation that nobody has opened yet. */
  unopenedUntil: string | undefined
}

export const WITH_ALL = {
  camera: { select: { name: true, cellCode: true, removedAt: true, registerEntry: true } },
  consents: { orderBy: { version: 'desc' }, take: 1 },
  invitations: { where: { usedAt: null }, select: { expiresAt: true } },
  paperConsents: { where: { state: 'waiting' }, orderBy: { recordedAt: 'desc' }, take: 1 },
} as const satisfies Prisma.LinkInclude

type LinkRow = Prisma.LinkGetPayload<{ include: typeof WITH_ALL }>

const Scopes = z.array(LinkScope)

const instant = (date: Date): string => toInstant(date.getTime())

/** A field for a spread: present when the column is not null. */
function given<K extends string, From, To>(
  name: K,
  value: From | null,
  parse: (value: From) => To,
): Partial<Record<K, To>> {
  return value === null ? {} : ({ [name]: parse(value) } as Partial<Record<K, To>>) // one computed key widens to string
}

const toHours = (json: string): Hours => Hours.parse(JSON.parse(json))

function toConsent(row: LinkRow['consents'][number]): Consent {
  return {
    version: row.version,
    scopes: Scopes.parse(JSON.parse(row.scopesJson)),
    ...given('hours', row.hoursJson, toHours),
    validUntil: instant(row.validUntil),
    agreedAt: instant(row.agreedAt),
    ...given('paper', row.paperJson, (json) => PaperEvidence.parse(JSON.parse(json))),
  }
}

export function toLink(row: LinkRow): StoredLink {
  const consent = row.consents[0]
  const paper = row.state === 'awaiting-consent' ? row.paperConsents[0] : undefined
  return {
    id: row.id,
    cameraId: row.cameraId,
    cameraName: row.camera.name,
    cellCode: row.camera.cellCode,
    ownership: Ownership.parse(row.ownership),
    state: LinkState.parse(row.state),
    stateSince: instant(row.stateSince),
    ...given('stateReason', row.stateReason, String),
    party: Party.parse(JSON.parse(row.partyJson)),
    basis: row.basis,
    purpose: row.purpose,
    scopes: Scopes.parse(JSON.parse(row.scopesJson)),
    ...given('hours', row.hoursJson, toHours),
    validFrom: instant(row.validFrom),
    ...given('validUntil', row.validUntil, instant),
    ...given('pausedUntil', row.pausedUntil, instant),
    ...filingOf(row),
    ...(consent === undefined ? {} : { consent: toConsent(consent) }),
    ...(paper === undefined ? {} : { waitingPaper: toPaperConsent(paper) }),
    ...given('tellsFirstView', row.tellsFirstView, Boolean),
    createdAt: instant(row.createdAt),
    cameraRemoved: row.camera.removedAt !== null,
    unopenedUntil: row.invitations[0] === undefined ? undefined : instant(row.invitations[0].expiresAt),
  }
}

/** As the register has it of the camera, else as it was given with the link. */
function filingOf({ camera: { registerEntry: entry }, filingJson }: LinkRow): Partial<Pick<Link, 'filing'>> {
  if (entry?.filingNumber != null && entry.filingOn !== null) {
    return { filing: { number: entry.filingNumber, date: entry.filingOn } }
  }
  return given('filing', filingJson, (json) => Filing.parse(JSON.parse(json)))
}

/** What the register shows of a link. */
export function shown({ cameraRemoved: _, unopenedUntil: __, ...link }: StoredLink): Link {
  return link
}

export async function insertLink(tx: Tx, id: string, link: NewLink, state: LinkState, atMs: number): Promise<void> {
  await tx.link.create({
    data: {
      id,
      cameraId: link.cameraId,
      ownership: link.ownership,
      state,
      stateSince: new Date(atMs),
      partyJson: JSON.stringify(link.party),
      basis: link.basis,
      purpose: link.purpose,
      scopesJson: JSON.stringify([...new Set(link.scopes)]),
      hoursJson: link.hours === undefined ? null : JSON.stringify(link.hours),
      validFrom: new Date(link.validFrom),
      validUntil: link.validUntil === undefined ? null : new Date(link.validUntil),
      filingJson: link.filing === undefined ? null : JSON.stringify(link.filing),
      createdAt: new Date(atMs),
    },
  })
}

/** Whether the owner is to be told of the first view of a day. */
export async function updateNotice(tx: Tx, id: string, tellsFirstView: boolean): Promise<void> {
  await tx.link.update({ where: { id }, data: { tellsFirstView } })
}

export interface StateChange {
  state: LinkState
  sinceMs: number
  reason: string | undefined
  pausedUntil: string | undefined
}

export async function updateState(tx: Tx, id: string, change: StateChange): Promise<void> {
  await tx.link.update({
    where: { id },
    data: {
      state: change.state,
      stateSince: new Date(change.sinceMs),
      stateReason: change.reason ?? null,
      pausedUntil: change.pausedUntil === undefined ? null : new Date(change.pausedUntil),
    },
  })
}

/** Versions are never changed; a new word of the owner is a new row. */
export async function insertConsent(
  tx: Tx,
  id: string,
  linkId: string,
  version: number,
  consent: OwnerConsent,
  paper: PaperEvidence | undefined,
  atMs: number,
): Promise<void> {
  await tx.consent.create({
    data: {
      id,
      linkId,
      version,
      scopesJson: JSON.stringify([...new Set(consent.scopes)]),
      hoursJson: consent.hours === undefined ? null : JSON.stringify(consent.hours),
      validUntil: new Date(consent.validUntil),
      agreedAt: new Date(atMs),
      paperJson: paper === undefined ? null : JSON.stringify(paper),
    },
  })
}

export async function findLink(client: Tx, id: string): Promise<StoredLink | undefined> {
  const row = await client.link.findUnique({ where: { id }, include: WITH_ALL })
  return row === null ? undefined : toLink(row)
}

/** The camera's link that is not closed, else its newest. */
export async function findLinkOfCamera(client: Tx, cameraId: string): Promise<StoredLink | undefined> {
  const open = await client.link.findFirst({
    where: { cameraId, state: { notIn: [...CLOSED_STATES] } },
    include: WITH_ALL,
  })
  const row =
    open ?? (await client.link.findFirst({ where: { cameraId }, include: WITH_ALL, orderBy: { stateSince: 'desc' } }))
  return row === null ? undefined : toLink(row)
}

export interface LinkFilter {
  ids?: readonly string[] | undefined
  ownership?: Ownership | undefined
  state?: LinkState | undefined
  cellCode?: string | undefined
  /** Only links of these cells. */
  cellCodes?: readonly string[] | undefined
  limit: number
  /** Id of the last link of the page before. */
  cursor?: string | undefined
}

/** By id, so that a page stays where it was while links are added. */
export async function listLinks(client: Tx, filter: LinkFilter): Promise<StoredLink[]> {
  const rows = await client.link.findMany({
    where: {
      AND: [
        filter.ids === undefined ? {} : { id: { in: [...filter.ids] } },
        filter.cursor === undefined ? {} : { id: { gt: filter.cursor } },
        filter.ownership === undefined ? {} : { ownership: filter.ownership },
        filter.state === undefined ? {} : { state: filter.state },
        filter.cellCode === undefined ? {} : { camera: { cellCode: filter.cellCode } },
        filter.cellCodes === undefined ? {} : { camera: { cellCode: { in: [...filter.cellCodes] } } },
      ],
    },
    orderBy: { id: 'asc' },
    take: filter.limit,
    include: WITH_ALL,
  })
  return rows.map(toLink)
}

/** Those of the cameras whose link is active; the gate looks closer (hours, scopes, expiry this very second). */
export async function linkedCameraIds(client: Tx, cameraIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await client.link.findMany({
    where: { cameraId: { in: [...cameraIds] }, state: 'active' },
    select: { cameraId: true },
  })
  return new Set(rows.map(({ cameraId }) => cameraId))
}

/** Cameras whose active link is for alarm clips too; the gate looks closer (consent, hours, expiry). */
export async function clipCameraIds(client: Tx): Promise<string[]> {
  const rows = await client.link.findMany({
    where: { state: 'active', scopesJson: { contains: '"alarm-clip"' }, camera: { removedAt: null } },
    select: { cameraId: true },
    orderBy: { cameraId: 'asc' },
  })
  return [...new Set(rows.map(({ cameraId }) => cameraId))]
}

/** Links that time may have something to do with at `atMs`; `dueAct` has the last word. */
export async function listTimed(client: Tx, atMs: number): Promise<(Timed & { id: string })[]> {
  const over = { lte: new Date(atMs) }
  const rows = await client.link.findMany({
    where: {
      state: { notIn: [...CLOSED_STATES] },
      OR: [
        { validUntil: over },
        { pausedUntil: over },
        { consents: { some: { validUntil: over } } },
        { state: 'awaiting-consent', invitations: { some: { usedAt: null, expiresAt: over } } },
      ],
    },
    include: WITH_ALL,
  })
  return rows.map(toLink)
}

const CountRow = z.object({
  cellCode: z.string(),
  ownership: Ownership,
  state: LinkState,
  links: z.coerce.number().int(),
})

/** Counts by cell; `isCovered` says which cells the asker may know of. */
export async function summarise(client: Tx, isCovered: (cellCode: string) => boolean): Promise<LinkSummary> {
  const rows = z.array(CountRow).parse(
    await client.$queryRaw`
      SELECT c."cellCode", l."ownership", l."state", COUNT(*) AS "links"
      FROM "Link" l JOIN "Camera" c ON c."id" = l."cameraId"
      GROUP BY c."cellCode", l."ownership", l."state" ORDER BY c."cellCode"`,
  )
  const cells = new Map<string, LinkSummary['byCell'][number]>()
  const summary: LinkSummary = { public: {}, private: {}, byCell: [] }
  for (const { cellCode, ownership, state, links } of rows) {
    if (!isCovered(cellCode)) continue
    const cell = cells.get(cellCode) ?? { cellCode, public: {}, private: {} }
    cells.set(cellCode, cell)
    cell[ownership][state] = links
    summary[ownership][state] = (summary[ownership][state] ?? 0) + links
  }
  summary.byCell.push(...cells.values())
  return summary
}

export interface Invitation {
  id: string
  linkId: string
  expiresAt: string
}

/** An opened invitation is the owner's key for as long as the link lives, so its own time no longer counts. */
const WITHOUT_END = new Date('9999-12-31T23:59:59.999Z')

export async function insertInvitation(
  tx: Tx,
  { id, linkId, expiresAt }: Invitation,
  tokenHash: string,
  atMs: number,
): Promise<void> {
  await tx.ownerInvitation.create({
    data: { id, linkId, tokenHash, expiresAt: new Date(expiresAt), createdAt: new Date(atMs) },
  })
}

/** Invitations given for the link so far open nothing any more; sessions they opened go on. */
export async function voidInvitations(tx: Tx, linkId: string, atMs: number): Promise<void> {
  await tx.ownerInvitation.deleteMany({ where: { linkId, usedAt: null } })
  await tx.ownerInvitation.updateMany({ where: { linkId }, data: { expiresAt: new Date(atMs) } })
}

/** Invitations that ran out before anybody opened them; without them their links wait instead of expiring. */
export async function dropLapsedInvitations(tx: Tx, atMs: number): Promise<void> {
  await tx.ownerInvitation.deleteMany({
    where: { usedAt: null, expiresAt: { lte: new Date(atMs) }, link: { state: 'awaiting-consent' } },
  })
}

export async function findInvitation(client: Tx, tokenHash: string): Promise<Invitation | undefined> {
  const row = await client.ownerInvitation.findUnique({ where: { tokenHash } })
  if (row === null) return undefined
  return { id: row.id, linkId: row.linkId, expiresAt: instant(row.expiresAt) }
}

export async function markOpened(tx: Tx, invitationId: string, atMs: number): Promise<void> {
  await tx.ownerInvitation.updateMany({
    where: { id: invitationId, usedAt: null },
    data: { usedAt: new Date(atMs), expiresAt: WITHOUT_END },
  })
}

const LATCH = 'links.latest-wall-time'

/** The latest wall time this database has seen, UTC milliseconds; undefined at the very first start. */
export async function readLatch(client: Tx): Promise<number | undefined> {
  const row = await client.setting.findUnique({ where: { name: LATCH } })
  return row === null ? undefined : Date.parse(row.value)
}

/** Only ever forward, whichever node writes. */
export async function raiseLatch(tx: Tx, atMs: number): Promise<void> {
  const value = toInstant(atMs)
  const raised = await tx.setting.updateMany({ where: { name: LATCH, value: { lt: value } }, data: { value } })
  if (raised.count === 0 && (await tx.setting.findUnique({ where: { name: LATCH } })) === null) {
    await tx.setting.create({ data: { name: LATCH, value } })
  }
}

/** A link is spoken of by its camera. */
export async function linkNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const select = { id: true, camera: { select: { name: true } } }
  const rows = await tx.link.findMany({ where: { id: { in: [...ids] } }, select })
  return rows.map(({ id, camera: { name } }) => ({ id, name }))
}
