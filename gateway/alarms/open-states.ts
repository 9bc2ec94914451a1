import type { Alarm, AlarmState } from '../contracts/alarm.ts'
import type { Database, Tx } from '../storage/database.ts'
import { alarmsByKey, alarmsOf, clearAlarms, endedKey, type NewAlarm, nameAlarm, openKey } from './store.ts'
import { deleteTakenAhead, findTakenAhead, insertTakenAhead, type TakenAhead, type Unnamed } from './taken-ahead.ts'

/** What is known of a state that a message tells. */
export interface StateMessage {
  sourceId: string
  receivedAt: Date
  /** The state that it begins or ends; undefined for an event without an end. */
  channel: string | undefined
  /** Every beginning is an alarm of its own, and ends the one before it: panels do not always tell an end. */
  renews?: boolean
  /** A message of a device without an id of its own, so that it is known again where it was told ahead. */
  unnamed?: Unnamed
}

/** An alarm that is in the database already, or one that this batch brings. */
export type Followed = { isFresh: false; alarm: Alarm } | { isFresh: true; alarm: NewAlarm }

/** How an alarm is from a message on. */
export interface Change {
  of: Followed
  state: AlarmState
  sourceKey: string
}

/** What a message comes to: a new alarm, or an id that is known already, or nothing. */
export type Outcome =
  | { kind: 'begun'; alarm: NewAlarm; told: readonly Change[] }
  | { kind: 'ended' | 'repeated'; id: string; told: readonly Change[] }
  | { kind: 'ignored'; why: string }

/**
 * The states that a batch of messages changes, followed in their order: what the last of them leaves is written once. A
 * door that opened and closed forty times costs no more statements than forty doors.
 */
export class OpenStates {
  /** By source and channel. */
  readonly #open: Map<string, Followed>
  /** Told before their messages came in order, by source and name. */
  readonly #ahead: Map<string, { row: TakenAhead; of: Followed }>
  /** How alarms are in the end, where that is not how they began. */
  readonly #last = new Map<string, Change>()
  readonly #met: TakenAhead[] = []

  private constructor(open: Map<string, Followed>, ahead: Map<string, { row: TakenAhead; of: Followed }>) {
    this.#open = open
    this.#ahead = ahead
  }

  static async read(tx: Tx, messages: readonly StateMessage[]): Promise<OpenStates> {
    const states = messages.flatMap(({ sourceId, channel }) => (channel === undefined ? [] : { sourceId, channel }))
    const open = await alarmsByKey(
      tx,
      states.map(({ sourceId }) => sourceId),
      states.map(({ channel }) => openKey(channel)),
    )
    const rows = await findTakenAhead(
      tx,
      messages.flatMap(({ sourceId, unnamed }) => (unnamed === undefined ? [] : sourceId)),
    )
    const told = await alarmsOf(
      tx,
      rows.map(({ alarmId }) => alarmId),
    )
    return new OpenStates(
      new Map(
        open.map((alarm) => [`${alarm.sourceId} ${alarm.sourceKey}`, { isFresh: false, alarm } satisfies Followed]),
      ),
      new Map(
        rows.flatMap((row) => {
          const alarm = told.find(({ id }) => id === row.alarmId)
          return alarm === undefined ? [] : [[`${row.sourceId} ${row.name}`, { row, of: { isFresh: false, alarm } }]]
        }),
      ),
    )
  }

  /** @param alarm as it would be, if it is a new one */
  follow(message: StateMessage, alarm: NewAlarm): Outcome {
    const { sourceId, channel, unnamed } = message
    if (channel !== undefined && alarm.state === 'cleared') return this.#end(sourceId, channel)
    const told = unnamed === undefined ? undefined : this.#ahead.get(`${sourceId} ${unnamed.name}`)
    if (unnamed?.isAhead) {
      if (told !== undefined) return { kind: 'ignored', why: 'it comes again in its order' }
      const { name, messageHash } = unnamed
      const row = { sourceId, name, messageHash, alarmId: alarm.id, at: message.receivedAt }
      this.#ahead.set(`${sourceId} ${name}`, { row, of: { isFresh: true, alarm } })
      return begun(alarm, [])
    }
    if (told !== undefined && told.row.messageHash === unnamed?.messageHash)
      return this.#meet(told.row, told.of, channel)
    return channel === undefined ? begun(alarm, []) : this.#begin(message, channel, alarm)
  }

  /** How a new alarm is to be stored. */
  asLeft<T extends NewAlarm>(alarm: T): T {
    const last = this.#last.get(alarm.id)
    return last === undefined ? alarm : { ...alarm, state: last.state, sourceKey: last.sourceKey }
  }

  /** Ends what was open before this batch; to be done before new alarms take the keys. @returns whose end this was */
  writeEnds(tx: Tx, provider: Database['provider']): Promise<Set<string>> {
    const ended = [...this.#last.values()].filter(({ of, state }) => !of.isFresh && state === 'cleared')
    return clearAlarms(
      tx,
      provider,
      ended.map(({ of, sourceKey }) => ({ id: of.alarm.id, sourceKey })),
    )
  }

  /** The rest, once the new alarms are stored. */
  async writeRest(tx: Tx, storedIds: ReadonlySet<string>): Promise<void> {
    for (const { of, state, sourceKey } of this.#last.values()) {
      if (!of.isFresh && state === 'active') await nameAlarm(tx, of.alarm.id, sourceKey)
    }
    await deleteTakenAhead(tx, this.#met)
    const fresh = [...this.#ahead.values()].filter(({ of }) => of.isFresh && storedIds.has(of.alarm.id))
    await insertTakenAhead(
      tx,
      fresh.map(({ row }) => row),
    )
  }

  #begin({ sourceId, renews }: StateMessage, channel: string, alarm: NewAlarm): Outcome {
    const open = this.#open.get(keyOf(sourceId, channel))
    if (open !== undefined && !renews) return { kind: 'repeated', id: open.alarm.id, told: [] }
    const ended = open === undefined ? [] : [this.#close(open, channel)]
    this.#open.set(keyOf(sourceId, channel), { isFresh: true, alarm })
    return begun(alarm, ended)
  }

  #end(sourceId: string, channel: string): Outcome {
    const open = this.#open.get(keyOf(sourceId, channel))
    if (open === undefined) return { kind: 'ignored', why: 'it was not open' }
    return { kind: 'ended', id: open.alarm.id, told: [this.#close(open, channel)] }
  }

  /** A message that was told ahead has come in its order: its alarm is the one that is open from now on. */
  #meet(row: TakenAhead, of: Followed, channel: string | undefined): Outcome {
    this.#ahead.delete(`${row.sourceId} ${row.name}`)
    if (!of.isFresh) this.#met.push(row)
    const { id } = of.alarm
    if (channel === undefined) return { kind: 'repeated', id, told: [] }
    const open = this.#open.get(keyOf(row.sourceId, channel))
    // It was a state told again, which the alarm that is open says already.
    if (open !== undefined) return { kind: 'repeated', id: open.alarm.id, told: [this.#clear(of, channel)] }
    this.#open.set(keyOf(row.sourceId, channel), of)
    this.#last.set(id, { of, state: 'active', sourceKey: openKey(channel) })
    return { kind: 'repeated', id, told: [] }
  }

  #close(open: Followed, channel: string): Change {
    this.#open.delete(keyOf(open.alarm.sourceId, channel))
    return this.#clear(open, channel)
  }

  #clear(of: Followed, channel: string): Change {
    const change = { of, state: 'cleared', sourceKey: endedKey(channel, of.alarm.id) } as const
    this.#last.set(of.alarm.id, change)
    return change
  }
}

const keyOf = (sourceId: string, channel: string): string => `${sourceId} ${openKey(channel)}`

const begun = (alarm: NewAlarm, ended: readonly Change[]): Outcome => {
  const { state, sourceKey } = alarm
  return { kind: 'begun', alarm, told: [...ended, { of: { isFresh: true, alarm }, state, sourceKey }] }
}
