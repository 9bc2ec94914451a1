import { useSignal } from '@preact/signals'
import { type Case, CaseStep, FeedbackOutcome, GATEWAY_NAME } from '../../../gateway/contracts/case.ts'
import { CaseWayOf } from '../alarms/alarm-way.tsx'
import type { Translate } from '../i18n/language.ts'
import { useParts } from '../parts.ts'
import { isBack, isUndelivered } from '../state/urgency.ts'
import { dateTime, duration, timeOf } from '../time.ts'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useKeptFocus } from '../ui/use-kept-focus.ts'
import { focusRow } from './case-row.tsx'
import { ClipPanel } from './clip-panel.tsx'
import { ResponseClock } from './response-clock.tsx'

/** What the centre may do, with the key that does it on the wall. */
const CENTRE_ACTIONS = [
  { action: 'acknowledge', key: 'A' },
  { action: 'dispatch', key: 'D' },
  { action: 'escalate', key: 'E' },
  { action: 'verify-close', key: undefined },
  { action: 'return', key: undefined },
  { action: 'shelve', key: 'S' },
  { action: 'false-alarm', key: 'M' },
] as const

/** Of what may be done, what brings the case on. */
const NEXT_STEPS = new Set<string>(['acknowledge', 'dispatch', 'verify-close'])

const RATINGS = [5, 4, 3, 2, 1] as const

interface DrawerProps {
  case: Case
  mayAct: boolean
  onShelve: (one: Case) => void
  onOpen: (cameraId: string, caseId: string) => void
  onNearest: (one: Case) => void
}

/** One case: where it stands, what can be done now, and all that was done. */
export function CaseDrawer({ case: one, mayAct, onShelve, onOpen, onNearest }: DrawerProps) {
  const { cases, language, township, nowMs } = useParts()
  const { t } = language
  const isWayOpen = useSignal(false)
  const place = useKeptFocus<HTMLElement>()
  const at = CaseStep.options.indexOf(one.step)
  function close(): void {
    cases.choose(undefined)
    focusRow(one.id)
  }
  const { cameraId } = one
  return (
    <article
      ref={place}
      tabIndex={-1}
      class="drawer"
      aria-label={t('cases.drawer', { number: one.number })}
      data-step={one.step}
    >
      <header>
        <PriorityBadge priority={one.priority} cleared={false} />
        <strong>
          {t(`alarmType.${one.type}`)} {one.text}
        </strong>
        <button type="button" class="quiet" onClick={close}>
          {t('action.close')}
        </button>
      </header>
      <p class="secondary">
        {t('case.number', { year: one.year, number: one.number })} · {township.cellName(one.cellCode)}
      </p>
      <p>
        <ResponseClock case={one} />
      </p>
      {isBack(one) && <p class="undelivered">{t('cases.back')}</p>}
      {isUndelivered(one) && <p class="undelivered">{t('cases.undelivered')}</p>}
      {cases.refused.value !== undefined && <ProblemNote problem={cases.refused.value} />}
      {mayAct && (
        <div class="actions">
          {CENTRE_ACTIONS.filter(({ action }) => one.legal.includes(action)).map(({ action, key }) => (
            <button
              key={action}
              type="button"
              class={NEXT_STEPS.has(action) ? 'primary' : ''}
              onClick={() => (action === 'shelve' ? onShelve(one) : void cases.act(one.id, { action }))}
            >
              {key !== undefined && <kbd>{key}</kbd>} {t(`caseAction.${action}`)}
            </button>
          ))}
          {one.legal.includes('evaluate') &&
            RATINGS.map((rating) => (
              <button key={rating} type="button" onClick={() => void cases.act(one.id, { action: 'evaluate', rating })}>
                {t('cases.rate', { n: rating })}
              </button>
            ))}
          {cameraId !== undefined && township.cameras.value.has(cameraId) && (
            <button type="button" onClick={() => onOpen(cameraId, one.id)}>
              {t('cases.watch')}
            </button>
          )}
          <button type="button" onClick={() => onNearest(one)}>
            {t('cases.nearest')}
          </button>
        </div>
      )}
      <ol class="steps">
        {CaseStep.options.map((step, index) => (
          <li key={step} class={index < at ? 'done' : ''} aria-current={index === at ? 'step' : undefined}>
            {t(`caseStep.${step}`)}
          </li>
        ))}
      </ol>
      {one.assignee !== undefined && (
        <p>
          {one.assignee.name} · {t(`casePhase.${one.phase}`)}
          {one.escalatesAt !== undefined && (
            <strong class="countdown">
              {' '}
              {t('cases.escalatesIn', { time: duration((Date.parse(one.escalatesAt) - nowMs.value) / 1000) })}
            </strong>
          )}
        </p>
      )}
      {one.notifications.map(({ id, to, channelName, state, fault, at: sentAt }) => (
        <p key={id} class={`notification notification-${state}`}>
          {to} {channelName !== undefined && `· ${channelName} `}
          {t(`notification.${state}`)} {timeOf(sentAt, nowMs.value)}
          {fault !== undefined && ` · ${t(`channelFault.${fault}`)}`}
        </p>
      ))}
      {cameraId !== undefined && <ClipPanel key={one.id} case={one} mayExport={mayAct} />}
      <details
        onToggle={({ currentTarget }) => {
          isWayOpen.value = currentTarget.open
        }}
      >
        <summary>{t('way.heading')}</summary>
        {isWayOpen.value && <CaseWayOf case={one} />}
      </details>
      <Timeline case={one} />
    </article>
  )
}

function Timeline({ case: one }: { case: Case }) {
  const { language, nowMs } = useParts()
  const { t } = language
  return (
    <ol class="timeline">
      {one.timeline.toReversed().map(({ at, action, by, text }) => (
        <li key={`${at} ${action}`}>
          <time dateTime={at} title={dateTime(at)}>
            {timeOf(at, nowMs.value)}
          </time>
          <span>
            <strong>{t(`caseAction.${action}`)}</strong> {by === GATEWAY_NAME ? t('case.byGateway') : by}
            {text !== undefined && ` · ${textOf(t, text)}`}
          </span>
        </li>
      ))}
    </ol>
  )
}

/** What the patrol chose is a word of a vocabulary; all else is as it was typed. */
function textOf(t: Translate, text: string): string {
  const outcome = FeedbackOutcome.safeParse(text)
  return outcome.success ? t(`outcome.${outcome.data}`) : text
}
