import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'

/** One picture of the camera, fetched when asked for, so that the owner knows which one is meant. */
export function CameraStill({ linkId, name }: { linkId: string; name: string }) {
  const { calls, language } = useParts()
  const { t } = language
  const state = useSignal<'loading' | 'shown' | 'failed'>('loading')
  const tries = useSignal(0)
  return (
    <figure class="owner-still">
      <img
        src={calls.ownerStill(linkId, tries.value)}
        alt={t('owner.still', { name })}
        hidden={state.value !== 'shown'}
        onLoad={() => {
          state.value = 'shown'
        }}
        onError={() => {
          state.value = 'failed'
        }}
      />
      {state.value === 'loading' && <p role="status">{t('owner.stillComing')}</p>}
      {state.value === 'failed' && (
        <p role="status">
          {t('owner.stillFailed')}{' '}
          <button
            type="button"
            onClick={() => {
              state.value = 'loading'
              tries.value += 1
            }}
          >
            {t('action.retry')}
          </button>
        </p>
      )}
      <figcaption class="secondary">{t('owner.stillWhy')}</figcaption>
    </figure>
  )
}
