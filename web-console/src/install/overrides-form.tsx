import type { ReadonlySignal, Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { DeviceOverrides } from '../../../gateway/contracts/device.ts'
import { useParts } from '../parts.ts'
import { Field, Select } from '../ui/field.tsx'
import { useLoaded } from '../ui/loaded.tsx'

export interface OverridesProps {
  overrides: Signal<DeviceOverrides>
  /** What the device was taken for, where it was looked at. */
  recognised: ReadonlySignal<string | undefined>
  /** A camera that is known by its streams alone has less to say. */
  kind: 'onvif' | 'rtsp'
}

/** What the installer says otherwise than the device profile. What is left alone follows the profile. */
export function OverridesForm({ overrides, recognised, kind }: OverridesProps) {
  const { calls, language } = useParts()
  const { t } = language
  const profiles = useLoaded(calls.deviceProfiles, [])
  const items = profiles.data.value?.items ?? []
  const said = overrides.value
  const title = items.find(({ id }) => id === recognised.value)?.title ?? recognised.value
  const asProfile = { value: '', label: t('override.asProfile') }

  /** An empty choice takes the word back. */
  function say(name: keyof DeviceOverrides, value: unknown): void {
    const { [name]: _, ...others } = overrides.value
    overrides.value = DeviceOverrides.safeParse({ ...others, [name]: value }).data ?? others
  }
  const choice = (
    name: 'transport' | 'events' | 'renew',
    options: readonly { value: string; label: string }[],
  ): JSX.Element => (
    <Select
      label={t(`override.${name}`)}
      hint={t(`override.${name}.hint`)}
      chosen={said[name] ?? ''}
      options={[asProfile, ...options]}
      onChoose={(value) => say(name, value)}
    />
  )
  const yesOrNo = (name: 'ptzTimeout' | 'ptzStopTwice') => (
    <Select
      label={t(`override.${name}`)}
      hint={t(`override.${name}.hint`)}
      chosen={String(said[name] ?? '')}
      options={[asProfile, { value: 'true', label: t('override.yes') }, { value: 'false', label: t('override.no') }]}
      onChoose={(value) => say(name, value === '' ? undefined : value === 'true')}
    />
  )

  return (
    <div class="overrides">
      <p class="hint">{t('override.hint')}</p>
      <Select
        label={t('override.deviceProfile')}
        hint={t('override.deviceProfile.hint')}
        chosen={said.deviceProfile ?? ''}
        options={[
          { value: '', label: title === undefined ? t('override.asRecognised') : t('override.recognised', { title }) },
          ...items.map(({ id, title }) => ({ value: id, label: title })),
        ]}
        onChoose={(value) => say('deviceProfile', value)}
      />
      {choice(
        'transport',
        DeviceOverrides.shape.transport
          .unwrap()
          .options.map((value) => ({ value, label: t(`override.transport.${value}`) })),
      )}
      {kind === 'onvif' && (
        <>
          <label class="chip">
            <input
              type="checkbox"
              checked={said.readableLogin ?? false}
              onChange={(event) => say('readableLogin', event.currentTarget.checked || undefined)}
            />
            <span>{t('override.readableLogin')}</span>
          </label>
          <p class="hint">{t('override.readableLogin.hint')}</p>
          <PathField value={said.devicePath ?? ''} onChange={(value) => say('devicePath', value)} />
          {choice(
            'events',
            DeviceOverrides.shape.events
              .unwrap()
              .options.map((value) => ({ value, label: t(`override.events.${value}`) })),
          )}
          {choice(
            'renew',
            DeviceOverrides.shape.renew
              .unwrap()
              .options.map((value) => ({ value, label: t(`override.renew.${value}`) })),
          )}
          {yesOrNo('ptzTimeout')}
          {yesOrNo('ptzStopTwice')}
        </>
      )}
    </div>
  )
}

function PathField({ value, onChange }: { value: string; onChange: (path: string) => void }) {
  const { t } = useParts().language
  return (
    <Field label={t('override.devicePath')} hint={t('override.devicePath.hint')}>
      {(id) => (
        <input
          id={id}
          value={value}
          maxLength={256}
          spellcheck={false}
          autocapitalize="none"
          onChange={(event) => onChange(event.currentTarget.value.trim())}
        />
      )}
    </Field>
  )
}
