import type { DryRunAnswer } from '../contracts/alarm.ts'
import { type MappedSource, mapMessage } from './map-message.ts'
import type { Mapping } from './mapping.ts'
import { type NormalAlarm, normalise } from './normalise.ts'

/** What would become of a message, in our words or a device's; nothing is stored. Pure; never throws. */
export function tryMessage(
  mapping: Mapping | undefined,
  source: MappedSource,
  message: { topic: string | undefined; payload: Uint8Array },
  receivedAt: Date,
): DryRunAnswer {
  const isOwn = message.topic === undefined || mapping === undefined
  const own = isOwn ? normalise(message.payload, undefined, source.priority) : undefined
  if (own?.ok) return { outcome: 'alarms', alarms: [{ ...shown(own.alarm), sourceKey: own.alarm.sourceKey }] }
  if (mapping === undefined) return { outcome: 'rejected', why: own?.reason ?? '', alarms: [] }
  const mapped = mapMessage(mapping, source, { ...message, receivedAt })
  if (mapped.kind === 'rejected') return { outcome: 'rejected', why: mapped.reason, alarms: [] }
  if (mapped.kind === 'ignored') return { outcome: 'ignored', why: mapped.why, alarms: [] }
  return {
    outcome: 'alarms',
    alarms: mapped.alarms.map(({ rule, sourceKey, alarm }) => ({
      rule,
      ...(sourceKey === undefined ? {} : { sourceKey }),
      ...shown(alarm),
    })),
  }
}

const shown = ({ type, priority, state, occurredAt, text, strippedFields, data }: Omit<NormalAlarm, 'sourceKey'>) => ({
  type,
  priority,
  state,
  occurredAt: occurredAt.toISOString(),
  text,
  strippedFields,
  ...(data === undefined ? {} : { data: { ...data } }),
})
