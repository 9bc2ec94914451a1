import type { z } from 'zod'
import { AlarmMessage, type AlarmState, type AlarmType, type Priority } from '../contracts/alarm.ts'
import { stripIdentity } from './identity-fields.ts'

/** The largest message a source may send, over any transport. */
export const MAX_MESSAGE_BYTES = 64 * 1024

/** What a type means for the centre unless the source says otherwise; about 5 in 100 alarms should be urgent (ISA-18.2). */
export const DEFAULT_PRIORITY = {
  'panic-button': 1,
  smoke: 1,
  gas: 1,
  intrusion: 2,
  'water-level': 2,
  'storage-failure': 2,
  tamper: 2,
  'line-crossing': 3,
  door: 3,
  audio: 3,
  'video-loss': 3,
  'source-silent': 3,
  'device-offline': 3,
  motion: 4,
  other: 4,
} as const satisfies Record<AlarmType, Priority>

/** An alarm as its source tells it, without who somebody is. */
export interface NormalAlarm {
  sourceKey: string
  type: AlarmType
  priority: Priority
  occurredAt: Date
  state: AlarmState
  text: string
  cameraId: string | undefined
  data: Readonly<Record<string, unknown>> | undefined
  strippedFields: number
  /** Number of the message, where its source counts them. */
  sequence?: number
}

export type Normalised = { ok: true; alarm: NormalAlarm } | { ok: false; reason: string }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * One message of a source, JSON in UTF-8. Never throws.
 * @param idempotencyKey of the transport; it is the id of a message that has none, and must be the same as one it has
 * @param urgency of the source's registration, for a message that does not tell one
 */
export function normalise(payload: Uint8Array, idempotencyKey?: string, urgency?: Priority): Normalised {
  if (payload.byteLength > MAX_MESSAGE_BYTES) {
    return { ok: false, reason: `message of ${payload.byteLength} bytes, limit ${MAX_MESSAGE_BYTES}` }
  }
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(payload))
  } catch {
    return { ok: false, reason: 'message is not JSON in UTF-8' }
  }
  if (idempotencyKey !== undefined && typeof json === 'object' && json !== null && !Array.isArray(json)) {
    const message: { id?: unknown } = json
    if (message.id !== undefined && message.id !== idempotencyKey) {
      return { ok: false, reason: 'id: is not the idempotency key of the request' }
    }
    json = { ...json, id: idempotencyKey }
  }
  const parsed = AlarmMessage.safeParse(json)
  return parsed.success ? normaliseMessage(parsed.data, urgency) : { ok: false, reason: describe(parsed.error) }
}

/** A message whose shape is known already. */
export function normaliseMessage(message: AlarmMessage, urgency?: Priority): Normalised {
  if (message.id !== clean(message.id)) return { ok: false, reason: 'id: control characters are not allowed' }
  const stripped = stripIdentity(message.data ?? {})
  if (!stripped.ok) return { ok: false, reason: 'data: nested too deeply' }
  return {
    ok: true,
    alarm: {
      sourceKey: message.id,
      type: message.type,
      priority: message.priority ?? urgency ?? DEFAULT_PRIORITY[message.type],
      occurredAt: new Date(message.occurredAt),
      state: message.state ?? 'active',
      text: clean(message.text ?? ''),
      cameraId: message.cameraId,
      data: message.data === undefined ? undefined : stripped.data,
      strippedFields: stripped.count,
      ...(message.sequence === undefined ? {} : { sequence: message.sequence }),
    },
  }
}

/** PostgreSQL stores neither NUL nor half a surrogate pair, and no screen shows a control character. */
export const clean = (text: string): string => text.toWellFormed().replace(/\p{Cc}/gu, ' ')

const MAX_REASON_LENGTH = 300

function describe(error: z.ZodError): string {
  const faults = error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`)
  return clean(faults.join('; ')).slice(0, MAX_REASON_LENGTH)
}
