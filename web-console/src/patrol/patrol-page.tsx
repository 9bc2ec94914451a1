import { effect, signal, useSignal, useSignalEffect } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { Case, Duty } from '../../../gateway/contracts/case.ts'
import { createReceipts, type Owed } from '../cases/receipts.ts'
import { afterwards, type Heard, isNews, noticed } from '../cases/rhythm.ts'
import { createSounds } from '../cases/sounds.ts'
import { useParts } from '../parts.ts'
import { Empty } from '../ui/empty.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { createAnswers } from './answers.ts'
import { keepAwake } from './awake.ts'
import { becomeInstallable } from './installed.ts'
import { PatrolCard } from './patrol-card.tsx'
import { SelfTest } from './self-test.tsx'
import './patrol.css'

const RETRY_MS = 5_000
/** Two long ones: unlike a message's. */
const VIBRATION_MS = [400, 200, 400]

/** The duty page of a patrol lead's phone: on or off duty, and the cases that are the lead's to work on. */
export function PatrolPage() {
  const { calls, cases, language, live, session, nowMs } = useParts()
  const { t } = language
  const state = session.state.value
  const me = state.kind === 'signed-in' ? state.user.id : ''
  const answers = useMemo(
    () => createAnswers(localStorage, me, calls.actOnCase, () => void cases.load()),
    [calls, cases, me],
  )
  const duty = useMemo(() => signal<Duty | undefined>(undefined), [])

  const sounds = useMemo(createSounds, [])
  const onPage = useMemo(() => new AbortController(), [])
  const awake = useMemo(() => keepAwake(onPage.signal), [onPage])
  const keptOnPhone = useSignal<boolean | undefined>(undefined)
  useLifetime((until) => {
    until.addEventListener('abort', () => onPage.abort())
    void becomeInstallable().then((state) => {
      keptOnPhone.value = state === 'ready'
    })
  })
  useSignalEffect(() => (duty.value?.on ? awake.hold() : awake.release()))

  useLifetime(
    (until) => {
      void calls.duty().then((answer) => {
        if (answer.kind === 'ok') duty.value = answer.data
      })
      const send = (): void => void answers.send()
      send()
      live.onOpen(send, until)
      addEventListener('online', send, { signal: until })
      const timer = setInterval(send, RETRY_MS)
      // The receipt: this page shows the case.
      const tell = createReceipts({ owed: (one) => owedBy(one, me), send: calls.receiveCase })
      const callsMe = (one: Case): boolean => answers.phaseOf(one) === 'dispatched'
      let felt: ReadonlyMap<string, Heard> = new Map()
      const stops = [
        effect(() => tell(cases.open.value, nowMs.value)),
        effect(() => {
          if (!duty.value?.on) return
          const mine = cases.open.value.filter((one) => isFor(one, me))
          sounds.notice(mine, nowMs.peek())
          felt = noticed(mine, felt, nowMs.peek())
        }),
        nowMs.subscribe((now) => {
          // A phone off duty stays silent.
          if (!duty.peek()?.on) return
          const mine = cases.open.peek().filter((one) => isFor(one, me))
          sounds.check(mine, callsMe, now)
          // It is felt with the sound off too.
          const isFelt = mine.some((one) => isNews(one, callsMe(one), felt.get(one.id)))
          if (isFelt) navigator.vibrate?.(VIBRATION_MS)
          felt = afterwards(mine, callsMe, felt, now, isFelt)
        }),
      ]
      until.addEventListener('abort', () => {
        clearInterval(timer)
        for (const stop of stops) stop()
      })
    },
    [me],
  )

  async function change(on: boolean): Promise<void> {
    if (on) sounds.start()
    const answer = await calls.setDuty(on)
    if (answer.kind === 'ok') duty.value = answer.data
  }

  // What waits for an answer comes before what is under way.
  const waits = (one: Case): number => Number(answers.phaseOf(one) === 'dispatched')
  const mine = cases.open.value.filter((one) => isFor(one, me)).sort((a, b) => waits(b) - waits(a))
  return (
    <main class="page patrol-page" data-sounds={sounds.played.value}>
      <h1 class="sr-only">{t('page.patrol')}</h1>
      <button
        type="button"
        class={`duty ${duty.value?.on ? 'duty-on' : 'primary'}`}
        aria-pressed={duty.value?.on ?? false}
        disabled={duty.value === undefined}
        onClick={() => void change(!duty.value?.on)}
      >
        {duty.value?.on ? t('patrol.onDuty') : t('patrol.goOnDuty')}
      </button>
      {duty.value?.on === true && <SelfTest sound={sounds.isOn()} awake={awake.held} keptOnPhone={keptOnPhone.value} />}
      {duty.value?.on === true && !sounds.isOn() && (
        <button type="button" onClick={() => sounds.start()}>
          {t('patrol.soundOn')}
        </button>
      )}
      {answers.waiting.value.length > 0 && (
        <p class="banner" role="status">
          {t('link.answersWaiting', { n: answers.waiting.value.length })}
        </p>
      )}
      {answers.refused.value !== undefined && <ProblemNote problem={answers.refused.value} />}
      {mine.length === 0 && <Empty text={t('patrol.none')} />}
      {mine.map((one) => (
        <PatrolCard key={one.id} case={one} answers={answers} />
      ))}
    </main>
  )
}

/** The newest dispatch to me that has no receipt, or the last one that has. */
function owedBy({ notifications }: Case, me: string): Owed | undefined {
  const mine = notifications.filter(({ toId, channel }) => toId === me && channel === 'duty-page')
  const one = mine.findLast(({ state }) => state !== 'delivered') ?? mine.at(-1)
  return one && { key: one.id, at: one.state === 'delivered' ? one.receivedAt : undefined }
}

/** Given to me, or offered to the whole cell. */
const isFor = ({ phase, assignee }: Case, me: string): boolean =>
  assignee?.id === me || (phase === 'dispatched' && assignee === undefined)
