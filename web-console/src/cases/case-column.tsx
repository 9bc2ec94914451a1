import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { Case } from '../../../gateway/contracts/case.ts'
import type { SessionAnswer } from '../../../gateway/contracts/identity.ts'
import { useParts } from '../parts.ts'
import { ago, timeOfDay } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { CaseDrawer } from './case-drawer.tsx'
import { useCaseKeys } from './case-keys.ts'
import { ResponseClock } from './response-clock.tsx'
import { ShelveDialog } from './shelve-dialog.tsx'
import { createSounds } from './sounds.ts'
import { isUndelivered, isWaiting } from './urgency.ts'
import './cases.css'

const SHOWN = 100

/** Open cases beside the wall, the chosen one in a drawer above them. */
export function CaseColumn({ onOpen }: { onOpen: (cameraId: string, caseId: string) => void }) {
  const { calls, cases, language, session, shortcuts, nowMs } = useParts()
  const { t } = language
  const sounds = useMemo(createSounds, [])
  const shelving = useSignal<string | undefined>(undefined)
  const chosen = cases.chosen.value
  const open = cases.open.value
  const mayAct = isOperator(session.state.value.kind === 'signed-in' ? session.state.value.user : undefined)

  function shelve(one: Case): void {
    shelving.value = one.id
  }
  useCaseKeys(cases, shortcuts, mayAct, shelve)
  useLifetime((until) => {
    const stop = nowMs.subscribe((now) => sounds.check(cases.open.peek().filter(isWaiting), now))
    until.addEventListener('abort', stop)
  })
  useLifetime(
    (until) => {
      if (!mayAct) return
      // The receipt of the centre: this console shows the case.
      const told = new Set<string>()
      const stop = cases.open.subscribe((shown) => {
        if (document.visibilityState !== 'visible') return
        for (const { id, times } of shown.slice(0, SHOWN)) {
          if (times.console !== undefined || told.has(id)) continue
          told.add(id)
          void calls.receiveCase(id).then((answer) => {
            if (answer.kind !== 'ok') told.delete(id)
          })
        }
      })
      until.addEventListener('abort', stop)
    },
    [mayAct],
  )

  return (
    <section class="cases" aria-label={t('cases.heading')} data-sounds={sounds.played.value}>
      {mayAct && !sounds.isOn() && (
        <button type="button" class="primary start-shift" onClick={() => sounds.start()}>
          {t('cases.startShift')}
        </button>
      )}
      {sounds.isOn() && (
        <button type="button" class="quiet" onClick={() => sounds.silence(nowMs.value)}>
          {nowMs.value < sounds.silentUntilMs.value ? t('cases.silent') : t('cases.silence')}
        </button>
      )}
      {chosen !== undefined && <CaseDrawer case={chosen} mayAct={mayAct} onShelve={shelve} onOpen={onOpen} />}
      <h2>
        {t('cases.heading')} <span class="count">{open.length}</span>
      </h2>
      {cases.failed.value !== undefined && <ProblemNote problem={cases.failed.value} />}
      {open.length === 0 && cases.failed.value === undefined && <Empty text={t('cases.none')} />}
      <ul class="case-list">
        {open.slice(0, SHOWN).map((one) => (
          <CaseRow key={one.id} case={one} />
        ))}
      </ul>
      {shelving.value !== undefined && (
        <ShelveDialog
          onClose={() => {
            shelving.value = undefined
          }}
          onGiven={(text) => {
            if (shelving.value !== undefined) void cases.act(shelving.value, { action: 'shelve', text, minutes: 15 })
            shelving.value = undefined
          }}
        />
      )}
    </section>
  )
}

const isOperator = (user: SessionAnswer['user'] | undefined): boolean => user?.roles.includes('operator') ?? false

function CaseRow({ case: one }: { case: Case }) {
  const { cases, language, township, nowMs } = useParts()
  const { t } = language
  return (
    <li>
      <button
        type="button"
        class="case-row"
        aria-pressed={cases.chosen.value?.id === one.id}
        data-phase={one.phase}
        onClick={() => cases.choose(one.id)}
      >
        <PriorityBadge priority={one.priority} cleared={false} />
        <span class="case-words">
          <strong>
            {t(`alarmType.${one.type}`)}
            {one.occurrences > 1 && <span class="times"> ×{one.occurrences}</span>}
          </strong>
          <span class="secondary">
            {township.cellName(one.cellCode)} {one.text}
          </span>
        </span>
        <span class="secondary case-state">
          {one.shelvedUntil === undefined
            ? t(`casePhase.${one.phase}`)
            : t('cases.shelvedUntil', { time: timeOfDay(one.shelvedUntil) })}
          <span>{ago(t, one.openedAt, nowMs.value)}</span>
          <ResponseClock case={one} />
          {isUndelivered(one) && <strong class="undelivered">{t('cases.undeliveredShort')}</strong>}
        </span>
      </button>
    </li>
  )
}
