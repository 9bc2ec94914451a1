import { type Signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { Handover } from '../../../gateway/contracts/handover.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { Field, TextField } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { createHandoverCalls } from './handover-calls.ts'
import { Matters } from './matters.tsx'
import './handover.css'

const SHOWN_HANDOVERS = 20
/** The form stays in sight; the record has them all. */
const FIRST_CASES = 8

/** One shift hands over to the next: what is open, a word from who goes, the password of who comes, one record of both. */
export function HandoverPage() {
  const { client, session, language } = useParts()
  const { t } = language
  const calls = useMemo(() => createHandoverCalls(client), [client])
  const signed = useSignal<Handover | undefined>(undefined)
  const user = session.state.value.kind === 'signed-in' ? session.state.value.user : undefined
  const mayHandOver = user?.roles.includes('operator') ?? false
  const past = useLoaded(
    async (signal) => {
      const answer = await calls.handovers(SHOWN_HANDOVERS, signal)
      return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
    },
    [signed.value],
  )

  return (
    <main class="page handover">
      <h1>{t('handover.title')}</h1>
      {signed.value !== undefined ? (
        <Record handover={signed.value} open />
      ) : (
        mayHandOver && <HandOver signed={signed} outgoingName={user?.displayName ?? ''} />
      )}
      <section class="past">
        <h2>{t('handover.past')}</h2>
        <LoadedList of={past} empty={t('handover.none')}>
          {(items) =>
            items
              .filter(({ id }) => id !== signed.value?.id)
              .map((one) => <Record key={one.id} handover={one} open={false} />)
          }
        </LoadedList>
      </section>
    </main>
  )
}

function HandOver({ signed, outgoingName }: { signed: Signal<Handover | undefined>; outgoingName: string }) {
  const { client, session, language } = useParts()
  const { t } = language
  const calls = useMemo(() => createHandoverCalls(client), [client])
  const matters = useLoaded(calls.matters, [])
  const notes = useSignal('')
  const username = useSignal('')
  const password = useSignal('')
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    const text = notes.value.trim()
    const answer = await calls.handOver({
      ...(text === '' ? {} : { notes: text }),
      incoming: { username: username.value.trim(), password: password.value },
    })
    busy.value = false
    password.value = ''
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    signed.value = answer.data.handover
    session.takeOver(answer.data.session)
  }

  return (
    <form class="panel" onSubmit={submit}>
      {matters.problem.value !== undefined && <ProblemNote problem={matters.problem.value} />}
      {matters.data.value === undefined ? (
        <Empty text={t('list.loading')} />
      ) : (
        <Matters matters={matters.data.value} first={FIRST_CASES} />
      )}
      <Field label={t('handover.notes')} hint={t('handover.notesHint')}>
        {(id) => (
          <textarea
            id={id}
            rows={4}
            maxLength={2000}
            value={notes.value}
            onInput={(event) => {
              notes.value = event.currentTarget.value
            }}
          />
        )}
      </Field>
      <p>{t('handover.outgoing', { name: outgoingName })}</p>
      <fieldset class="incoming">
        <legend>{t('handover.incoming')}</legend>
        <TextField
          label={t('signIn.username')}
          value={username}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
        />
        <TextField label={t('signIn.password')} value={password} type="password" autocomplete="off" required />
      </fieldset>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button
          type="submit"
          class="primary"
          disabled={
            busy.value || matters.data.value === undefined || username.value.trim() === '' || password.value === ''
          }
        >
          {t(busy.value ? 'handover.signing' : 'handover.sign')}
        </button>
      </div>
      <p class="hint">{t('handover.effect')}</p>
    </form>
  )
}

function Record({ handover, open }: { handover: Handover; open: boolean }) {
  const { t } = useParts().language
  const { at, outgoing, incoming, notes, matters } = handover
  return (
    <details class={open ? 'panel record record-new' : 'panel record'} open={open}>
      <summary>
        {t('handover.record', { time: dateTime(at), outgoing: outgoing.name, incoming: incoming.name })}
      </summary>
      {notes !== undefined && (
        <p class="notes">
          {t('handover.notes')}
          {t('list.colon')}
          {notes}
        </p>
      )}
      <Matters matters={matters} />
      <p class="signatures">
        <span>{t('handover.signedOutgoing', { name: outgoing.name, time: dateTime(at) })}</span>
        <span>{t('handover.signedIncoming', { name: incoming.name, time: dateTime(at) })}</span>
      </p>
      <button type="button" onClick={() => print()}>
        {t('handover.print')}
      </button>
    </details>
  )
}
