import { effect, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Case } from '../../../gateway/contracts/case.ts'
import type { SessionAnswer } from '../../../gateway/contracts/identity.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { callsCentre } from '../state/urgency.ts'
import { Empty } from '../ui/empty.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { CaseDrawer } from './case-drawer.tsx'
import { useCaseKeys } from './case-keys.ts'
import { CaseGroupRow, CaseRow } from './case-row.tsx'
import { groupCases } from './flood.ts'
import { createReceipts } from './receipts.ts'
import { ShelveDialog } from './shelve-dialog.tsx'
import { createSounds } from './sounds.ts'
import './cases.css'

const SHOWN = 100

interface CaseColumnProps {
  onOpen: (cameraId: string, caseId: string) => void
  /** Shows the cameras nearest to where it happened. */
  onNearest: (one: Case) => void
  /** The live picture of a case's place. */
  picture: (one: Case) => ComponentChildren
}

/** Open cases beside the wall, the chosen one in a drawer above them. */
export function CaseColumn({ onOpen, onNearest, picture }: CaseColumnProps) {
  const { alarms, calls, cases, language, session, shortcuts, nowMs } = useParts()
  const { t } = language
  const sounds = useMemo(createSounds, [])
  const shelving = useSignal<string | undefined>(undefined)
  const notSilenced = useSignal<ProblemAnswer | undefined>(undefined)
  const burden = alarms.burden.value
  const inFlood = burden?.state === 'flood'
  const chosen = cases.chosen.value
  const open = cases.open.value
  const mayAct = isOperator(session.state.value.kind === 'signed-in' ? session.state.value.user : undefined)

  function shelve(one: Case): void {
    shelving.value = one.id
  }
  useCaseKeys(cases, shortcuts, mayAct, shelve)
  useLifetime((until) => {
    const stops = [
      effect(() => sounds.notice(cases.open.value, nowMs.peek())),
      nowMs.subscribe((now) => sounds.check(cases.open.peek(), callsCentre, now)),
    ]
    until.addEventListener('abort', () => {
      for (const stop of stops) stop()
    })
  })
  useLifetime(
    (until) => {
      if (!mayAct) return
      // The receipt of the centre: this console shows the case.
      const tell = createReceipts({ owed: ({ times }) => ({ key: '', at: times.console }), send: calls.receiveCase })
      const stop = effect(() => {
        const [shown, now] = [cases.open.value, nowMs.value]
        if (document.visibilityState === 'visible') tell(shown.slice(0, SHOWN), now)
      })
      until.addEventListener('abort', stop)
    },
    [mayAct],
  )
  /** A silence that is not on record is none. */
  async function silence(): Promise<void> {
    const answer = await calls.silence()
    notSilenced.value = failureOf(answer)
    if (answer.kind === 'ok') sounds.silence(nowMs.value)
  }

  return (
    <section class="cases" aria-label={t('cases.heading')} data-sounds={sounds.played.value}>
      {mayAct && !sounds.isOn() && (
        <button type="button" class="primary start-shift" onClick={() => sounds.start()}>
          {t('cases.startShift')}
        </button>
      )}
      {sounds.isOn() && (
        <button type="button" class="quiet" onClick={() => void silence()}>
          {nowMs.value < sounds.silentUntilMs.value ? t('cases.silent') : t('cases.silence')}
        </button>
      )}
      {notSilenced.value !== undefined && <ProblemNote problem={notSilenced.value} />}
      {burden !== undefined && inFlood && (
        <p class="flood-banner" role="status">
          {t('flood.banner', { n: burden.casesInWindow, minutes: burden.windowMinutes })}
        </p>
      )}
      {chosen !== undefined && (
        <div key={chosen.id} class="chosen-case">
          {picture(chosen)}
          <CaseDrawer case={chosen} mayAct={mayAct} onShelve={shelve} onOpen={onOpen} onNearest={onNearest} />
        </div>
      )}
      <h2>
        {t('cases.heading')} <span class="count">{open.length}</span>{' '}
        {burden !== undefined && (
          <span class="secondary">
            {t('flood.recent', {
              n: burden.casesInWindow,
              most: burden.limitPerOperator * burden.operators,
              minutes: burden.windowMinutes,
            })}
          </span>
        )}
      </h2>
      {cases.failed.value !== undefined && <ProblemNote problem={cases.failed.value} />}
      {open.length === 0 && cases.failed.value === undefined && <Empty text={t('case.none')} />}
      <ul class="case-list">
        {groupCases(open, inFlood)
          .slice(0, SHOWN)
          .map((group) => {
            const [only] = group.cases
            return group.cases.length === 1 && only !== undefined ? (
              <CaseRow key={group.key} case={only} />
            ) : (
              <CaseGroupRow key={group.key} group={group} mayAct={mayAct} />
            )
          })}
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
