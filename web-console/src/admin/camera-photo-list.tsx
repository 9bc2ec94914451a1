import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { CameraPhoto } from '../../../gateway/contracts/camera-photo.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** What the installer photographed; a photo is fetched when somebody asks for it, since looking is recorded. */
export function CameraPhotoList({ camera }: { camera: Camera }) {
  const { t } = useParts().language
  const isOpen = useSignal(false)
  return (
    <details
      class="cut-off"
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open
      }}
    >
      <summary>{t('camera.photos')}</summary>
      {isOpen.value && <Photos camera={camera} />}
    </details>
  )
}

function Photos({ camera }: { camera: Camera }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const photos = useLoaded((signal) => calls.photos(camera.id, signal), [camera.id])
  return (
    <>
      <p class="hint">{t('camera.photosHint')}</p>
      <LoadedList of={photos} empty={t('camera.noPhotos')}>
        {(items) => items.map((photo) => <Photo key={photo.kind} camera={camera} photo={photo} />)}
      </LoadedList>
    </>
  )
}

function Photo({ camera, photo: { kind, takenAt, by } }: { camera: Camera; photo: CameraPhoto }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const isShown = useSignal(false)
  return (
    <figure class="photo">
      {isShown.value ? (
        <img src={calls.photoUrl(camera.id, kind)} alt={t(`photo.${kind}Alt`, { name: camera.name })} />
      ) : (
        <button
          type="button"
          onClick={() => {
            isShown.value = true
          }}
        >
          {t(`camera.show.${kind}`)}
        </button>
      )}
      <figcaption class="secondary">{t('camera.photoBy', { time: dateTime(takenAt), name: by })}</figcaption>
    </figure>
  )
}
