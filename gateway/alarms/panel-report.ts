import type { AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import { clean, DEFAULT_PRIORITY, type NormalAlarm } from './normalise.ts'
import { openKey } from './store.ts'

/** One message of an alarm panel, read. */
export interface PanelReport {
  sequence: number
  /** The same for the same message sent again. */
  hash: string
  events: readonly PanelEvent[]
  payload: Uint8Array
}

export interface PanelEvent {
  /** Which trouble begins or ends: code, area and zone. */
  channel: string
  type: AlarmType
  priority: Priority | undefined
  state: AlarmState
  /** It ends what was open under the same channel. */
  renews: boolean
  text: string
  data: Readonly<Record<string, string>>
}

/** @param urgency of the panel's registration, for codes that do not tell one */
export function panelAlarm(event: PanelEvent, receivedAt: Date, urgency: Priority | undefined): NormalAlarm {
  const { channel, type, priority, state, text, data } = event
  return {
    sourceKey: openKey(channel),
    type,
    priority: priority ?? urgency ?? DEFAULT_PRIORITY[type],
    // Panels stamp when they sent a message, by clocks that drift; when it came is what is known.
    occurredAt: receivedAt,
    state,
    text: clean(text).slice(0, 500),
    cameraId: undefined,
    data,
    strippedFields: 0,
  }
}

/** What a counting source sent and nobody received. */
export function gapAlarm(sourceId: string, { from, to }: { from: number; to: number }, at: Date): NormalAlarm {
  return {
    sourceKey: `gap:${sourceId}:${from}-${to}:${at.getTime()}`,
    type: 'source-silent',
    priority: DEFAULT_PRIORITY['source-silent'],
    occurredAt: at,
    state: 'active',
    text: `缺失消息 missing messages ${from === to ? from : `${from}–${to}`}`,
    cameraId: undefined,
    data: { sourceId, from, to },
    strippedFields: 0,
  }
}
