import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { CameraPhotoKind } from '../../../gateway/contracts/camera-photo.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { smallJpeg } from './small-jpeg.ts'

/** Takes a photo with the phone, makes it small and hands it in; without a network it waits on this page. */
export function PhotoField({ camera, kind }: { camera: Camera; kind: CameraPhotoKind }) {
  const { calls, language } = useParts()
  const { t } = language
  const id = useId()
  const jpeg = useSignal<Blob | undefined>(undefined)
  const shown = useSignal<string | undefined>(undefined)
  const isKept = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function send(): Promise<void> {
    if (jpeg.value === undefined || isKept.value) return
    const answer = await calls.keepPhoto(camera.id, kind, jpeg.value)
    problem.value = failureOf(answer)
    isKept.value = answer.kind === 'ok'
  }

  async function take(file: File | undefined): Promise<void> {
    if (file === undefined) return
    const made = await smallJpeg(file)
    problem.value =
      made === undefined ? { status: 0, code: 'invalid-request', detail: t('photo.unreadable') } : undefined
    if (made === undefined) return
    if (shown.value !== undefined) URL.revokeObjectURL(shown.value)
    jpeg.value = made
    shown.value = URL.createObjectURL(made)
    isKept.value = false
    await send()
  }

  useLifetime((until) => {
    addEventListener('online', () => void send(), { signal: until })
    until.addEventListener('abort', () => shown.value !== undefined && URL.revokeObjectURL(shown.value))
  })

  return (
    <div class="photo">
      <label class="button" for={id}>
        {t(`photo.${kind}`)}
      </label>
      <input
        id={id}
        class="sr-only"
        type="file"
        accept="image/*"
        capture="environment"
        onChange={(event) => void take(event.currentTarget.files?.[0])}
      />
      {shown.value !== undefined && <img src={shown.value} alt={t(`photo.${kind}Alt`, { name: camera.name })} />}
      {isKept.value && (
        <p role="status">
          <Icon name="ok" /> {t('photo.kept')}
        </p>
      )}
      {problem.value !== undefined && (
        <ProblemNote problem={problem.value}>
          <button type="button" onClick={() => void send()}>
            {t('action.retry')}
          </button>
        </ProblemNote>
      )}
    </div>
  )
}
