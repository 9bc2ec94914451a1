import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Case } from '../../../gateway/contracts/case.ts'
import { useParts } from '../parts.ts'
import { OnePicture } from '../wall/one-picture.tsx'
import type { TileSession } from '../wall/tile-session.ts'

/** The place of a case as it is now: the sub stream, which a phone's network bears, and a still that stays. */
export function PlacePicture({ case: one, camera }: { case: Case; camera: Camera }) {
  const { t } = useParts().language
  const isOpen = useSignal(false)
  const session = useSignal<TileSession | undefined>(undefined)
  const still = useSignal<string | undefined>(undefined)

  function takeStill(): void {
    const viewId = session.value?.view.peek()?.id
    if (viewId !== undefined) still.value = `/live/${viewId}/snapshot.jpg?${Date.now()}`
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
        <img class="still" src={still.value} alt={t('patrol.stillAlt', { name: camera.name })} />
      )}
    </>
  )
}
