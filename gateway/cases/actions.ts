import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import {
  type Case,
  type CaseActionName,
  type CasePhase,
  GATEWAY_NAME,
  type NewCaseAction,
  PATROL_ACTIONS,
  type TimelineAction,
} from '../contracts/case.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Principal } from '../contracts/identity.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Outgrown } from './collect.ts'
import { dutySince, nextPerson, onDuty, type Person } from './dispatch.ts'
import {
  type Channels,
  changeNotification,
  findPending,
  insertNotification,
  messageOf,
  type Pending,
  type Settlement,
} from './notifications.ts'
import { isOver, legalActions, next } from './steps.ts'
import { type CaseChange, changeCase, findAction, insertAction, lockCase, markOverdue, readCase } from './store.ts'

/** An unanswered dispatch goes to the next person after this time, and from there back to the centre. */
const ANSWER_MS = 60_000

export interface CaseActionsDeps {
  database: Database
  clock: Clock
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  events: { publish(tx: Tx, event: NewLiveEvent): Promise<void> }
  channels: Channels
}

export type ActionResult =
  | { kind: 'done'; case: Case }
  | { kind: 'no-case' }
  /** `holder`: who has the case already, where somebody has. */
  | { kind: 'illegal'; phase: CasePhase; legal: CaseActionName[]; holder: string | undefined }
  | { kind: 'not-yours'; holder: string | undefined }
  | { kind: 'key-used'; action: CaseActionName }
  | { kind: 'nobody-there' }

type By = { id: string | undefined; name: string; audit: NewAuditEntry['actor'] }

const GATEWAY: By = { id: undefined, name: GATEWAY_NAME, audit: { kind: 'system', name: GATEWAY_NAME } }

/** What changes cases; each act is one transaction with its timeline entry, audit entry and event. */
export class CaseActions {
  readonly #deps: CaseActionsDeps

  constructor(deps: CaseActionsDeps) {
    this.#deps = deps
  }

  /**
   * Somebody acts. Whoever comes second finds the case as the first has left it.
   * @param people who may be sent, in the order in which they are asked
   */
  act(caseId: string, request: NewCaseAction, principal: Principal, people: readonly Person[]): Promise<ActionResult> {
    const { kind, id, name, roles, sessionId } = principal
    const by: By = { id, name, audit: { kind, id, name, roles, sessionId } }
    return this.#deps.database.transaction(async (tx): Promise<ActionResult> => {
      const before = await this.#lock(tx, caseId)
      if (before === undefined) return { kind: 'no-case' }
      const known = await findAction(tx, caseId, request.idempotencyKey)
      // Of somebody else it is another act, which nobody may be told was theirs.
      if (known?.action === request.action && known.byId === id) return { kind: 'done', case: before }
      if (known !== undefined) return { kind: 'key-used', action: known.action }
      const refused = refusal(before, request.action, principal)
      if (refused !== undefined) return refused
      const available = await onDuty(tx, people)
      const chosen = request.action === 'dispatch' ? choose(request.assigneeId, available) : undefined
      if (chosen === 'absent') return { kind: 'nobody-there' }
      await this.#apply(tx, before, request, by, chosen)
      if (before.phase === 'dispatched' && (request.action === 'decline' || request.action === 'escalate')) {
        await this.#sendNext(tx, before, available)
      }
      return { kind: 'done', case: await this.#publish(tx, caseId) }
    })
  }

  /** The time that a case was given is over: an unanswered dispatch is escalated, a shelved case is back. */
  expire(caseId: string, people: readonly Person[]): Promise<void> {
    const { database, clock, newId } = this.#deps
    return database.transaction(async (tx) => {
      const before = await this.#lock(tx, caseId)
      const due = before?.escalatesAt ?? before?.shelvedUntil
      if (before === undefined || due === undefined || Date.parse(due) > clock.now()) return
      if (before.phase === 'dispatched') {
        await this.#apply(tx, before, { action: 'escalate', idempotencyKey: newId() }, GATEWAY, undefined)
        await this.#sendNext(tx, before, await onDuty(tx, people))
      } else {
        await changeCase(tx, caseId, { dueAt: null })
        await this.note(tx, caseId, 'shelve-ended')
      }
      await this.#publish(tx, caseId)
    })
  }

  /** More urgent by now than what somebody put on the shelf: the case is back, and the next event of it tells so. */
  async unshelve(tx: Tx, { caseId, phase, was, priority, text }: Outgrown): Promise<void> {
    await changeCase(tx, caseId, { dueAt: null })
    await this.note(tx, caseId, 'unshelved', text === '' ? undefined : text)
    await this.#deps.audit.append(tx, {
      action: 'case-action',
      actor: GATEWAY.audit,
      object: `case:${caseId}`,
      result: 'done',
      detail: { action: 'unshelved', from: phase, to: phase, was, priority },
    })
  }

  /** The response target has passed: the timeline says so, once. */
  sayOverdue(caseId: string): Promise<void> {
    return this.amend(caseId, async (tx) => {
      if (!(await markOverdue(tx, caseId, new Date(this.#deps.clock.now())))) return false
      await this.note(tx, caseId, 'overdue')
      return true
    })
  }

  /** Changes what belongs to a case and tells it, unless `work` says that nothing changed. */
  amend(caseId: string, work: (tx: Tx) => Promise<boolean>): Promise<void> {
    return this.#deps.database.transaction(async (tx) => {
      if ((await lockCase(tx, caseId)) && (await work(tx))) await this.#publish(tx, caseId)
    })
  }

  /** A notification has no receipt in its time: the timeline says so and the next channel is asked. */
  passOn(caseId: string, notificationId: string): Promise<void> {
    return this.amend(caseId, async (tx) => {
      const pending = await findPending(tx, notificationId)
      if (pending === undefined || !pending.isDue) return false
      await changeNotification(tx, notificationId, { dueAt: null })
      if (pending.state !== 'sent') return this.#askNext(tx, pending)
      await changeNotification(tx, notificationId, { state: 'undelivered' })
      await this.note(tx, caseId, 'undelivered', placeOf(pending))
      await this.#askNext(tx, pending)
      return true
    })
  }

  /** A channel says what became of a message. @param work what the channel writes, in the same transaction */
  async settle(
    { caseId, notificationId }: { caseId: string; notificationId: string },
    settlement: Settlement,
    work: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    const { clock, database } = this.#deps
    let isDone = false
    await this.amend(caseId, async (tx) => {
      await work(tx)
      isDone = true
      const pending = await findPending(tx, notificationId)
      if (pending === undefined || pending.state === settlement.state) return false
      if (settlement.state === 'accepted') {
        await changeNotification(tx, notificationId, { state: 'accepted', receivedAt: new Date(clock.now()) })
        await this.note(tx, caseId, 'message-taken', placeOf(pending))
      } else {
        await changeNotification(tx, notificationId, { ...settlement, dueAt: null })
        if (settlement.state === 'not-needed') return true
        await this.note(tx, caseId, 'undelivered', placeOf(pending))
        if (pending.isDue) await this.#askNext(tx, pending)
      }
      return true
    })
    if (!isDone) await database.transaction(work)
  }

  /** Sends over the next channel to whoever still has the case unanswered. @returns whether there was one */
  async #askNext(tx: Tx, { caseId, toId, toName, channelId }: Pending): Promise<boolean> {
    const { channels, clock, database, newId } = this.#deps
    const one = await readCase(tx, database.provider, caseId)
    if (one === undefined || one.phase !== 'dispatched' || one.assignee?.id !== toId) return false
    // Who has gone off duty since is left in peace; the escalation finds somebody else.
    if ((await dutySince(tx, toId)) === undefined) return false
    const channel = await channels.after(tx, one.cellCode, channelId)
    if (channel === undefined) return false
    const [notificationId, at] = [newId(), new Date(clock.now())]
    await insertNotification(tx, { id: notificationId, caseId, to: { id: toId, name: toName }, at, channel })
    await channels.enqueue(tx, channel.id, { notificationId, caseId, toId, message: messageOf(one, toName), at })
    return true
  }

  /** A line of the gateway's own in the timeline. */
  async note(tx: Tx, caseId: string, action: TimelineAction, text?: string): Promise<void> {
    await this.#write(tx, caseId, { action, idempotencyKey: this.#deps.newId(), by: GATEWAY, text })
  }

  async #lock(tx: Tx, caseId: string): Promise<Case | undefined> {
    return (await lockCase(tx, caseId)) ? readCase(tx, this.#deps.database.provider, caseId) : undefined
  }

  async #apply(tx: Tx, before: Case, request: NewCaseAction, by: By, assignee: Person | undefined): Promise<void> {
    const { clock, audit, newId } = this.#deps
    const to = next(before.phase, request.action)
    if (to === undefined) throw new Error(`${request.action} is illegal in ${before.phase}`)
    const now = clock.now()
    const sent = assignee && { id: assignee.id, name: assignee.displayName }
    await changeCase(tx, before.id, {
      phase: to,
      dueAt: dueAfter(to, request, before, now),
      ...(request.action === 'acknowledge'
        ? { owner: { id: by.id ?? '', name: by.name }, acknowledgedAt: new Date(now) }
        : {}),
      ...(isResponse(request.action, to) && before.response?.respondedAt === undefined
        ? { respondedAt: new Date(now) }
        : {}),
      ...(request.action === 'accept' ? { assignee: { id: by.id ?? '', name: by.name } } : {}),
      ...(request.action === 'dispatch' ? { assignee: sent ?? null } : {}),
      ...(to === 'opened' ? { assignee: null } : {}),
      ...(isOver(to) && !isOver(before.phase)
        ? ({ groupKey: null, closedAt: new Date(now) } satisfies CaseChange)
        : {}),
    })
    const { action, idempotencyKey, deviceAt } = request
    await this.#write(tx, before.id, { action, idempotencyKey, by, text: words(request, sent?.name), deviceAt })
    if (action === 'dispatch') {
      if (sent === undefined) await this.note(tx, before.id, 'undelivered')
      else {
        await insertNotification(tx, {
          id: newId(),
          caseId: before.id,
          to: sent,
          at: new Date(now),
          channel: undefined,
        })
      }
    }
    await audit.append(tx, {
      action: 'case-action',
      actor: by.audit,
      object: `case:${before.id}`,
      result: 'done',
      detail: { action, from: before.phase, to, ...(sent === undefined ? {} : { assigneeId: sent.id }) },
    })
  }

  async #sendNext(tx: Tx, before: Case, available: readonly Person[]): Promise<void> {
    const person = nextPerson(before, available)
    if (person === undefined) return
    const back: Case = { ...before, phase: 'opened' }
    await this.#apply(tx, back, { action: 'dispatch', idempotencyKey: this.#deps.newId() }, GATEWAY, person)
  }

  async #write(
    tx: Tx,
    caseId: string,
    entry: {
      action: TimelineAction
      idempotencyKey: string
      by: By
      text: string | undefined
      deviceAt?: string | undefined
    },
  ): Promise<void> {
    const { clock, newId } = this.#deps
    const { by, deviceAt, ...rest } = entry
    await insertAction(tx, caseId, {
      ...rest,
      id: newId(),
      at: new Date(clock.now()),
      deviceAt: deviceAt === undefined ? undefined : new Date(deviceAt),
      byId: by.id,
      byName: by.name,
    })
  }

  async #publish(tx: Tx, caseId: string): Promise<Case> {
    const after = await readCase(tx, this.#deps.database.provider, caseId)
    if (after === undefined) throw new Error(`case ${caseId} is gone`)
    await this.#deps.events.publish(tx, { kind: 'case', cellCode: after.cellCode, data: after })
    return after
  }
}

/** Somebody is there, has said what there is, or nobody needs to go any more. */
const isResponse = (action: CaseActionName, to: CasePhase): boolean =>
  action === 'on-site' || action === 'feedback' || isOver(to)

/** Whom a notification went to, and over what. */
const placeOf = ({ toName, channelName }: Pending): string =>
  channelName === undefined ? toName : `${toName} · ${channelName}`

function refusal(before: Case, action: CaseActionName, { id }: Principal): ActionResult | undefined {
  const { phase, owner, assignee } = before
  if (next(phase, action) === undefined) {
    const holder = PATROL_ACTIONS.includes(action) ? assignee : owner
    return { kind: 'illegal', phase, legal: legalActions(phase), holder: holder?.name }
  }
  // Anyone of the cell may accept: who is nearest is known in the street.
  const isOpenToAll = action === 'accept' || (action === 'decline' && assignee === undefined)
  if (PATROL_ACTIONS.includes(action) && !isOpenToAll && assignee?.id !== id) {
    return { kind: 'not-yours', holder: assignee?.name }
  }
  return undefined
}

/** Undefined: nobody is on duty, so the case is offered to the whole cell. */
function choose(assigneeId: string | undefined, available: readonly Person[]): Person | undefined | 'absent' {
  if (assigneeId === undefined) return available[0]
  return available.find(({ id }) => id === assigneeId) ?? 'absent'
}

function dueAfter(to: CasePhase, request: NewCaseAction, before: Case, now: number): Date | null {
  if (request.action === 'shelve') return new Date(now + request.minutes * 60_000)
  if (to === 'dispatched') return new Date(now + ANSWER_MS)
  // Opening a shelved case takes it off the shelf; nothing else waits.
  return to === before.phase && before.shelvedUntil !== undefined ? new Date(before.shelvedUntil) : null
}

/** What the timeline says beside the action. */
function words(request: NewCaseAction, sentTo: string | undefined): string | undefined {
  const said =
    request.action === 'feedback'
      ? request.outcome
      : request.action === 'shelve'
        ? `${request.minutes} min`
        : request.action === 'evaluate' && request.rating !== undefined
          ? `${request.rating}/5`
          : request.action === 'dispatch'
            ? sentTo
            : undefined
  const all = [said, request.text].filter((part) => part !== undefined)
  return all.length === 0 ? undefined : all.join(': ')
}
