import type { Alarm, AlarmTimes } from '../../../gateway/contracts/alarm.ts'
import type { Case } from '../../../gateway/contracts/case.ts'
import { useParts } from '../parts.ts'
import { dateTime, duration, timeOf } from '../time.ts'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import './alarm-way.css'

/** In the order in which they mostly come. */
const MOMENTS = ['device', 'gateway', 'console', 'acknowledged', 'phone'] as const

/** When the device, the gateway, a screen, an operator and a phone had an alarm, and how long each took. */
function AlarmWay({ times }: { times: AlarmTimes }) {
  const { language, nowMs } = useParts()
  const { t } = language
  const gatewayMs = Date.parse(times.gateway)
  return (
    <ol class="way" aria-label={t('way.heading')}>
      {MOMENTS.map((moment) => {
        const at = times[moment]
        return (
          <li key={moment} data-moment={moment}>
            <span>{t(`way.${moment}`)}</span>
            {at === undefined ? (
              <span class="secondary">{t('way.notYet')}</span>
            ) : (
              <>
                <time dateTime={at} title={dateTime(at)}>
                  {timeOf(at, nowMs.value)}
                </time>
                {moment !== 'gateway' && <span class="secondary">{offset(Date.parse(at) - gatewayMs)}</span>}
              </>
            )}
          </li>
        )
      })}
    </ol>
  )
}

/** The same for an alarm of a list, asked for when somebody opens it: the list tells the beginning alone. */
export function AlarmWayOf({ alarm }: { alarm: Alarm }) {
  const { calls } = useParts()
  const { data, problem } = useLoaded((signal) => calls.alarm(alarm.id, signal), [alarm.id, alarm.state])
  if (problem.value !== undefined) return <ProblemNote problem={problem.value} />
  return <AlarmWay times={data.value?.times ?? alarm.times} />
}

/** Of a case's first alarm. That a page showed it is no news to others, so it is asked for when somebody opens this. */
export function CaseWayOf({ case: one }: { case: Case }) {
  const { calls } = useParts()
  const { data, problem } = useLoaded((signal) => calls.oneCase(one.id, signal), [one.id, one.version])
  if (problem.value !== undefined) return <ProblemNote problem={problem.value} />
  return <AlarmWay times={data.value?.times ?? one.times} />
}

/** `+0.4 s` from the gateway's moment, `−1.2 s` before it. */
function offset(ms: number): string {
  const size = Math.abs(ms) / 1000
  return `${ms <= -50 ? '−' : '+'}${size < 60 ? `${size.toFixed(1)} s` : duration(size)}`
}
