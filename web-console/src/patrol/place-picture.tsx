import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Case } from '../../../gateway/contracts/case.ts'
import { useParts } from '../parts.ts'
import { timeOf } from '../time.ts'
import { OnePicture } from '../wall/one-picture.tsx'
import type { TileSession } from '../wall/tile-session.ts'

interface PlacePictureProps {
  case: Case
  camera: Camera
  /** Beside the button that opens it. */
  children?: ComponentChildren
}

/** The place of a case as it is now: the sub stream, which a phone's network bears, and a still that stays. */
export function PlacePicture({ case: one, camera, children }: PlacePictureProps) {
  const { language, nowMs } = useParts()
  const { t } = language
  const isOpen = useSignal(false)
  const session = useSignal<TileSession | undefined>(undefined)
  const still = useSignal<{ url: string; atMs: number } | undefined>(undefined)

  function takeStill(): void {
    const viewId = session.value?.view.peek()?.id
    const atMs = Date.now()
    if (viewId !== undefined) still.value = { url: `/live/${viewId}/snapshot.jpg?${atMs}`, atMs }
  }

  return (
    <>
      <button
        type="button"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        {t(isOpen.value ? 'patrol.closePicture' : 'patrol.picture')}
      </button>
      {children}
      {isOpen.value && (
        <OnePicture camera={camera} stream="sub" reason={{ kind: 'case', caseId: one.id }} session={session}>
          {session.value?.state.value.kind === 'live' && (
            <button type="button" onClick={takeStill}>
              {t('patrol.still')}
            </button>
          )}
        </OnePicture>
      )}
      {still.value !== undefined && (
        <figure class="still">
          <img src={still.value.url} alt={t('patrol.stillAlt', { name: camera.name })} />
          <figcaption class="secondary">
            {t('patrol.stillAt', { time: timeOf(still.value.atMs, nowMs.value) })}
          </figcaption>
        </figure>
      )}
    </>
  )
}
