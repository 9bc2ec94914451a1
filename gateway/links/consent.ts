import type { Hours, Link, OwnerConsent } from '../contracts/link.ts'

const MINUTES_PER_DAY = 24 * 60

/** @returns minutes since midnight of `HH:MM` */
const minuteOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5))

/** @returns start and length in minutes; `from` equal to `to` is the whole day */
function span(hours: Hours): { start: number; length: number } {
  const start = minuteOfDay(hours.from)
  const length = (minuteOfDay(hours.to) - start + MINUTES_PER_DAY) % MINUTES_PER_DAY
  return { start, length: length === 0 ? MINUTES_PER_DAY : length }
}

/** Whether every minute of `inner` lies in `outer`; both may run over midnight. */
export function isWithinHours(inner: Hours, outer: Hours): boolean {
  const [small, large] = [span(inner), span(outer)]
  if (large.length === MINUTES_PER_DAY) return true
  const offset = (small.start - large.start + MINUTES_PER_DAY) % MINUTES_PER_DAY
  return offset + small.length <= large.length
}

/**
 * An owner may agree to what was asked or to less. Hours left out mean the hours asked for.
 * @returns what goes beyond the request, in words; undefined when nothing does
 */
export function widerThanAsked(
  asked: Pick<Link, 'scopes' | 'hours' | 'validUntil'>,
  given: OwnerConsent,
): string | undefined {
  const extra = given.scopes.filter((scope) => !asked.scopes.includes(scope))
  if (extra.length > 0) return `scopes not asked for: ${extra.join(', ')}`
  if (asked.validUntil !== undefined && Date.parse(given.validUntil) > Date.parse(asked.validUntil)) {
    return `the link ends at ${asked.validUntil}`
  }
  if (asked.hours !== undefined && given.hours !== undefined && !isWithinHours(given.hours, asked.hours)) {
    return `the hours asked for are ${asked.hours.from} to ${asked.hours.to}`
  }
  return undefined
}
