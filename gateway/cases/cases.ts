import type { FastifyBaseLogger } from 'fastify'
import type { Alarm } from '../contracts/alarm.ts'
import type { Case, TimelineAction } from '../contracts/case.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { App } from '../http/route.ts'
import type { Tx } from '../storage/database.ts'
import { CaseActions, type CaseActionsDeps } from './actions.ts'
import { type CollectedAlarm, collect, outgrown, placesInCases } from './collect.ts'
import { type CellPeople, inOrder, type Person } from './dispatch.ts'
import { createEscalation } from './escalation.ts'
import { figureRoutes } from './figure-routes.ts'
import { CaseMetrics } from './metrics.ts'
import { type Settlement, stillNeeded } from './notifications.ts'
import { withTimes } from './receipts.ts'
import { caseRoutes } from './routes.ts'
import { caseNames, readCase } from './store.ts'
import { Targets } from './targets.ts'

export interface CasesDeps extends CaseActionsDeps {
  log: FastifyBaseLogger
  /** What the grid and the register of users know of a cell. */
  people(cellCode: string): Promise<CellPeople>
}

/** Where the alarms of one batch belong; the alarms of the batch that turn out to be new are collected. */
export interface Collection {
  caseIdOf(alarmId: string): string
  /** @returns the events that tell the cases */
  collect(stored: readonly CollectedAlarm[]): Promise<NewLiveEvent[]>
}

export interface Cases {
  /** Begins to put a batch of alarms into cases, in the transaction that stores the alarms. */
  begin(tx: Tx, alarms: readonly CollectedAlarm[]): Promise<Collection>
  /** A channel says what became of the message of a notification, in one transaction with its own `work`. */
  settle(
    of: { caseId: string; notificationId: string },
    settlement: Settlement,
    work: (tx: Tx) => Promise<void>,
  ): Promise<void>
  /** Of these notifications those that still wait for their person. */
  stillNeeded(notificationIds: readonly string[]): Promise<ReadonlySet<string>>
  /** Writes a line of the gateway's own, in one transaction with `work`. */
  note(caseId: string, action: TimelineAction, work: (tx: Tx) => Promise<void>): Promise<void>
  case(id: string): Promise<Case | undefined>
  /** Number and words of cases, by their ids. */
  names(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  /** The same alarms with the times at which people saw them and took them on. */
  withTimes(alarms: readonly Alarm[]): Promise<Alarm[]>
  /** How many were opened after this. */
  openedSince(since: Date): Promise<number>
  /** Cases that were opened before this and are open still, by source and type. */
  openFrom(before: Date): Promise<{ sourceId: string; type: string; count: number }[]>
  routes(app: App): void
  /** How long the steps of the last day's cases took, as samples of `case_step_seconds`. */
  metrics(): Iterable<{ labels: Record<string, string>; value: number }>
  start(): void
  close(): Promise<void>
}

/** Cases from the first alarm to the evaluation. */
export function createCases(deps: CasesDeps): Cases {
  const { database, newId } = deps
  const { provider } = database
  const actions = new CaseActions(deps)
  const peopleOf = async (cellCode: string): Promise<readonly Person[]> => inOrder(await deps.people(cellCode))
  const peopleFor = async (caseId: string): Promise<readonly Person[]> => {
    const found = await readCase(database.client, provider, caseId)
    return found === undefined ? [] : peopleOf(found.cellCode)
  }
  const targets = new Targets()
  const metrics = new CaseMetrics(deps)
  const escalation = createEscalation({ ...deps, actions, peopleFor, targets })

  return {
    begin: async (tx, alarms) => {
      const places = await placesInCases(tx, provider, newId, alarms)
      return {
        caseIdOf: (alarmId) => {
          const place = places.get(alarmId)
          if (place === undefined) throw new Error(`alarm ${alarmId} has no place in a case`)
          return place.caseId
        },
        collect: async (stored) => {
          for (const one of outgrown(places, stored)) await actions.unshelve(tx, one)
          const cases = await collect(tx, provider, newId, places, stored, (priority) => targets.respondMs(priority))
          return cases.map((one) => ({ kind: 'case', cellCode: one.cellCode, data: one }))
        },
      }
    },
    settle: (of, settlement, work) => actions.settle(of, settlement, work),
    stillNeeded: (ids) => stillNeeded(database, ids),
    note: (caseId, action, work) =>
      actions.amend(caseId, async (tx) => {
        await work(tx)
        await actions.note(tx, caseId, action)
        return true
      }),
    case: (id) => readCase(database.client, provider, id),
    names: caseNames,
    withTimes: (alarms) => withTimes(database, alarms),
    openedSince: (since) => database.client.case.count({ where: { openedAt: { gt: since } } }),
    openFrom: async (before) => {
      const rows = await database.client.case.groupBy({
        by: ['sourceId', 'type'],
        where: { closedAt: null, openedAt: { lt: before } },
        _count: { sourceId: true },
      })
      return rows.map(({ sourceId, type, _count }) => ({ sourceId, type, count: _count.sourceId }))
    },
    routes: (app) => {
      caseRoutes(app, { ...deps, actions, peopleOf })
      figureRoutes(app, { ...deps, targets })
    },
    metrics: () => metrics.samples,
    start: () => {
      escalation.start()
      metrics.start()
    },
    close: async () => {
      await Promise.all([escalation.close(), metrics.close()])
    },
  }
}
