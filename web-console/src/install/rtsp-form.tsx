import { useSignal } from '@preact/signals'
import { RtspUri } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'
import type { Draft } from './draft.ts'
import { Overrides } from './overrides.tsx'

/** For devices without ONVIF: their streams by address, tried when the camera is registered. */
export function RtspForm({ draft }: { draft: Draft }) {
  const { t } = useParts().language
  const unknown = useSignal(undefined)
  const { mainUri, subUri, username, cellCode } = draft.fields
  const isComplete =
    cellCode.value !== '' &&
    RtspUri.safeParse(mainUri.value).success &&
    (subUri.value === '' || RtspUri.safeParse(subUri.value).success)
  return (
    <details class="panel">
      <summary>{t('rtsp.title')}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          draft.step.value = { kind: 'details', chosen: { kind: 'rtsp' } }
        }}
      >
        <TextField
          label={t('rtsp.main')}
          hint={t('rtsp.hint')}
          value={mainUri}
          inputMode="url"
          autocapitalize="none"
          spellcheck={false}
        />
        <TextField label={t('rtsp.sub')} value={subUri} inputMode="url" autocapitalize="none" spellcheck={false} />
        <TextField label={t('device.username')} value={username} autocomplete="off" autocapitalize="none" />
        <TextField label={t('device.password')} value={draft.password} type="password" autocomplete="off" />
        <Overrides overrides={draft.overrides} recognised={unknown} kind="rtsp" />
        <div class="actions">
          <button type="submit" class="primary wide" disabled={!isComplete}>
            {t('install.useAddress')}
          </button>
        </div>
      </form>
    </details>
  )
}
