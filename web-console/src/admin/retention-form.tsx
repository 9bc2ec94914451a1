import { useSignal } from '@preact/signals'
import type { PlaceClass } from '../../../gateway/contracts/camera.ts'
import { ClipRetention, DEFAULT_RETENTION, MIN_ARTICLE_7_DAYS } from '../../../gateway/contracts/clip.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import type { Entry } from './admin-calls.ts'
import { NumbersForm } from './numbers-form.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** How long alarm clips are kept, by the class of the place, and the proof that they are gone afterwards. */
export function RetentionForm() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const isProofOpen = useSignal(false)
  return (
    <section class="panel">
      <h2>{t('retention.title')}</h2>
      <p class="secondary">{t('retention.effect')}</p>
      <NumbersForm<ClipRetention>
        ask={calls.retention}
        save={calls.setRetention}
        fieldsOf={({ items }) =>
          items.map(({ placeClass, days }) => ({
            label: t('retention.days', { place: t(`placeClass.${placeClass}`) }),
            hint:
              placeClass === 'article-7'
                ? t('retention.least', { n: MIN_ARTICLE_7_DAYS })
                : t('retention.usual', { n: usualDays(placeClass) }),
            text: String(days),
          }))
        }
        read={({ items }, days) =>
          ClipRetention.safeParse({ items: items.map(({ placeClass }, at) => ({ placeClass, days: days[at] })) }).data
        }
        inputMode="numeric"
        maxLength={4}
        range={t('retention.range', { n: MIN_ARTICLE_7_DAYS })}
        saved={t('retention.saved')}
      />
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

const usualDays = (wanted: PlaceClass): number =>
  DEFAULT_RETENTION.items.find(({ placeClass }) => placeClass === wanted)?.days ?? 0
