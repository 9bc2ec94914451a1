import { useSignal } from '@preact/signals'
import type { Case } from '../../../gateway/contracts/case.ts'
import type { CaseClips, Clip } from '../../../gateway/contracts/clip.ts'
import { MIN_REASON_CHARS } from '../../../gateway/contracts/view.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date, dateTime, timeOf, timeOfDay } from '../time.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { clipUrl } from './clip-url.ts'
import './clip-panel.css'

/** What the camera showed around the first alarm, or in words why that is not there. */
export function ClipPanel({ case: one, mayExport }: { case: Case; mayExport: boolean }) {
  const { calls, language } = useParts()
  const { t } = language
  const clips = useSignal<CaseClips | undefined>(undefined)
  const failed = useSignal<ProblemAnswer | undefined>(undefined)
  const isAsking = useSignal<Clip | undefined>(undefined)
  // A clip that is ready, or will not come, is a line of the timeline.
  const told = one.timeline.filter(({ action }) => action === 'clip-kept' || action === 'clip-unavailable').length
  useLifetime(
    (until) => {
      void calls.caseClips(one.id, until).then((answer) => {
        if (until.aborted) return
        failed.value = failureOf(answer)
        if (answer.kind === 'ok') clips.value = answer.data
      })
    },
    [one.id, told],
  )
  const { items = [], absence } = clips.value ?? {}
  return (
    <section class="clips" aria-label={t('clip.heading')}>
      {failed.value !== undefined && <ProblemNote problem={failed.value} />}
      {clips.value === undefined && failed.value === undefined && <p class="secondary">{t('clip.loading')}</p>}
      {absence !== undefined && <p class="secondary">{t(`clip.${absence}`)}</p>}
      {items.map((clip) => (
        <ClipView
          key={clip.id}
          clip={clip}
          onExport={
            mayExport
              ? () => {
                  isAsking.value = clip
                }
              : undefined
          }
        />
      ))}
      {isAsking.value !== undefined && (
        <ExportDialog
          clip={isAsking.value}
          onClose={() => {
            isAsking.value = undefined
          }}
        />
      )}
    </section>
  )
}

function ClipView({ clip, onExport }: { clip: Clip; onExport: (() => void) | undefined }) {
  const { language, nowMs } = useParts()
  const { t } = language
  const isRefused = useSignal(false)
  const { id, state, why, startsAt, endsAt, keepUntil } = clip
  if (state === 'unavailable') return <p class="secondary">{t(`clip.${why ?? 'interrupted'}`)}</p>
  if (state === 'recording') return <p class="secondary">{t('clip.recording')}</p>
  if (state === 'deleted') return <p class="secondary">{t('clip.deleted', { time: dateTime(clip.deletedAt ?? '') })}</p>
  return (
    <figure>
      <video
        src={clipUrl(id, 'case')}
        controls
        muted
        playsInline
        preload="metadata"
        onError={() => {
          isRefused.value = true
        }}
      />
      {isRefused.value && <p class="secondary">{t('clip.notOpened')}</p>}
      <figcaption class="secondary">
        <span>
          {t('clip.span', {
            from: timeOf(startsAt ?? clip.alarmAt, nowMs.value),
            to: timeOfDay(endsAt ?? clip.alarmAt),
          })}
        </span>
        {keepUntil !== undefined && <span>{t('clip.keptUntil', { day: date(keepUntil) })}</span>}
        {onExport !== undefined && (
          <button type="button" onClick={onExport}>
            {t('clip.export')}
          </button>
        )}
      </figcaption>
    </figure>
  )
}

/** Asks why a clip is handed out; the register names person and reason. */
function ExportDialog({ clip, onClose }: { clip: Clip; onClose: () => void }) {
  const { t } = useParts().language
  const reason = useSignal('')
  const isGiven = [...reason.value.trim()].length >= MIN_REASON_CHARS
  return (
    <Dialog title={t('clip.exportTitle')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (!isGiven) return
          const link = document.createElement('a')
          link.href = clipUrl(clip.id, reason.value.trim(), { download: true })
          link.download = ''
          link.click()
          onClose()
        }}
      >
        <TextField label={t('clip.exportReason')} hint={t('clip.exportHint')} value={reason} maxLength={200} required />
        <Answers act={t('clip.export')} isReady={isGiven} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
