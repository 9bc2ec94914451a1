import { townshipTime } from '../../gateway/contracts/common.ts'

type Moment = string | number

/** `2026-03-02 14:03:27`, township time. */
export const dateTime = (at: Moment): string => townshipTime(at)
/** `2026-03-02`, township time. */
export const date = (at: Moment): string => dateTime(at).slice(0, 10)
/** `14:03:27`, township time. */
export const timeOfDay = (at: Moment): string => dateTime(at).slice(11)
/** `14:03:27` of today; with the day where it was another one, since the time alone passes for today's. */
export const timeOf = (at: Moment, nowMs: number): string => withoutToday(dateTime(at), nowMs)
/** The same to the minute. */
export const minuteOf = (at: Moment, nowMs: number): string => withoutToday(dateTime(at).slice(0, 16), nowMs)

/** What a reader of this day, or of this year, knows is left out. */
function withoutToday(text: string, nowMs: number): string {
  const today = date(nowMs)
  if (text.startsWith(today)) return text.slice(11)
  return text.startsWith(today.slice(0, 5)) ? text.slice(5) : text
}

/** `14:03`, township time. */
export const hourMinute = (at: Moment): string => dateTime(at).slice(11, 16)

/** The last second of a township day `2026-06-30`, as an instant. */
export const endOfDay = (day: string): string => new Date(`${day}T23:59:59.000+08:00`).toISOString()

/** `0:42`, `12:05`, `3:04:11` from seconds. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (n: number): string => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

type LengthWords = (
  key: 'time.seconds' | 'time.minutes' | 'time.hours',
  values: { n: number; minutes?: number; hours?: number },
) => string

/** How long something took, in words with their units: what runs on a clock is a `duration`. */
export function lengthOf(t: LengthWords, seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const minutes = Math.floor(whole / 60)
  if (minutes === 0) return t('time.seconds', { n: whole })
  if (minutes < 60) return t('time.minutes', { minutes, n: whole % 60 })
  return t('time.hours', { hours: Math.floor(minutes / 60), n: minutes % 60 })
}

/** `64 ms`, `2.3 s`, `4 min 12 s`: the shorter, the more exact. */
export const exactLengthOf = (t: LengthWords, ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : lengthOf(t, ms / 1000)

type AgeWords = (key: `time.${'seconds' | 'minutes' | 'hours' | 'days'}Ago`, values: { n: number }) => string

/** How long ago, in one unit. */
export function ago(t: AgeWords, at: Moment, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - new Date(at).getTime()) / 1000))
  if (seconds < 60) return t('time.secondsAgo', { n: seconds })
  if (seconds < 3600) return t('time.minutesAgo', { n: Math.floor(seconds / 60) })
  if (seconds < 86_400) return t('time.hoursAgo', { n: Math.floor(seconds / 3600) })
  return t('time.daysAgo', { n: Math.floor(seconds / 86_400) })
}
