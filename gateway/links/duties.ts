import type { PlaceClass } from '../contracts/camera.ts'
import type { Filing } from '../contracts/link.ts'
import type { FilingState, RegisterFault } from '../contracts/register.ts'

const DAY_MS = 24 * 60 * 60_000

/** State Council Order 799, Article 14: filed with the county police within 30 days of use. */
const FILING_DAYS = 30
/** When the register begins to warn. */
const FILING_WARNINGS_DAYS = [10, 3] as const
/** Article 17: kept for at least 30 days. */
export const MIN_RETENTION_DAYS = 30
/** A link that ends so soon is shown as expiring. */
export const EXPIRING_DAYS = 30

/** What is on record of a camera; days as `2026-03-02`. */
export interface OnRecord {
  placeClass: PlaceClass
  inUseOn: string
  /** Somebody has said since when it is in use; otherwise the day of registration counts. */
  isInUseKnown: boolean
  filing: Filing | undefined
  signOn: string | undefined
  retentionDays: number | undefined
  hasLink: boolean
}

export interface Duties {
  filingState: FilingState
  filingDueOn?: string
  filingDaysLeft?: number
  faults: RegisterFault[]
}

/** Whole days from one day of the calendar to another; negative where it lies before. */
export const daysBetween = (from: string, to: string): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS)

export const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)

/** What the law still wants of a camera on that day. Places of Article 7 have all duties, others none of these. Pure. */
export function dutiesOf(record: OnRecord, today: string): Duties {
  const faults: RegisterFault[] = record.hasLink ? [] : ['link-missing']
  if (record.placeClass !== 'article-7') {
    return { filingState: record.filing === undefined ? 'not-required' : 'filed', faults }
  }
  if (!record.isInUseKnown) faults.push('in-use-date-missing')
  if (record.signOn === undefined) faults.push('sign-missing')
  if (record.retentionDays === undefined) faults.push('retention-missing')
  if (record.filing !== undefined) return { filingState: 'filed', faults }
  const filingDueOn = addDays(record.inUseOn, FILING_DAYS)
  const filingDaysLeft = daysBetween(today, filingDueOn)
  return { filingState: filingStateOf(filingDaysLeft), filingDueOn, filingDaysLeft, faults }
}

function filingStateOf(daysLeft: number): FilingState {
  const [early, late] = FILING_WARNINGS_DAYS
  if (daysLeft < 0) return 'overdue'
  if (daysLeft <= late) return 'due-in-3'
  return daysLeft <= early ? 'due-in-10' : 'open'
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** The day of an instant in a time zone, as `2026-03-02`. */
export function dayOf(ms: number, timeZone: string): string {
  let format = formats.get(timeZone)
  if (format === undefined) {
    // sv-SE writes dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
    formats.set(timeZone, format)
  }
  return format.format(ms)
}
