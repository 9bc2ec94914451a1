import { type Signal, useSignal } from '@preact/signals'
import type { DeviceOverrides } from '../../../gateway/contracts/device.ts'
import { useParts } from '../parts.ts'
import { LazyPage } from '../ui/lazy-page.tsx'
import type { OverridesProps } from './overrides-form.tsx'

/** The installer's word on a device, folded away; its code comes when it is opened, for few need it. */
export function Overrides(form: OverridesProps) {
  const { t } = useParts().language
  const isOpen = useSignal(Object.keys(form.overrides.value).length > 0)
  return (
    <details
      open={isOpen.value}
      onToggle={({ currentTarget }) => {
        isOpen.value ||= currentTarget.open
      }}
    >
      <summary>{t('override.title')}</summary>
      {isOpen.value && (
        <LazyPage
          load={() =>
            import('./overrides-form.tsx').then(({ OverridesForm }) => () => <OverridesForm {...form} />)
          }
        />
      )}
    </details>
  )
}

/** As a request carries them: nothing where nothing was said. */
export const overridesOf = ({ value }: Signal<DeviceOverrides>): { overrides?: DeviceOverrides } =>
  Object.keys(value).length === 0 ? {} : { overrides: value }
