import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Case, NewCaseAction } from '../../../gateway/contracts/case.ts'
import type { Calls } from '../api/calls.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { gather, STORM_SPAN_MS } from './gather.ts'
import type { Live } from './live.ts'
import { byUrgency, callsCentre } from './urgency.ts'

/** What a person asks for; the key and the time are added here. */
export type Act = DistributiveOmit<NewCaseAction, 'idempotencyKey' | 'deviceAt'>
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

export interface CaseBoard {
  /** Open cases: those that call the centre first, then by urgency, then the oldest. */
  readonly open: ReadonlySignal<readonly Case[]>
  /** Why the list could not be read. */
  readonly failed: ReadonlySignal<ProblemAnswer | undefined>
  /** The case in the drawer. New cases never move it. */
  readonly chosen: ReadonlySignal<Case | undefined>
  /** Why the last action was refused. */
  readonly refused: ReadonlySignal<ProblemAnswer | undefined>
  choose(id: string | undefined): void
  /** Chooses the next case that calls the centre; an urgent one that was not looked at comes before its turn. */
  chooseNext(): void
  act(id: string, action: Act): Promise<void>
  load(): Promise<void>
}

export function createCaseBoard(calls: Calls, live: Live, until: AbortSignal): CaseBoard {
  const known = signal<ReadonlyMap<string, Case>>(new Map())
  const chosenId = signal<string | undefined>(undefined)
  const lookedAt = new Set<string>()
  const refused = signal<ProblemAnswer | undefined>(undefined)
  const failed = signal<ProblemAnswer | undefined>(undefined)

  /** The higher version is the newer, however late the older one comes. */
  const take = (cases: readonly Case[]): void => {
    const merged = new Map(known.value)
    for (const one of cases) {
      const before = merged.get(one.id)
      if (before !== undefined && before.version >= one.version) continue
      merged.set(one.id, one)
      // What comes back has to be looked at anew.
      if (before !== undefined && callsCentre(one) && !callsCentre(before)) lookedAt.delete(one.id)
    }
    for (const [id, one] of merged) {
      if (one.closedAt === undefined || id === chosenId.value) continue
      merged.delete(id)
      lookedAt.delete(id)
    }
    known.value = merged
  }
  live.on('case', gather(STORM_SPAN_MS, take), until)

  const open = computed(() =>
    [...known.value.values()].filter(({ closedAt }) => closedAt === undefined).sort(byUrgency),
  )
  const choose = (id: string | undefined): void => {
    chosenId.value = id
    refused.value = undefined
    if (id !== undefined) lookedAt.add(id)
  }

  return {
    open,
    failed,
    chosen: computed(() => known.value.get(chosenId.value ?? '')),
    refused,
    choose,
    chooseNext() {
      const waiting = open.value.filter(callsCentre)
      const urgent = waiting.find(({ id, priority }) => priority === 1 && !lookedAt.has(id))
      const at = waiting.findIndex(({ id }) => id === chosenId.value)
      choose((urgent ?? waiting[at + 1] ?? waiting[0])?.id ?? chosenId.value)
    },
    async act(id, action) {
      const body: NewCaseAction = {
        ...action,
        idempotencyKey: crypto.randomUUID(),
        deviceAt: new Date().toISOString(),
      }
      const answer = await calls.actOnCase(id, body)
      refused.value = failureOf(answer)
      if (answer.kind === 'ok') take([answer.data])
    },
    async load() {
      const answer = await calls.openCases()
      failed.value = failureOf(answer)
      if (answer.kind !== 'ok') return
      // What was closed while nobody listened is not in the list any more.
      const listed = new Set(answer.data.map(({ id }) => id))
      known.value = new Map([...known.value].filter(([id]) => listed.has(id) || id === chosenId.value))
      take(answer.data)
    },
  }
}
