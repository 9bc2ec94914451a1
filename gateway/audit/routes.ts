import { z } from 'zod'
import type { Clock } from '../clock.ts'
import {
  AuditCheckpoint,
  AuditEntry,
  AuditQuery,
  AuditVerdict,
  actorOf,
  type NewAuditEntry,
  OutsideCopy,
} from '../contracts/audit.ts'
import { PageQuery, page, toInstant } from '../contracts/common.ts'
import { Problem } from '../errors.ts'
import { FOREIGN_CURSOR, pageOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { type NameFinders, namesOf } from './names.ts'
import type { OutsideCopies } from './outside-copies.ts'
import { listCheckpoints, listEntries } from './store.ts'
import { verifyStored } from './verify-stored.ts'

export interface AuditRoutesDeps {
  database: Database
  clock: Clock
  append(tx: Tx, entry: NewAuditEntry): Promise<void>
  copies: OutsideCopies
  finders: NameFinders
}

/** `outside` is empty where no copy leaves the host: whoever controls it could then rebuild the whole chain. */
const Checkpoints = page(AuditCheckpoint).extend({ outside: z.array(OutsideCopy) })

/** Auditors check the register, administrators look for the cause of a fault; both leave a trace. */
const READERS = { roles: ['auditor', 'administrator'] } as const

const Cursor = z.string().regex(/^\d{1,18}$/)

export function auditRoutes(app: App, deps: AuditRoutesDeps): void {
  const { database, append, copies, finders } = deps

  app.get(
    '/api/v1/audit',
    {
      config: { access: READERS },
      schema: {
        tags: ['audit'],
        summary: 'The trail, newest first',
        querystring: AuditQuery,
        response: { 200: page(AuditEntry) },
      },
    },
    async (request) => {
      const { since, until, actor, object, action, result, limit, cursor } = request.query
      const before = parseCursor(cursor)
      const items = await database.transaction(async (tx) => {
        const found = await listEntries(tx, {
          sinceMs: since === undefined ? undefined : Date.parse(since),
          untilMs: until === undefined ? undefined : Date.parse(until),
          actor,
          object,
          action,
          result,
          before,
          limit,
        })
        await append(tx, {
          action: 'audit-read',
          actor: actorOf(principalOf(request)),
          object: 'audit',
          result: 'done',
          detail: request.query,
        })
        const names = await namesOf(
          tx,
          finders,
          found.map((entry) => entry.object),
        )
        return found.map((entry) => ({ ...entry, objectName: names.get(entry.object) }))
      })
      return pageOf(items, limit, ({ sequence }) => String(sequence))
    },
  )

  app.get(
    '/api/v1/audit/checkpoints',
    {
      config: { access: READERS },
      schema: {
        tags: ['audit'],
        summary: 'Signed checkpoints of the chain, and how far each outside copy is',
        querystring: PageQuery,
        response: { 200: Checkpoints },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query
      const before = parseCursor(cursor)
      const items = await database.transaction(async (tx) => {
        const found = await listCheckpoints(tx, before, limit)
        await append(tx, {
          action: 'audit-read',
          actor: actorOf(principalOf(request)),
          object: 'audit-checkpoints',
          result: 'done',
          detail: request.query,
        })
        return found
      })
      return { ...pageOf(items, limit, ({ sequence }) => String(sequence)), outside: copies.status() }
    },
  )

  verificationRoute(app, deps)
}

/** At most one walk of the chain at a time: it reads every entry. */
function verificationRoute(app: App, { database, clock, append }: AuditRoutesDeps): void {
  let walking: Promise<AuditVerdict> | undefined

  const walk = async (): Promise<AuditVerdict> => {
    const verdict = await verifyStored(database, { outside: [], trustedKeys: undefined })
    const at = toInstant(clock.now())
    if (!verdict.ok) return { ...verdict, at, sequence: Number(verdict.sequence) }
    const { entries, checkpoints, erasedDetails } = verdict
    return { ok: true, at, entries, checkpoints, erasedDetails }
  }

  app.get(
    '/api/v1/audit/verification',
    {
      config: { access: READERS },
      schema: {
        tags: ['audit'],
        summary: 'Walk the whole chain now; `gridlight audit verify` compares it with checkpoints kept elsewhere too',
        response: { 200: AuditVerdict },
      },
    },
    async (request) => {
      walking ??= walk().finally(() => {
        walking = undefined
      })
      const verdict = await walking
      await database.transaction((tx) =>
        append(tx, {
          action: 'audit-read',
          actor: actorOf(principalOf(request)),
          object: 'audit-chain',
          result: 'done',
          detail: verdict,
        }),
      )
      return verdict
    },
  )
}

function parseCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined) return undefined
  const parsed = Cursor.safeParse(cursor)
  if (!parsed.success) throw new Problem('invalid-request', FOREIGN_CURSOR)
  return BigInt(parsed.data)
}
