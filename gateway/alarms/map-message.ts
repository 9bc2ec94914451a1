import type { AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import { countIdentity, stripIdentity } from './identity-fields.ts'
import { type Mapping, type MappingRule, PLACEHOLDER, type Scalar } from './mapping.ts'
import { clean, DEFAULT_PRIORITY, MAX_MESSAGE_BYTES, type NormalAlarm } from './normalise.ts'
import { matchPattern } from './topic-pattern.ts'

/** One list in a message; a device that sends more is not one of ours. */
const MAX_ITEMS = 100
const MAX_KEY_LENGTH = 128
const MAX_TEXT_LENGTH = 500

/** What a registration says of a mapped source. */
export interface MappedSource {
  topic: string | undefined
  /** One of several devices that share the topic. */
  device: string | undefined
  /** What its alarms are, where the messages do not tell. */
  alarmType: AlarmType | undefined
  /** How urgent they are, where the mapping does not tell. */
  priority: Priority | undefined
}

/** An alarm whose key may depend on what is stored: `channel` names the state that it changes. */
export interface MappedAlarm {
  rule: string
  alarm: Omit<NormalAlarm, 'sourceKey'>
  /** The key where the message tells one. */
  sourceKey: string | undefined
  /** The state that begins or ends; undefined for an event without an end. */
  channel: string | undefined
}

export type Mapped =
  | { kind: 'alarms'; alarms: MappedAlarm[] }
  /** A message that is no alarm, such as a battery's level. */
  | { kind: 'ignored'; why: string }
  | { kind: 'rejected'; reason: string }

export interface ForeignMessage {
  /** Undefined where it came to the source's own topic or webhook. */
  topic: string | undefined
  payload: Uint8Array
  receivedAt: Date
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A message of a device in its own words, as alarms. Pure; never throws. */
export function mapMessage(mapping: Mapping, source: MappedSource, message: ForeignMessage): Mapped {
  const { topic, payload, receivedAt } = message
  const fitting = mapping.rules.flatMap((rule) => {
    if (topic === undefined) return rule.payload === 'json' ? { rule, levels: new Map<string, string>() } : []
    const levels = source.topic === undefined ? undefined : matchPattern(rule.topic, source.topic, topic)
    return levels === undefined ? [] : { rule, levels }
  })
  if (fitting.length === 0) return { kind: 'ignored', why: 'no rule is for this topic' }
  if (payload.byteLength > MAX_MESSAGE_BYTES) {
    return { kind: 'rejected', reason: `message of ${payload.byteLength} bytes, limit ${MAX_MESSAGE_BYTES}` }
  }
  const text = decode(payload)
  if (text === undefined) return { kind: 'rejected', reason: 'message is not text in UTF-8' }
  const isJson = fitting.some(({ rule }) => rule.payload === 'json')
  const json = isJson ? parse(text) : undefined
  if (isJson && json === undefined && fitting.every(({ rule }) => rule.payload === 'json')) {
    return { kind: 'rejected', reason: 'message is not JSON' }
  }
  if (source.device !== undefined && mapping.device !== undefined && read(json, mapping.device) !== source.device) {
    return { kind: 'ignored', why: `the message is not of ${source.device}` }
  }
  const kept = keep(mapping, json, topic)
  if (kept === undefined) return { kind: 'rejected', reason: 'message: nested too deeply' }
  const alarms: MappedAlarm[] = []
  for (const { rule, levels } of fitting) {
    for (const item of itemsOf(rule, json)) {
      const applied = applyRule(rule, source, { item, text, levels, receivedAt, kept })
      if (typeof applied === 'string') return { kind: 'rejected', reason: `${rule.name}: ${applied}` }
      if (applied !== undefined) alarms.push(applied)
    }
  }
  return alarms.length === 0 ? { kind: 'ignored', why: 'no rule fits' } : { kind: 'alarms', alarms }
}

interface Sight {
  item: unknown
  text: string
  levels: ReadonlyMap<string, string>
  receivedAt: Date
  kept: Kept
}

/** @returns why the message cannot be taken, or undefined where the rule says nothing about it */
function applyRule(rule: MappingRule, source: MappedSource, sight: Sight): MappedAlarm | string | undefined {
  const { item, levels } = sight
  if (!rule.when.every(({ path, is }) => isAny(read(item, path), is))) return undefined
  const state = stateOf(rule, sight)
  if (state === undefined) return undefined
  const type = typeOf(rule, source, item)
  if (type === undefined) return undefined
  if (type === 'as-registered') return 'the registration does not say which type of alarm this is'
  const occurredAt = timeOf(rule, item, sight.receivedAt)
  if (occurredAt === undefined) return `${rule.occurredAt?.path} is not a time`
  const id = rule.id === undefined ? undefined : fill(rule.id, item, levels)
  const channel = rule.channel === undefined ? rule.name : clean(fill(rule.channel, item, levels))
  const priority: Priority = rule.priority ?? source.priority ?? DEFAULT_PRIORITY[type]
  return {
    rule: rule.name,
    sourceKey: id === undefined ? undefined : clean(`${rule.name}:${id}`).slice(0, MAX_KEY_LENGTH),
    channel: rule.state === undefined || id !== undefined ? undefined : channel.slice(0, MAX_CHANNEL_LENGTH),
    alarm: {
      type,
      priority,
      occurredAt,
      state,
      text: clean(fill(rule.text, item, levels)).slice(0, MAX_TEXT_LENGTH),
      cameraId: undefined,
      data: sight.kept.data,
      strippedFields: sight.kept.stripped,
    },
  }
}

/** Leaves room in a key for the time that is put behind it. */
const MAX_CHANNEL_LENGTH = 80

function stateOf({ state }: MappingRule, { item, text }: Sight): AlarmState | undefined {
  if (state === undefined) return 'active'
  const value = state.path === undefined ? (typeof item === 'object' ? text.trim() : item) : read(item, state.path)
  if (isAny(value, state.active)) return 'active'
  return isAny(value, state.cleared) ? 'cleared' : undefined
}

function typeOf(rule: MappingRule, source: MappedSource, item: unknown): AlarmType | 'as-registered' | undefined {
  if (rule.type === 'as-registered') return source.alarmType ?? 'as-registered'
  if (typeof rule.type === 'string') return rule.type
  const value = String(read(item, rule.type.path) ?? '')
  return Object.hasOwn(rule.type.table, value) ? rule.type.table[value] : undefined
}

const FIRST_MS = Date.parse('2000-01-01T00:00:00Z')
const LAST_MS = Date.parse('9999-12-31T23:59:59Z')

/** Without a time in the message, when it came; devices whose clock was never set say 1970. */
function timeOf({ occurredAt }: MappingRule, item: unknown, receivedAt: Date): Date | undefined {
  if (occurredAt === undefined) return receivedAt
  const value = read(item, occurredAt.path)
  if (value === undefined || value === null) return receivedAt
  const ms =
    occurredAt.as === 'iso' ? Date.parse(String(value)) : Number(value) * (occurredAt.as === 'seconds' ? 1000 : 1)
  if (Number.isNaN(ms) || ms > LAST_MS) return undefined
  return ms < FIRST_MS ? receivedAt : new Date(ms)
}

function* itemsOf({ each, payload }: MappingRule, json: unknown): Iterable<unknown> {
  if (payload === 'text') yield {}
  else if (json === undefined) return
  else if (each === undefined) yield json
  else {
    const list = read(json, each)
    if (Array.isArray(list)) yield* list.slice(0, MAX_ITEMS)
  }
}

/** The value at a path, or undefined; own fields only. */
function read(value: unknown, path: string): unknown {
  let at = value
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name] // an own field of an object or a list
  }
  return at
}

const isAny = (value: unknown, wanted: readonly Scalar[]): boolean => wanted.some((one) => one === value)

function fill(template: string, item: unknown, levels: ReadonlyMap<string, string>): string {
  return template.replace(PLACEHOLDER, (_, name: string) => {
    const value = levels.get(name) ?? read(item, name)
    return typeof value === 'object' || value === undefined ? '' : String(value)
  })
}

interface Kept {
  data: Readonly<Record<string, unknown>> | undefined
  stripped: number
}

/** The fields that the mapping keeps, without who somebody is; undefined where the message is too deep to be looked through. */
function keep(mapping: Mapping, json: unknown, topic: string | undefined): Kept | undefined {
  const isRecord = typeof json === 'object' && json !== null
  const stripped = isRecord ? countIdentity(json, mapping.identity) : 0
  if (stripped === undefined) return undefined
  const named = Object.fromEntries(
    mapping.keep.flatMap((path) => {
      const value = read(json, path)
      return value === undefined || value === null ? [] : [[path, value] as const]
    }),
  )
  const clear = stripIdentity(named, mapping.identity)
  if (!clear.ok) return undefined
  const data = { ...(topic === undefined ? {} : { topic }), ...clear.data }
  return { data: Object.keys(data).length === 0 ? undefined : data, stripped }
}

function decode(payload: Uint8Array): string | undefined {
  try {
    return utf8.decode(payload)
  } catch {
    return undefined
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
