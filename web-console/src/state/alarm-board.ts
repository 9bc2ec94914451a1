import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Alarm, AlarmLoad } from '../../../gateway/contracts/alarm.ts'
import type { Calls } from '../api/calls.ts'
import type { ProblemAnswer } from '../api/client.ts'
import { gather, STORM_SPAN_MS } from './gather.ts'
import type { Live } from './live.ts'

/** More than a shift can read; older ones are in the gateway. */
const KEPT = 200
const BURDEN_EVERY_MS = 15_000

export type BoardState =
  | { kind: 'loading' }
  | { kind: 'ready'; checkedAtMs: number }
  | { kind: 'offline' }
  | { kind: 'problem'; problem: ProblemAnswer }

export interface AlarmBoard {
  readonly state: ReadonlySignal<BoardState>
  /** Most urgent first, then newest. */
  readonly active: ReadonlySignal<readonly Alarm[]>
  /** Newest first. */
  readonly cleared: ReadonlySignal<readonly Alarm[]>
  /** The newest P1 that came in while this page was open, for the live region. */
  readonly announced: ReadonlySignal<Alarm | undefined>
  /** How much comes, as the gateway judges it; undefined until heard. */
  readonly burden: ReadonlySignal<AlarmLoad | undefined>
  load(): Promise<void>
}

export function createAlarmBoard(calls: Calls, live: Live, until: AbortSignal): AlarmBoard {
  const state = signal<BoardState>({ kind: 'loading' })
  const known = signal<ReadonlyMap<string, Alarm>>(new Map())
  const announced = signal<Alarm | undefined>(undefined)
  const burden = signal<AlarmLoad | undefined>(undefined)
  let heardSinceAsked = new Set<string>()

  const list = gather<Alarm>(STORM_SPAN_MS, (alarms) => {
    known.value = keepNewest(new Map([...known.value, ...alarms.map((alarm) => [alarm.id, alarm] as const)]))
  })
  live.on(
    'alarm',
    (alarm) => {
      heardSinceAsked.add(alarm.id)
      const isNew = !known.value.has(alarm.id) && announced.value?.id !== alarm.id
      list(alarm)
      if (isNew && alarm.priority === 1 && alarm.state === 'active') announced.value = alarm
    },
    until,
  )

  live.on(
    'flood',
    (load) => {
      burden.value = load
    },
    until,
  )
  // Only changes of the state are told; the count beside it is asked for.
  const asking = setInterval(() => void askBurden(), BURDEN_EVERY_MS)
  until.addEventListener('abort', () => clearInterval(asking))

  async function askBurden(): Promise<void> {
    if (state.value.kind !== 'ready') return
    const answer = await calls.alarmLoad()
    if (answer.kind === 'ok') burden.value = answer.data
  }

  return {
    state,
    burden,
    active: computed(() => [...known.value.values()].filter((alarm) => alarm.state === 'active').sort(byUrgency)),
    cleared: computed(() => [...known.value.values()].filter((alarm) => alarm.state === 'cleared').sort(byTime)),
    announced,
    async load() {
      const heard = new Set<string>()
      heardSinceAsked = heard
      const answer = await calls.alarms(KEPT)
      if (answer.kind === 'ok') {
        const merged = new Map(known.value)
        // What came as an event while the list was on its way is newer than the list.
        for (const alarm of answer.data.items) if (!heard.has(alarm.id)) merged.set(alarm.id, alarm)
        known.value = keepNewest(merged)
        state.value = { kind: 'ready', checkedAtMs: Date.now() }
        await askBurden()
      } else if (answer.kind === 'problem') state.value = { kind: 'problem', problem: answer.problem }
      else if (answer.kind === 'offline') state.value = { kind: 'offline' }
    },
  }
}

const byTime = (a: Alarm, b: Alarm): number => b.receivedAt.localeCompare(a.receivedAt)
const byUrgency = (a: Alarm, b: Alarm): number => a.priority - b.priority || byTime(a, b)

function keepNewest(alarms: ReadonlyMap<string, Alarm>): ReadonlyMap<string, Alarm> {
  if (alarms.size <= KEPT) return alarms
  return new Map([...alarms].sort(([, a], [, b]) => byTime(a, b)).slice(0, KEPT))
}
