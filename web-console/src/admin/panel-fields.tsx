import type { Signal } from '@preact/signals'
import { type AlarmSource, NewAlarmSource } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'

export interface PanelAnswers {
  readonly account: Signal<string>
  readonly key: Signal<string>
}

/** For a panel that reports by SIA DC-09: its account, and the key where it encrypts. */
export function PanelFields({ of, known }: { of: PanelAnswers; known: AlarmSource['dc09'] }) {
  const { t } = useParts().language
  return (
    <>
      <TextField
        label={t('panel.account')}
        hint={t('panel.accountHint')}
        value={of.account}
        maxLength={16}
        autocapitalize="none"
        spellcheck={false}
      />
      <TextField
        label={t('panel.key')}
        hint={t(known === undefined ? 'panel.keyHint' : known.isEncrypted ? 'panel.hasKey' : 'panel.hasNoKey')}
        value={of.key}
        maxLength={64}
        autocapitalize="none"
        spellcheck={false}
      />
    </>
  )
}

/** What a registration or a change says of it: undefined leaves it as it is, null takes it away. */
export function panelOf(of: PanelAnswers, known: AlarmSource['dc09']): NewAlarmSource['dc09'] | null {
  const account = of.account.value.trim()
  const key = of.key.value.trim()
  if (account === '') return known === undefined ? undefined : null
  if (account.toUpperCase() === known?.account && key === '') return undefined
  return { account, ...(key === '' ? {} : { key }) }
}

/** Whether the gateway takes what is typed. */
export const isSoundPanel = (of: PanelAnswers, known: AlarmSource['dc09']): boolean =>
  NewAlarmSource.shape.dc09.safeParse(panelOf(of, known) ?? undefined).success
