import { type Signal, signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { PlaceClass } from '../../../gateway/contracts/camera.ts'
import { ClipRetention, DEFAULT_RETENTION, MIN_ARTICLE_7_DAYS } from '../../../gateway/contracts/clip.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { TextField } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Table } from '../ui/table.tsx'
import type { Entry } from './admin-calls.ts'
import { useAdminCalls } from './use-admin-calls.ts'

/** How long alarm clips are kept, by the class of the place, and the proof that they are gone afterwards. */
export function RetentionForm() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const { data, problem } = useLoaded(calls.retention, [])
  const isProofOpen = useSignal(false)
  return (
    <section class="panel">
      <h2>{t('retention.title')}</h2>
      <p class="secondary">{t('retention.effect')}</p>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {data.value !== undefined && <Form retention={data.value} />}
      <details
        onToggle={({ currentTarget }) => {
          isProofOpen.value = currentTarget.open
        }}
      >
        <summary>{t('retention.proof')}</summary>
        {isProofOpen.value && <Deletions />}
      </details>
    </section>
  )
}

function Form({ retention }: { retention: ClipRetention }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const saved = useSignal(retention)
  const justSaved = useSignal(false)
  const fields = useMemo(
    () => retention.items.map(({ placeClass, days }) => ({ placeClass, days: signal(String(days)) })),
    [retention],
  )
  const typed = ClipRetention.safeParse({
    items: fields.map(({ placeClass, days }) => ({ placeClass, days: daysOf(days) })),
  }).data
  const isChanged = JSON.stringify(typed) !== JSON.stringify(saved.value)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (typed === undefined) return
    const answer = await calls.setRetention(typed)
    problem.value = failureOf(answer)
    justSaved.value = answer.kind === 'ok'
    if (answer.kind === 'ok') saved.value = answer.data
  }

  return (
    <form onSubmit={submit} onInput={() => (justSaved.value = false)}>
      <div class="short-fields">
        {fields.map(({ placeClass, days }) => (
          <TextField
            key={placeClass}
            label={t('retention.days', { place: t(`placeClass.${placeClass}`) })}
            hint={
              placeClass === 'article-7'
                ? t('retention.least', { n: MIN_ARTICLE_7_DAYS })
                : t('retention.usual', { n: daysFor(placeClass) })
            }
            value={days}
            inputMode="numeric"
            maxLength={4}
            required
          />
        ))}
      </div>
      {typed === undefined && <p class="hint">{t('retention.range', { n: MIN_ARTICLE_7_DAYS })}</p>}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={typed === undefined || !isChanged}>
          {t('action.save')}
        </button>
        {justSaved.value && <p role="status">{t('retention.saved')}</p>}
      </div>
    </form>
  )
}

const SHOWN = 20

/** The newest deletions as the trail has them; its chain shows that nobody wrote them afterwards. */
function Deletions() {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const deletions = useLoaded(async (signal) => {
    const answer = await calls.audit({ action: 'clip-deleted' }, undefined, SHOWN, signal)
    return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
  }, [])
  return (
    <>
      <p class="secondary">{t('retention.proofHint')}</p>
      <LoadedList<Entry> of={deletions} empty={t('retention.nothingYet')}>
        {(entries) => (
          <Table columns={['retention.deletedAt', 'column.camera', 'retention.hash', 'retention.entry']}>
            {entries.map(({ sequence, at, detail }) => (
              <tr key={sequence}>
                <th scope="row">{dateTime(at)}</th>
                <td data-label={t('column.camera')}>
                  {township.cameras.value.get(String(detail?.cameraId))?.name ?? String(detail?.cameraId)}
                </td>
                <td data-label={t('retention.hash')}>
                  <code>{String(detail?.sha256).slice(0, 16)}…</code>
                </td>
                <td data-label={t('retention.entry')}>{sequence}</td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
    </>
  )
}

const daysFor = (wanted: PlaceClass): number =>
  DEFAULT_RETENTION.items.find(({ placeClass }) => placeClass === wanted)?.days ?? 0

const daysOf = ({ value }: Signal<string>): number => (value.trim() === '' ? 0 : Number(value))
