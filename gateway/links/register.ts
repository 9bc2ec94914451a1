import { PlaceClass } from '../contracts/camera.ts'
import { Ownership } from '../contracts/common.ts'
import type { Link, Party } from '../contracts/link.ts'
import type { RegisterChange, RegisterDue, RegisterRow, RegisterSummary } from '../contracts/register.ts'
import type { Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { dayOf, daysBetween, dutiesOf, EXPIRING_DAYS } from './duties.ts'
import { isClosed } from './lifecycle.ts'
import { shown, toLink, WITH_ALL } from './store.ts'

/** Cameras read at a time while the whole register is walked. */
const BATCH_ROWS = 500

const WITH_LINKS = {
  registerEntry: true,
  links: { include: WITH_ALL, orderBy: { createdAt: 'desc' } },
} as const satisfies Prisma.CameraInclude

type CameraRow = Prisma.CameraGetPayload<{ include: typeof WITH_LINKS }>

export interface RegisterFilter {
  ownership?: Ownership | undefined
  cellCode?: string | undefined
  /** Only cameras of these cells. */
  cellCodes?: readonly string[] | undefined
  party?: Party['kind'] | undefined
  due?: RegisterDue | undefined
  cameraId?: string | undefined
}

export interface Today {
  nowMs: number
  timeZone: string
}

function toRow(row: CameraRow, { nowMs, timeZone }: Today): RegisterRow {
  const links = row.links.map((link) => shown(toLink(link)))
  const link = links.find(({ state }) => !isClosed(state)) ?? links[0]
  const entry = row.registerEntry
  const today = dayOf(nowMs, timeZone)
  const placeClass = PlaceClass.parse(row.placeClass)
  const inUseOn = entry?.inUseOn ?? dayOf(row.createdAt.getTime(), timeZone)
  const { filing } = link ?? {}
  const recorded =
    entry?.filingNumber == null || entry.filingOn === null
      ? filing
      : { number: entry.filingNumber, date: entry.filingOn }
  const [signOn, retentionDays] = [entry?.signOn ?? undefined, entry?.retentionDays ?? undefined]
  const hasLink = link !== undefined && !isClosed(link.state)
  const isInUseKnown = entry?.inUseOn != null
  return {
    cameraId: row.id,
    cameraName: row.name,
    cellCode: row.cellCode,
    placeClass,
    ownership: Ownership.parse(row.ownership),
    ...(link === undefined ? {} : { link }),
    inUseOn,
    ...(recorded === undefined ? {} : { filing: recorded }),
    ...dutiesOf({ placeClass, inUseOn, isInUseKnown, filing: recorded, signOn, retentionDays, hasLink }, today),
    ...(signOn === undefined ? {} : { signOn }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
    ...expiry(link, today, timeZone),
  }
}

/** When the link in force ends, in whole days; nothing for one that has no end or is over. */
function expiry(link: Link | undefined, today: string, timeZone: string): { expiresInDays?: number } {
  if (link === undefined || (link.state !== 'active' && link.state !== 'paused')) return {}
  const ends = [link.validUntil, link.consent?.validUntil].flatMap((end) =>
    end === undefined ? [] : [Date.parse(end)],
  )
  return ends.length === 0 ? {} : { expiresInDays: daysBetween(today, dayOf(Math.min(...ends), timeZone)) }
}

const isExpiring = ({ expiresInDays }: RegisterRow): boolean =>
  expiresInDays !== undefined && expiresInDays <= EXPIRING_DAYS

function isMeant(row: RegisterRow, { party, due }: RegisterFilter): boolean {
  if (party !== undefined && row.link?.party.kind !== party) return false
  switch (due) {
    case undefined:
      return true
    case 'filing':
      return row.filingDueOn !== undefined
    case 'expiring':
      return isExpiring(row)
    case 'faults':
      return row.faults.length > 0
  }
}

/** The register by camera, in the order of ids, from after `cursor` on. */
export async function* walkRegister(
  client: Tx,
  filter: RegisterFilter,
  today: Today,
  cursor?: string,
): AsyncGenerator<RegisterRow> {
  for (let after = cursor; ; ) {
    const rows = await client.camera.findMany({
      where: {
        removedAt: null,
        AND: [
          filter.cameraId === undefined ? {} : { id: filter.cameraId },
          after === undefined ? {} : { id: { gt: after } },
          filter.ownership === undefined ? {} : { ownership: filter.ownership },
          filter.cellCode === undefined ? {} : { cellCode: filter.cellCode },
          filter.cellCodes === undefined ? {} : { cellCode: { in: [...filter.cellCodes] } },
        ],
      },
      orderBy: { id: 'asc' },
      take: BATCH_ROWS,
      include: WITH_LINKS,
    })
    for (const row of rows.map((camera) => toRow(camera, today))) if (isMeant(row, filter)) yield row
    after = rows.at(-1)?.id
    if (rows.length < BATCH_ROWS) return
  }
}

export async function findRegisterRow(client: Tx, cameraId: string, today: Today): Promise<RegisterRow | undefined> {
  for await (const row of walkRegister(client, { cameraId }, today)) return row
  return undefined
}

export async function changeEntry(tx: Tx, cameraId: string, change: RegisterChange, atMs: number): Promise<void> {
  const { inUseOn, filing, signOn, retentionDays } = change
  const data = {
    ...(inUseOn === undefined ? {} : { inUseOn }),
    ...(filing === undefined ? {} : { filingNumber: filing?.number ?? null, filingOn: filing?.date ?? null }),
    ...(signOn === undefined ? {} : { signOn }),
    ...(retentionDays === undefined ? {} : { retentionDays }),
    updatedAt: new Date(atMs),
  }
  await tx.registerEntry.upsert({ where: { cameraId }, create: { cameraId, ...data }, update: data })
}

type Totals = Omit<RegisterSummary, 'strippedFields'>

/** Counts of the cells that the asker may know of. */
export async function summariseRegister(client: Tx, filter: RegisterFilter, today: Today): Promise<Totals> {
  const none = () => ({ public: { cameras: 0, active: 0 }, private: { cameras: 0, active: 0 } })
  const cells = new Map<string, ReturnType<typeof none>>()
  const parties = new Map<Party['kind'], ReturnType<typeof none>>()
  const totals: Totals = { byCell: [], byParty: [], expiring: 0, filing: {}, faults: {} }
  const add = <K>(sums: Map<K, ReturnType<typeof none>>, key: K, { ownership, link }: RegisterRow): void => {
    const sum = sums.get(key) ?? none()
    sums.set(key, sum)
    sum[ownership].cameras += 1
    if (link?.state === 'active') sum[ownership].active += 1
  }
  for await (const row of walkRegister(client, filter, today)) {
    add(cells, row.cellCode, row)
    if (row.link !== undefined) add(parties, row.link.party.kind, row)
    if (isExpiring(row)) totals.expiring += 1
    totals.filing[row.filingState] = (totals.filing[row.filingState] ?? 0) + 1
    for (const fault of row.faults) totals.faults[fault] = (totals.faults[fault] ?? 0) + 1
  }
  totals.byCell = [...cells].sort().map(([cellCode, sums]) => ({ cellCode, ...sums }))
  totals.byParty = [...parties].sort().map(([party, sums]) => ({ party, ...sums }))
  return totals
}
