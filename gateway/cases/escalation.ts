import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'
import { Quiet } from '../storage/quiet.ts'
import type { CaseActions } from './actions.ts'
import type { Person } from './dispatch.ts'
import { dueNotifications, nextNotificationMs } from './notifications.ts'
import { dueCases, nextCaseMs, overdueCases } from './store.ts'
import { TARGETS_REFRESH_MS, type Targets } from './targets.ts'

const POLL_MS = 1000
/** What is due beyond this waits for the next round. */
const DUE_AT_ONCE = 100

export interface EscalationDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  actions: CaseActions
  targets: Targets
  /** Who may be sent for a case, in order. */
  peopleFor(caseId: string): Promise<readonly Person[]>
}

/** Acts when a person did not. Due times are stored, so a restart forgets none and two nodes do nothing twice. */
export function createEscalation(deps: EscalationDeps): Chore {
  const { database, clock, actions, targets, peopleFor } = deps
  const quiet = new Quiet(database)
  let loadedMs = Number.NEGATIVE_INFINITY
  const failed = 'cases that are due could not be escalated; trying again'
  return new Chore({ ...deps, everyMs: POLL_MS, failed }, async () => {
    if (clock.monotonicMs() - loadedMs >= TARGETS_REFRESH_MS) {
      await targets.load(database)
      loadedMs = clock.monotonicMs()
    }
    const now = new Date(clock.now())
    if (!quiet.isOver(now.getTime())) return
    const unanswered = await dueNotifications(database, now, DUE_AT_ONCE)
    for (const { id, caseId } of unanswered) await actions.passOn(caseId, id)
    const overdue = await overdueCases(database, now, DUE_AT_ONCE)
    for (const caseId of overdue) await actions.sayOverdue(caseId)
    const expired = await dueCases(database, now, DUE_AT_ONCE)
    for (const caseId of expired) await actions.expire(caseId, await peopleFor(caseId))
    if (unanswered.length + overdue.length + expired.length > 0) return
    quiet.begin(Math.min(await nextNotificationMs(database), await nextCaseMs(database)))
  })
}
