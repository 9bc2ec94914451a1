import type { CaseFigure, CaseFigures, CaseFiguresQuery, CaseMoment } from '../contracts/case-figures.ts'
import { CaseMoment as Moments } from '../contracts/case-figures.ts'
import { TIME_ZONE, toInstant } from '../contracts/common.ts'
import type { Database } from '../storage/database.ts'

/** Cases counted at once: three months of a township. */
const MAX_CASES = 20_000

/** What is measured of one case; times are ms since 1970. */
export interface Measured {
  cellCode: string
  priority: number
  openedMs: number
  occurredMs: number | undefined
  respondByMs: number | undefined
  respondedMs: number | undefined
  isOverdue: boolean
  rating: number | undefined
  /** When each moment came first. */
  moments: Readonly<Partial<Record<CaseMoment, number>>>
}

const MOMENT_OF: Readonly<Record<string, CaseMoment>> = {
  acknowledge: 'acknowledge',
  dispatch: 'dispatch',
  accept: 'accept',
  'on-site': 'on-site',
  feedback: 'feedback',
  'verify-close': 'close',
  'false-alarm': 'close',
  evaluate: 'evaluate',
}

/** Cases opened from `since` on, the newest first. @returns one more than `limit` at the most */
export async function readMeasured({ client }: Database, since: Date, limit = MAX_CASES): Promise<Measured[]> {
  const rows = await client.case.findMany({
    where: { openedAt: { gte: since } },
    orderBy: { openedAt: 'desc' },
    take: limit + 1,
    select: {
      cellCode: true,
      priority: true,
      openedAt: true,
      occurredAt: true,
      shownAt: true,
      respondBy: true,
      respondedAt: true,
      overdueAt: true,
      actions: {
        where: { action: { in: Object.keys(MOMENT_OF) } },
        orderBy: { version: 'asc' },
        select: { action: true, at: true, text: true },
      },
      notifications: { where: { channelId: null, receivedAt: { not: null } }, select: { receivedAt: true } },
    },
  })
  return rows.map((row) => {
    const moments: Partial<Record<CaseMoment, number>> = { gateway: row.openedAt.getTime() }
    if (row.shownAt !== null) moments.console = row.shownAt.getTime()
    for (const { action, at } of row.actions) {
      const moment = MOMENT_OF[action]
      if (moment !== undefined) moments[moment] ??= at.getTime()
    }
    const receipts = row.notifications.flatMap(({ receivedAt }) => receivedAt?.getTime() ?? [])
    if (receipts.length > 0) moments.phone = Math.min(...receipts)
    const rated = row.actions.findLast(({ action }) => action === 'evaluate')?.text
    const stars = /^([1-5])\/5/.exec(rated ?? '')?.[1]
    return {
      cellCode: row.cellCode,
      priority: row.priority,
      openedMs: row.openedAt.getTime(),
      occurredMs: row.occurredAt?.getTime(),
      respondByMs: row.respondBy?.getTime(),
      respondedMs: row.respondedAt?.getTime(),
      isOverdue: row.overdueAt !== null,
      rating: stars === undefined ? undefined : Number(stars),
      moments,
    }
  })
}

const DAY = new Intl.DateTimeFormat('sv-SE', { timeZone: TIME_ZONE })

const KEYS = {
  all: () => 'all',
  day: ({ openedMs }) => DAY.format(new Date(openedMs)),
  cell: ({ cellCode }) => cellCode,
  priority: ({ priority }) => String(priority),
} as const satisfies Record<CaseFiguresQuery['by'], (one: Measured) => string>

/** Figures by day, cell or priority, in the order of their keys. Pure. */
export function figuresBy(by: CaseFiguresQuery['by'], cases: readonly Measured[]): CaseFigure[] {
  const groups = Map.groupBy(cases, KEYS[by])
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, group]) => {
      const ratings = group.flatMap(({ rating }) => rating ?? [])
      return {
        key,
        cases: group.length,
        response: responseOf(group),
        ...(ratings.length === 0
          ? {}
          : { rating: { count: ratings.length, mean: ratings.reduce((sum, one) => sum + one, 0) / ratings.length } }),
        steps: Moments.options.flatMap((moment) => stepOf(moment, group) ?? []),
      }
    })
}

function responseOf(group: readonly Measured[]): CaseFigure['response'] {
  const response = { met: 0, late: 0, running: 0 }
  for (const { respondByMs, respondedMs, isOverdue } of group) {
    if (respondByMs === undefined) continue
    if (respondedMs === undefined ? isOverdue : respondedMs > respondByMs) response.late++
    else if (respondedMs === undefined) response.running++
    else response.met++
  }
  return response
}

function stepOf(moment: CaseMoment, group: readonly Measured[]): CaseFigure['steps'][number] | undefined {
  const own: number[] = []
  const fromOpened: number[] = []
  for (const { moments, openedMs, occurredMs } of group) {
    const at = moments[moment]
    if (at === undefined) continue
    const before = moment === 'gateway' ? occurredMs : lastBefore(moment, at, moments)
    // A device whose clock runs ahead says nothing about latency.
    if (before === undefined || before > at) continue
    own.push(at - before)
    fromOpened.push(at - openedMs)
  }
  if (own.length === 0) return undefined
  const [first, second] = [own.sort((a, b) => a - b), fromOpened.sort((a, b) => a - b)]
  return {
    moment,
    count: own.length,
    p50Ms: quantile(first, 0.5),
    p95Ms: quantile(first, 0.95),
    fromOpenedP50Ms: quantile(second, 0.5),
    fromOpenedP95Ms: quantile(second, 0.95),
  }
}

/** The latest of the moments that lie before this one in the order of steps, and in time. */
function lastBefore(moment: CaseMoment, at: number, moments: Measured['moments']): number | undefined {
  const before = Moments.options.slice(0, Moments.options.indexOf(moment)).flatMap((name) => moments[name] ?? [])
  const earlier = before.filter((time) => time <= at)
  return earlier.length === 0 ? undefined : Math.max(...earlier)
}

/** Nearest rank: a figure that was measured. @param sorted not empty, ascending */
export const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0

export async function caseFigures(
  database: Database,
  { by, since, days }: CaseFiguresQuery,
  cellCodes: readonly string[] | undefined,
  nowMs: number,
): Promise<CaseFigures> {
  const from = since === undefined ? nowMs - days * 86_400_000 : Date.parse(since)
  const read = await readMeasured(database, new Date(from))
  const mine = read.filter(({ cellCode }) => cellCodes === undefined || cellCodes.includes(cellCode))
  return {
    from: toInstant(from),
    to: toInstant(nowMs),
    items: figuresBy(by, mine.slice(0, MAX_CASES)),
    isPartial: read.length > MAX_CASES,
  }
}

/** One line for each key and step, for a spreadsheet. */
export function figuresCsv({ items }: CaseFigures): string {
  const header = 'key,cases,met,late,running,step,count,p50Ms,p95Ms,fromOpenedP50Ms,fromOpenedP95Ms'
  const lines = items.flatMap(({ key, cases, response: { met, late, running }, steps }) =>
    steps.map(({ moment, count, p50Ms, p95Ms, fromOpenedP50Ms, fromOpenedP95Ms }) =>
      [key, cases, met, late, running, moment, count, p50Ms, p95Ms, fromOpenedP50Ms, fromOpenedP95Ms].join(','),
    ),
  )
  // The mark tells spreadsheets that this is UTF-8.
  return `\ufeff${[header, ...lines].join('\r\n')}\r\n`
}
