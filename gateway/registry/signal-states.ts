import { createHash } from 'node:crypto'
import type { z } from 'zod'
import { AlarmType } from '../contracts/alarm.ts'
import { isOn, type Notification, topicPath } from '../onvif/events.ts'
import type { DeviceProfile, EventTopic } from '../probe/device-profile.ts'

export type EventRule = z.infer<typeof EventTopic>

/** What one notification means for alarms. */
export type Meaning =
  | { kind: 'nothing' }
  | { kind: 'raise'; key: string; type: AlarmType; occurredAtMs: number; holdMs: number | undefined; signal: string }
  | { kind: 'clear'; key: string; type: AlarmType }

const NOTHING: Meaning = { kind: 'nothing' }
/** Of one device; a camera that invents new sources with every event is not followed beyond this. */
const MAX_SIGNALS = 256
const HOLD_SECONDS = 10
/** A camera's time further off than this, its offset taken into account, is not believed. */
const BELIEVED_MS = 10 * 60_000

interface Signal {
  type: AlarmType
  /** Undefined: not known, at the start and after a loss. */
  on: boolean | undefined
  /** Of the alarm that is open. */
  key: string | undefined
  /** The moment the last key was made of. */
  keyedMs: number
}

/**
 * The table of a family, then that of all cameras: a topic is not lost because its family's list is short.
 * @param generic the profile everything falls back to
 */
export function rulesOf(profile: DeviceProfile, generic: DeviceProfile | undefined): EventRule[] {
  return [...(profile.events?.topics ?? []), ...(generic?.events?.topics ?? [])]
}

/** The states one device has told, and the alarms that are open because of them. No clock, no network. */
export class SignalStates {
  readonly #rules: readonly (EventRule & { path: string })[]
  readonly #signals = new Map<string, Signal>()

  constructor(rules: readonly EventRule[]) {
    this.#rules = rules.map((rule) => ({ ...rule, path: topicPath(rule.match).toLowerCase() }))
  }

  /** @param offsetMs the camera's clock minus ours @param nowMs of arrival */
  apply(notification: Notification, offsetMs: number, nowMs: number): Meaning {
    const rule = this.#ruleFor(notification)
    if (rule === undefined) return NOTHING
    const id = signalOf(notification)
    const known = this.#signals.get(id)
    if (known === undefined && this.#signals.size >= MAX_SIGNALS) return NOTHING
    const type = AlarmType.safeParse(rule.kind).data ?? 'other'
    const signal: Signal = known ?? { type, on: undefined, key: undefined, keyedMs: 0 }
    this.#signals.set(id, signal)
    const occurredAtMs = timeOf(notification, offsetMs, nowMs)

    if (rule.stateless === true) {
      if (notification.operation === 'Initialized' || notification.operation === 'Deleted') return NOTHING
      const holdMs = (rule.holdSeconds ?? HOLD_SECONDS) * 1000
      // One that comes while the last is held is the same alarm, held longer.
      signal.key ??= nextKey('once', id, signal, occurredAtMs)
      return { kind: 'raise', key: signal.key, type, occurredAtMs, holdMs, signal: id }
    }
    if (notification.operation === 'Deleted') {
      this.#signals.delete(id)
      return cleared(signal)
    }
    const was = signal.on
    signal.on = isOn(itemValue(rule, notification) ?? '', rule.on)
    if (!signal.on) return cleared(signal)
    if (notification.operation === 'Initialized' || was === true || signal.key !== undefined) return NOTHING
    signal.key = nextKey('state', id, signal, occurredAtMs)
    return { kind: 'raise', key: signal.key, type, occurredAtMs, holdMs: undefined, signal: id }
  }

  /** The time a stateless signal was held for is over. */
  release(id: string): Meaning {
    const signal = this.#signals.get(id)
    return signal === undefined ? NOTHING : cleared(signal)
  }

  /** An alarm that was open when the process before this one ended. @returns whether it waits for the camera's word */
  adopt(key: string, type: AlarmType): boolean {
    const id = /^state:([0-9a-f]+):\d+$/.exec(key)?.[1]
    if (id === undefined) return false
    this.#signals.set(id, { type, on: undefined, key, keyedMs: Number(key.slice(key.lastIndexOf(':') + 1)) })
    return true
  }

  /** After a loss nothing is known; alarms stay open until the camera says otherwise. */
  forget(): void {
    for (const signal of this.#signals.values()) signal.on = undefined
  }

  /** Of several rules for a topic the one whose data item is there. */
  #ruleFor({ topic, data }: Notification): EventRule | undefined {
    const path = topic.toLowerCase()
    return this.#rules.find(
      (rule) =>
        (path === rule.path || path.startsWith(`${rule.path}/`)) &&
        (rule.stateless === true || rule.data === undefined || data.some(({ name }) => same(name, rule.data))),
    )
  }
}

const same = (a: string, b: string | undefined): boolean => a.toLowerCase() === b?.toLowerCase()

function itemValue({ data }: EventRule, notification: Notification): string | undefined {
  return (data === undefined ? notification.data[0] : notification.data.find(({ name }) => same(name, data)))?.value
}

/** Made of the camera's moment, so that every node finds the same; times of whole seconds happen twice in one. */
function nextKey(kind: 'once' | 'state', id: string, signal: Signal, occurredAtMs: number): string {
  signal.keyedMs = Math.max(occurredAtMs, signal.keyedMs + 1)
  return `${kind}:${id}:${signal.keyedMs}`
}

function cleared(signal: Signal): Meaning {
  const { key, type } = signal
  signal.key = undefined
  return key === undefined ? NOTHING : { kind: 'clear', key, type }
}

/** Topic and source together: two rules or two inputs of one camera are two signals. 64 bits in hex. */
function signalOf({ topic, source }: Notification): string {
  return createHash('sha256')
    .update(JSON.stringify([topic, source]))
    .digest('hex')
    .slice(0, 16)
}

/** The camera's time, brought to ours, if it can be believed; else that of arrival (Reolink tells 1970). */
function timeOf({ utcMs }: Notification, offsetMs: number, nowMs: number): number {
  const ms = utcMs === undefined ? Number.NaN : utcMs - Math.round(offsetMs)
  return Math.abs(ms - nowMs) <= BELIEVED_MS ? ms : nowMs
}
