import { z } from 'zod'
import { CellCode, Id, Instant, InstantInput, Line } from './common.ts'
import type { Role } from './identity.ts'

/** Roles that are told of alarms: by list, live event and MQTT. */
export const ALARM_READERS: readonly Role[] = ['operator', 'administrator', 'patrol-lead', 'auditor']

export const AlarmType = z.enum([
  'intrusion',
  'panic-button',
  'motion',
  'line-crossing',
  'tamper',
  'video-loss',
  'audio',
  'smoke',
  'gas',
  'water-level',
  'door',
  'device-offline',
  'source-silent',
  'storage-failure',
  'other',
])
export type AlarmType = z.infer<typeof AlarmType>

/** 1 urgent, 2 important, 3 normal, 4 notice. */
export const Priority = z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)])
export type Priority = z.infer<typeof Priority>

export const AlarmState = z.enum(['active', 'cleared'])
export type AlarmState = z.infer<typeof AlarmState>

/** What a source sends; `data` may hold anything, identity fields are removed at the border. */
export const AlarmMessage = z.strictObject({
  id: z.string().min(1).max(128),
  type: AlarmType,
  priority: Priority.optional(),
  occurredAt: InstantInput,
  state: AlarmState.optional(),
  text: z.string().max(500).optional(),
  cameraId: Id.optional(),
  data: z.record(z.string(), z.unknown()).optional(),
})
export type AlarmMessage = z.infer<typeof AlarmMessage>

export const Alarm = z.object({
  id: Id,
  sourceId: Id,
  sourceKey: z.string(),
  type: AlarmType,
  priority: Priority,
  cellCode: CellCode,
  cameraId: Id.optional(),
  occurredAt: Instant,
  receivedAt: Instant,
  state: AlarmState,
  text: z.string(),
  occurrences: z.number().int().positive(),
  caseId: Id.optional(),
  /** How many identity fields were removed from `data`; absent when none. */
  strippedFields: z.number().int().positive().optional(),
})
export type Alarm = z.infer<typeof Alarm>

export const AlarmQuery = z.strictObject({
  state: AlarmState.optional(),
  cell: CellCode.optional(),
  priority: z.coerce.number().int().min(1).max(4).optional(),
  since: InstantInput.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
})

export const NewAlarmSource = z.strictObject({
  name: Line,
  kind: z.enum(['panel', 'button', 'sensor', 'camera', 'bridge']),
  cellCode: CellCode,
  cameraId: Id.optional(),
  /** Name of a mapping in `device-profiles/alarm-sources`; absent means our own message. */
  mapping: z.string().max(64).optional(),
})
export type NewAlarmSource = z.infer<typeof NewAlarmSource>

export const AlarmSource = z.object({
  id: Id,
  name: Line,
  kind: NewAlarmSource.shape.kind,
  cellCode: CellCode,
  cameraId: Id.optional(),
  mapping: z.string().optional(),
  lastHeardAt: Instant.optional(),
  createdAt: Instant,
})
export type AlarmSource = z.infer<typeof AlarmSource>

/** Credentials of a new source, shown once. */
export const NewAlarmSourceAnswer = AlarmSource.extend({
  mqtt: z.object({ username: z.string(), password: z.string(), topic: z.string() }),
  webhook: z.object({ url: z.string(), token: z.string() }),
})
export type NewAlarmSourceAnswer = z.infer<typeof NewAlarmSourceAnswer>
