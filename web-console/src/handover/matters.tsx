import { useSignal } from '@preact/signals'
import type { HandoverMatters } from '../../../gateway/contracts/handover.ts'
import { useParts } from '../parts.ts'
import { dateTime, timeOf } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import { PriorityBadge } from '../ui/priority-badge.tsx'

/** Open cases, the gravest first, and dead feeds. @param first so many cases before somebody asks for all */
export function Matters({ matters: { openCases, deadFeeds }, first }: { matters: HandoverMatters; first?: number }) {
  const { township, language, nowMs } = useParts()
  const { t } = language
  const shown = useSignal(first ?? openCases.length)
  return (
    <>
      <h2>{t('handover.openCases', { n: openCases.length })}</h2>
      {openCases.length === 0 && <p class="secondary">{t('case.none')}</p>}
      <ul class="matters">
        {openCases.slice(0, shown.value).map((one) => (
          <li key={one.id}>
            <PriorityBadge priority={one.priority} cleared={false} />
            <span>
              <strong>{t(`alarmType.${one.type}`)}</strong> {township.cellName(one.cellCode)} {one.text}
              <span class="secondary">
                {t('case.number', { number: one.number, year: one.year })} · {t(`casePhase.${one.phase}`)}
                {one.openedAt !== undefined && (
                  <>
                    {' · '}
                    <span class="unbroken">{t('time.since', { time: dateTime(one.openedAt) })}</span>
                  </>
                )}
                {one.shelvedUntil !== undefined &&
                  ` · ${t('case.shelvedUntil', { time: timeOf(one.shelvedUntil, nowMs.value) })}`}
              </span>
            </span>
          </li>
        ))}
      </ul>
      {openCases.length > shown.value && (
        <button
          type="button"
          onClick={() => {
            shown.value = openCases.length
          }}
        >
          {t('list.more', { n: openCases.length - shown.value })}
        </button>
      )}
      <h2>{t('handover.deadFeeds', { n: deadFeeds.length })}</h2>
      {deadFeeds.length === 0 && <p class="secondary">{t('handover.noDeadFeeds')}</p>}
      <ul class="matters">
        {deadFeeds.map((feed) => (
          <li key={feed.id}>
            <Icon name="offline" />
            <span>
              <strong>{feed.name}</strong> {township.cellName(feed.cellCode)}
              <span class="secondary">{t('time.since', { time: dateTime(feed.since) })}</span>
            </span>
          </li>
        ))}
      </ul>
    </>
  )
}
