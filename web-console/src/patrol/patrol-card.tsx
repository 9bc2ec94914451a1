import { useSignal } from '@preact/signals'
import { type Case, FeedbackOutcome } from '../../../gateway/contracts/case.ts'
import { ClipPanel } from '../cases/clip-panel.tsx'
import { ResponseClock } from '../cases/response-clock.tsx'
import { useParts } from '../parts.ts'
import { ago, timeOf } from '../time.ts'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import { type Answers, NEXT_STEP } from './answers.ts'
import { PlacePicture } from './place-picture.tsx'

/** One case with one big button: the next step. */
export function PatrolCard({ case: one, answers }: { case: Case; answers: Answers }) {
  const { language, township, nowMs } = useParts()
  const { t } = language
  const isClipOpen = useSignal(false)
  const phase = answers.phaseOf(one)
  const camera = one.cameraId === undefined ? undefined : township.cameras.value.get(one.cameraId)
  const action = phase in NEXT_STEP ? NEXT_STEP[phase as keyof typeof NEXT_STEP] : undefined // just asked
  return (
    <article class={`patrol-card alarm-${one.priority}`} data-phase={phase}>
      <header>
        <PriorityBadge priority={one.priority} cleared={false} />
        <strong>{t(`alarmType.${one.type}`)}</strong>
        {one.occurrences > 1 && <span class="times">×{one.occurrences}</span>}
      </header>
      {one.text !== '' && one.text !== camera?.name && <p>{one.text}</p>}
      <p class="secondary">
        {township.cellName(one.cellCode)}
        {camera !== undefined && ` · ${camera.name}`}
      </p>
      <p class="secondary">
        <time dateTime={one.openedAt}>{timeOf(one.openedAt, nowMs.value)}</time> · {ago(t, one.openedAt, nowMs.value)}
      </p>
      <p>
        <ResponseClock case={one} />
      </p>
      {isReturned(one) && <p class="patrol-returned">{t('patrol.returned')}</p>}
      {action === 'feedback' ? (
        <div class="outcomes">
          {FeedbackOutcome.options.map((outcome) => (
            <button
              key={outcome}
              type="button"
              class="next-step"
              onClick={() => answers.give(one.id, 'feedback', outcome)}
            >
              {t(`outcome.${outcome}`)}
            </button>
          ))}
        </div>
      ) : action === undefined ? (
        <p class="secondary">{t(`casePhase.${phase}`)}</p>
      ) : (
        <button type="button" class="primary next-step" onClick={() => answers.give(one.id, action)}>
          {t(`patrolStep.${action}`)}
        </button>
      )}
      {phase === 'dispatched' && (
        <button type="button" class="quiet" onClick={() => answers.give(one.id, 'decline')}>
          {t('patrolStep.decline')}
        </button>
      )}
      {camera !== undefined && (
        <div class="place">
          <PlacePicture case={one} camera={camera}>
            {camera.position !== undefined && (
              <a class="button" href={`geo:${camera.position.lat},${camera.position.lon}`}>
                {t('patrol.navigate')}
              </a>
            )}
          </PlacePicture>
        </div>
      )}
      {camera !== undefined && (
        <details
          class="patrol-clip"
          onToggle={(event) => {
            isClipOpen.value = event.currentTarget.open
          }}
        >
          <summary>{t('clip.heading')}</summary>
          {isClipOpen.value && <ClipPanel case={one} mayExport={false} />}
        </details>
      )}
    </article>
  )
}

/** The centre does not close it yet: somebody has to go again, or to say more. */
const isReturned = ({ phase, timeline }: Case): boolean =>
  phase === 'accepted' &&
  timeline.findLast(({ action }) => action === 'return' || action === 'accept')?.action === 'return'
