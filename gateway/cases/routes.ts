import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { ALARM_READERS } from '../contracts/alarm.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import {
  Case,
  CasePhase,
  CaseQuery,
  type CaseStep,
  CENTRE_ROLES,
  Duty,
  DutyChange,
  NewCaseAction,
  PATROL_ACTIONS,
  PATROL_ROLES,
} from '../contracts/case.ts'
import { IdParams, page, toInstant } from '../contracts/common.ts'
import type { Principal } from '../contracts/identity.ts'
import { noSuch, Problem } from '../errors.ts'
import { cursorOf, pageOf, placeOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell, hasRole } from '../identity/rights.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { ActionResult, CaseActions } from './actions.ts'
import { dutySince, type Person, setDuty } from './dispatch.ts'
import { markDelivered } from './notifications.ts'
import { keepReceipt } from './receipts.ts'
import { isOver, STEP_OF } from './steps.ts'
import { listCases, markShown, readCase } from './store.ts'
import { ACTION_WORDS, PHASE_WORDS } from './words.ts'

export interface CaseRoutesDeps {
  database: Database
  clock: Clock
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  actions: CaseActions
  peopleOf(cellCode: string): Promise<readonly Person[]>
}

export function caseRoutes(app: App, deps: CaseRoutesDeps): void {
  const { database, actions, clock } = deps
  const { provider } = database

  /** The case, if this person may know of it. */
  const caseFor = async (principal: Principal, id: string): Promise<Case> => {
    const found = await readCase(database.client, provider, id)
    if (found === undefined) throw noSuch('case')
    if (!coversCell(principal, found.cellCode)) throw new Problem('not-in-your-cells')
    return found
  }

  app.get(
    '/api/v1/cases',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: {
        tags: ['cases'],
        summary: 'Cases, newest first',
        querystring: CaseQuery,
        response: { 200: page(Case) },
      },
    },
    async (request) => {
      const { cell, step, state, priority, mine, limit, cursor } = request.query
      const principal = principalOf(request)
      if (cell !== undefined && !coversCell(principal, cell)) throw new Problem('not-in-your-cells')
      const filter = {
        phases: phasesOf(step, state),
        priority,
        cellCodes: cell === undefined ? principal.cellCodes : [cell],
        mineId: mine === true ? principal.id : undefined,
      }
      const items = await listCases(database, filter, placeOf(cursor), limit)
      return pageOf(items, limit, ({ openedAt, id }) => cursorOf({ at: openedAt, id }))
    },
  )

  app.get(
    '/api/v1/cases/:id',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: { tags: ['cases'], summary: 'A case with its timeline', params: IdParams, response: { 200: Case } },
    },
    (request) => caseFor(principalOf(request), request.params.id),
  )

  app.post(
    '/api/v1/cases/:id/actions',
    {
      config: { access: { roles: [...CENTRE_ROLES, ...PATROL_ROLES] } },
      schema: {
        tags: ['cases'],
        summary: 'Act on a case; the same idempotencyKey again is the same action',
        params: IdParams,
        body: NewCaseAction,
        response: { 200: Case },
      },
    },
    async (request) => {
      const [principal, action] = [principalOf(request), request.body]
      const { cellCode } = await caseFor(principal, request.params.id)
      const isPatrols = PATROL_ACTIONS.includes(action.action)
      if (!hasRole(principal, ...(isPatrols ? PATROL_ROLES : CENTRE_ROLES))) {
        throw new Problem('role-not-allowed', {
          zh: `“${ACTION_WORDS[action.action].zh}”由${isPatrols ? '巡防队' : '中心'}操作`,
          en: `"${ACTION_WORDS[action.action].en}" is for the ${isPatrols ? 'patrol' : 'centre'}`,
        })
      }
      return caseAfter(await actions.act(request.params.id, action, principal, await deps.peopleOf(cellCode)))
    },
  )

  app.post(
    '/api/v1/cases/:id/receipt',
    {
      config: { access: { roles: [...CENTRE_ROLES, ...PATROL_ROLES] } },
      schema: {
        tags: ['cases'],
        summary: 'A page says that it shows the case: the duty page one it was notified of, the console any',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const one = await caseFor(principal, request.params.id)
      const { id, times, notifications } = one
      const now = new Date(clock.now())
      if (hasRole(principal, ...CENTRE_ROLES)) {
        if (times.console === undefined) await markShown(database, id, now)
        else await keepReceipt(database, one, 'console', now)
        return reply.code(204).send()
      }
      let isNews = false
      await actions.amend(id, async (tx) => {
        isNews = await markDelivered(tx, id, principal.id, now)
        if (isNews) await actions.note(tx, id, 'delivered', principal.name)
        return isNews
      })
      const wasSent = notifications.some(({ toId, channel }) => toId === principal.id && channel === 'duty-page')
      if (!isNews && wasSent) await keepReceipt(database, one, 'phone', now)
      return reply.code(204).send()
    },
  )

  dutyRoutes(app, deps)
}

function dutyRoutes(app: App, { database, clock, audit }: CaseRoutesDeps): void {
  const dutyOf = (since: Date | undefined): Duty =>
    since === undefined ? { on: false } : { on: true, since: toInstant(since.getTime()) }

  app.get(
    '/api/v1/duty',
    {
      config: { access: { roles: PATROL_ROLES } },
      schema: { tags: ['cases'], summary: 'Whether I am on duty', response: { 200: Duty } },
    },
    async (request) => dutyOf(await dutySince(database.client, principalOf(request).id)),
  )

  app.post(
    '/api/v1/duty',
    {
      config: { access: { roles: PATROL_ROLES } },
      schema: {
        tags: ['cases'],
        summary: 'Go on or off duty; cases are sent to people on duty only',
        body: DutyChange,
        response: { 200: Duty },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const { id } = principal
      return database.transaction(async (tx) => {
        if (await setDuty(tx, id, request.body.on, new Date(clock.now()))) {
          await audit.append(tx, {
            action: 'duty-changed',
            actor: actorOf(principal),
            object: `user:${id}`,
            result: 'done',
            detail: { on: request.body.on },
          })
        }
        return dutyOf(await dutySince(tx, id))
      })
    },
  )
}

function caseAfter(result: ActionResult): Case {
  switch (result.kind) {
    case 'done':
      return result.case
    case 'no-case':
      throw noSuch('case')
    case 'illegal': {
      const { phase, legal, holder } = result
      const stands = PHASE_WORDS[phase]
      const possible = (language: 'zh' | 'en'): string[] => legal.map((action) => ACTION_WORDS[action][language])
      const detail = {
        zh: `案卷${stands.zh}${holder === undefined ? '' : `，由${holder}处理`}；现在可做：${possible('zh').join('、') || '无'}`,
        en: `the case is ${stands.en}${holder === undefined ? '' : `; ${holder} has it`}; possible now: ${possible('en').join(', ') || 'nothing'}`,
      }
      throw new Problem('illegal-transition', detail, {
        phase,
        legal,
        ...(holder === undefined ? {} : { owner: holder }),
      })
    }
    case 'not-yours':
      throw new Problem(
        'conflict',
        { zh: `该案卷现由 ${result.holder ?? '无人'} 办理`, en: `${result.holder ?? 'nobody'} has this case` },
        { owner: result.holder },
      )
    case 'key-used':
      throw new Problem('conflict', {
        zh: `idempotencyKey：已用于“${ACTION_WORDS[result.action].zh}”`,
        en: `idempotencyKey: was used for "${ACTION_WORDS[result.action].en}" already`,
      })
    case 'nobody-there':
      throw new Problem('conflict', {
        zh: 'assigneeId：此人不在该网格当班',
        en: 'assigneeId: this person is not on duty in the cell',
      })
  }
}

function phasesOf(step: CaseStep | undefined, state: 'open' | 'closed' | undefined): CasePhase[] | undefined {
  if (step === undefined && state === undefined) return undefined
  return CasePhase.options.filter(
    (phase) =>
      (step === undefined || STEP_OF[phase] === step) &&
      (state === undefined || isOver(phase) === (state === 'closed')),
  )
}
