import { z } from 'zod'
import { CellCode, Id, Instant, InstantInput, Line, PageQuery, page } from './common.ts'
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
  /** Counts the messages of a source, one after the other; a gap is an alarm. */
  sequence: z.int().min(0).optional(),
})
export type AlarmMessage = z.infer<typeof AlarmMessage>

/** The way of an alarm to people: its device's clock, then ours. What has not happened yet is absent. */
export const AlarmTimes = z.object({
  device: Instant.optional(),
  gateway: Instant,
  /** A console of the centre showed it first, and the duty page of whoever was sent. */
  console: Instant.optional(),
  phone: Instant.optional(),
  /** An operator took its case; an alarm that joins a case which somebody has is in hands as it comes. */
  acknowledged: Instant.optional(),
})
export type AlarmTimes = z.infer<typeof AlarmTimes>

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
  /** As far as it had come when this was told; a live event tells the beginning alone. */
  times: AlarmTimes,
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

/** A topic without wildcards and without empty levels (MQTT 3.1.1 §4.7). */
const Topic = z
  .string()
  .max(200)
  .regex(/^[^/+#\p{Cc}\s]+(\/[^/+#\p{Cc}\s]+)*$/u, 'must be a topic without wildcards, such as zigbee2mqtt/front-door')

export const NewAlarmSource = z.strictObject({
  name: Line,
  kind: z.enum(['panel', 'button', 'sensor', 'camera', 'bridge']),
  cellCode: CellCode,
  cameraId: Id.optional(),
  /** Name of a mapping in `device-profiles/alarm-sources`; absent means our own message. */
  mapping: z.string().max(64).optional(),
  /** What the device of a mapping calls its topic; `GET /api/v1/alarm-mappings` says what to write. */
  topic: Topic.optional(),
  /** One of several devices that share the topic, such as a camera of Frigate. */
  device: Line.optional(),
  /** What its alarms are, where its messages do not tell. */
  alarmType: AlarmType.optional(),
  /** Urgency of its alarms where neither message nor mapping tells one. */
  priority: Priority.optional(),
  /** Nothing heard for so long raises `source-silent`. */
  silenceSeconds: z.int().min(30).max(172_800).optional(),
  /** An alarm panel that reports by ANSI/SIA DC-09. */
  dc09: z
    .strictObject({
      account: z.string().regex(/^[0-9A-Fa-f]{3,16}$/, 'must be 3 to 16 hexadecimal digits'),
      /** AES-128, -192 or -256 in hexadecimal; with it, only encrypted messages are taken. */
      key: z
        .string()
        .regex(/^([0-9A-Fa-f]{32}|[0-9A-Fa-f]{48}|[0-9A-Fa-f]{64})$/, 'must be 32, 48 or 64 hexadecimal digits')
        .optional(),
    })
    .optional(),
})
export type NewAlarmSource = z.infer<typeof NewAlarmSource>

/** The longest a source may be paused: repairs take days; what is not wanted any more is retired. */
export const MAX_PAUSE_DAYS = 7

const registration = NewAlarmSource.shape
/** What is absent stays, `null` takes it away. Without a mapping there is no topic, device or alarm type either. */
export const AlarmSourceChange = z
  .strictObject({
    name: registration.name.optional(),
    kind: registration.kind.optional(),
    cellCode: registration.cellCode.optional(),
    cameraId: registration.cameraId.nullable(),
    mapping: registration.mapping.nullable(),
    topic: registration.topic.nullable(),
    device: registration.device.nullable(),
    alarmType: registration.alarmType.nullable(),
    priority: registration.priority.nullable(),
    silenceSeconds: registration.silenceSeconds.nullable(),
    dc09: registration.dc09.nullable(),
    /** Until then nothing that it sends is an alarm. */
    pause: z.strictObject({ until: InstantInput, reason: Line }).nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'says nothing to be changed')
export type AlarmSourceChange = z.infer<typeof AlarmSourceChange>

/** Those in use, or those that are retired. */
export const AlarmSourceQuery = PageQuery.extend({ retired: z.enum(['yes', 'no']).default('no') })

export const AlarmSource = z.object({
  id: Id,
  name: Line,
  kind: NewAlarmSource.shape.kind,
  cellCode: CellCode,
  cameraId: Id.optional(),
  mapping: z.string().optional(),
  topic: z.string().optional(),
  device: z.string().optional(),
  alarmType: AlarmType.optional(),
  priority: Priority.optional(),
  silenceSeconds: z.int().optional(),
  /** The account under which it reports by DC-09; its key is never told. */
  dc09: z.object({ account: z.string(), isEncrypted: z.boolean() }).optional(),
  /** Absent once it is over. */
  pause: z.object({ until: Instant, reason: z.string() }).optional(),
  retiredAt: Instant.optional(),
  lastHeardAt: Instant.optional(),
  /** It sends heartbeats and stopped: last heard then. */
  silentSince: Instant.optional(),
  createdAt: Instant,
})
export type AlarmSource = z.infer<typeof AlarmSource>

/** What a source sent and could not be taken. */
export const RejectedInput = z.object({
  id: Id,
  sourceId: Id.optional(),
  reason: z.string(),
  at: Instant,
  /** As text, and no more than its beginning. */
  payload: z.string(),
  payloadBytes: z.number().int(),
})
export type RejectedInput = z.infer<typeof RejectedInput>
export const RejectedInputs = page(RejectedInput)

/** Credentials of a source, shown once: when it is registered and when they are renewed. */
export const NewAlarmSourceAnswer = AlarmSource.extend({
  mqtt: z.object({ username: z.string(), password: z.string(), topic: z.string() }),
  webhook: z.object({ url: z.string(), token: z.string() }),
  /** Where a panel reports; no port while the listener is off. */
  dc09: z.object({ account: z.string(), isEncrypted: z.boolean(), port: z.number().optional() }).optional(),
})
export type NewAlarmSourceAnswer = z.infer<typeof NewAlarmSourceAnswer>

const Words = z.object({ zh: z.string(), en: z.string() })

/** A make of device whose own messages are understood. */
export const AlarmMapping = z.object({
  id: z.string(),
  title: Words,
  /** What to write into `topic`. */
  topicHelp: Words,
  exampleTopic: z.string(),
  /** Whether a registration may name one of several devices. */
  takesDevice: z.boolean(),
  /** Whether a registration must say what its alarms are. */
  needsAlarmType: z.boolean(),
})
export type AlarmMapping = z.infer<typeof AlarmMapping>

/** A message to be tried; nothing is stored. */
export const DryRun = z.strictObject({
  /** A registered source, or a mapping with what a registration would say. */
  sourceId: Id.optional(),
  mapping: z.string().max(64).optional(),
  registeredTopic: Topic.optional(),
  device: Line.optional(),
  alarmType: AlarmType.optional(),
  /** Where the message arrives; absent for a source's own topic and its webhook. */
  topic: z.string().max(300).optional(),
  /** The text of the message, or a document that stands for its JSON. */
  payload: z.unknown(),
})
export type DryRun = z.infer<typeof DryRun>

export const DryRunAnswer = z.object({
  outcome: z.enum(['alarms', 'ignored', 'rejected']),
  /** Why it is no alarm. */
  why: z.string().optional(),
  alarms: z.array(
    z.object({
      rule: z.string().optional(),
      type: AlarmType,
      priority: Priority,
      state: AlarmState,
      occurredAt: Instant,
      text: z.string(),
      /** The name of the occurrence where the message tells it. */
      sourceKey: z.string().optional(),
      strippedFields: z.number().int(),
      data: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
})
export type DryRunAnswer = z.infer<typeof DryRunAnswer>

/** How much is put before operators (ISA-18.2, IEC 62682). */
export const AlarmLoad = z.object({
  /** `flood`: more than `limitPerOperator` cases for each operator within `windowMinutes`. */
  state: z.enum(['normal', 'flood']),
  since: Instant,
  at: Instant,
  casesInWindow: z.number().int(),
  /** Operators who listen now; one where none does. */
  operators: z.number().int().positive(),
  perOperator: z.number(),
  limitPerOperator: z.number().int(),
  windowMinutes: z.number().int(),
  /** Sources that raise the same alarm three times a minute or more, the noisiest first. */
  chattering: z.array(
    z.object({
      sourceId: Id,
      /** Empty where a camera is the source. */
      sourceName: z.string(),
      type: AlarmType,
      cellCode: z.string(),
      perMinute: z.number().int(),
    }),
  ),
})
export type AlarmLoad = z.infer<typeof AlarmLoad>

export const NoisiestQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(31).default(7) })

/** Who makes the work: a few sources usually make most of it, and mending them helps more than anything (ISA-18.2). */
export const NoisiestSources = z.object({
  from: Instant,
  to: Instant,
  /** All alarms of that time in the asker's cells. */
  total: z.int(),
  /** By source and type, the noisiest first. */
  items: z.array(
    z.object({
      sourceId: Id,
      /** Empty where a camera is the source. */
      sourceName: z.string(),
      type: AlarmType,
      cellCode: z.string(),
      count: z.int(),
      /** Of `total`, 0 to 1. */
      share: z.number(),
      /** Minutes in which it came three times or more. */
      chatterMinutes: z.int(),
      /** Its cases that have been open for more than 24 hours. */
      stale: z.int(),
    }),
  ),
})
export type NoisiestSources = z.infer<typeof NoisiestSources>

/** What is remembered of it, to tell changes alone. */
export const StoredAlarmLoad = z.object({
  state: AlarmLoad.shape.state,
  since: Instant,
  /** Source and type. */
  chattering: z.array(z.string()),
})
export type StoredAlarmLoad = z.infer<typeof StoredAlarmLoad>
