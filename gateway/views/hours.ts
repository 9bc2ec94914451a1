import type { Hours } from '../contracts/link.ts'

const MINUTE_MS = 60_000
const MINUTES_PER_DAY = 24 * 60

const formats = new Map<string, Intl.DateTimeFormat>()

/** Milliseconds since local midnight of an instant in an IANA time zone. */
export function localTimeOfDayMs(nowMs: number, timeZone: string): number {
  let format = formats.get(timeZone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' })
    formats.set(timeZone, format)
  }
  // Offsets of time zones are whole minutes, so the rest of the minute is the same everywhere.
  return minuteOfDay(format.format(nowMs)) * MINUTE_MS + (((nowMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS)
}

const minuteOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/**
 * When the daily window that is open now closes. `to` before `from` runs over midnight, equal is the whole day.
 * @param timeZone IANA name, such as `Asia/Shanghai`
 * @returns UTC milliseconds (Infinity for the whole day), or undefined when the window is shut now
 */
export function windowEndMs(hours: Hours, nowMs: number, timeZone: string): number | undefined {
  const dayMs = MINUTES_PER_DAY * MINUTE_MS
  const fromMs = minuteOfDay(hours.from) * MINUTE_MS
  const lengthMs = (minuteOfDay(hours.to) * MINUTE_MS - fromMs + dayMs) % dayMs
  if (lengthMs === 0) return Number.POSITIVE_INFINITY
  const sinceOpeningMs = (localTimeOfDayMs(nowMs, timeZone) - fromMs + dayMs) % dayMs
  return sinceOpeningMs < lengthMs ? nowMs + lengthMs - sinceOpeningMs : undefined
}
