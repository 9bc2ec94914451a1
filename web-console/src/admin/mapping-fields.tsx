import type { Signal } from '@preact/signals'
import { type AlarmMapping, AlarmType } from '../../../gateway/contracts/alarm.ts'
import { useParts } from '../parts.ts'
import { SelectField, TextField } from '../ui/field.tsx'

export interface MappingAnswers {
  readonly mapping: Signal<string>
  readonly topic: Signal<string>
  readonly device: Signal<string>
  readonly alarmType: Signal<string>
}

/** For a device that speaks its own words: which make, where it speaks, and what its alarms are. */
export function MappingFields({ mappings, of }: { mappings: readonly AlarmMapping[]; of: MappingAnswers }) {
  const { t, code } = useParts().language
  const language = code.value === 'en' ? 'en' : 'zh'
  const chosen = mappings.find(({ id }) => id === of.mapping.value)
  return (
    <>
      <SelectField
        label={t('mapping.make')}
        options={[
          { value: '', label: t('mapping.own') },
          ...mappings.map(({ id, title }) => ({ value: id, label: title[language] })),
        ]}
        value={of.mapping}
      />
      {chosen !== undefined && (
        <>
          <TextField
            label={t('sources.mqttTopic')}
            hint={chosen.topicHelp[language]}
            value={of.topic}
            autocapitalize="none"
            spellcheck={false}
          />
          {chosen.takesDevice && <TextField label={t('mapping.device')} value={of.device} />}
          {chosen.needsAlarmType && (
            <SelectField
              label={t('mapping.alarmType')}
              options={[
                { value: '', label: '—' },
                ...AlarmType.options.map((value) => ({ value, label: t(`alarmType.${value}`) })),
              ]}
              value={of.alarmType}
            />
          )}
        </>
      )}
    </>
  )
}

/** What a registration or a dry run says of it; nothing for a source that sends our own message. */
export function mappingOf({ mapping, topic, device, alarmType }: MappingAnswers): {
  mapping?: string
  topic?: string
  device?: string
  alarmType?: AlarmType
} {
  if (mapping.value === '') return {}
  const type = AlarmType.safeParse(alarmType.value)
  return {
    mapping: mapping.value,
    ...(topic.value.trim() === '' ? {} : { topic: topic.value.trim() }),
    ...(device.value.trim() === '' ? {} : { device: device.value.trim() }),
    ...(type.success ? { alarmType: type.data } : {}),
  }
}
