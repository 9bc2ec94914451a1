import { randomUUID } from 'node:crypto'
import type { Test } from 'tap'
import type { Person } from '../../gateway/cases/dispatch.ts'
import type { Channels } from '../../gateway/cases/notifications.ts'
import type { Case, NewCaseAction } from '../../gateway/contracts/case.ts'
import type { Principal, Role } from '../../gateway/contracts/identity.ts'
import type { App } from '../../gateway/http/route.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { addSource, bytes, CELL, type Fixture, message, OTHER_CELL, startAlarms } from './alarm-gateway.ts'
import { FakeClock } from './clock.ts'
import { quietServer } from './quiet-server.ts'

const person = (name: string, role: Role, cellCodes?: string[]): Principal => ({
  kind: 'user',
  id: name,
  name,
  roles: [role],
  cellCodes,
  sessionId: name,
})
const PEOPLE = [
  person('operator', 'operator'),
  person('second', 'operator'),
  person('lead', 'patrol-lead', [CELL]),
  person('deputy', 'patrol-lead', [CELL]),
  person('stranger', 'patrol-lead', [OTHER_CELL]),
  person('auditor', 'auditor'),
  person('installer', 'installer'),
  person('administrator', 'administrator'),
]
export type Who = 'operator' | 'second' | 'lead' | 'deputy' | 'stranger' | 'auditor' | 'installer' | 'administrator'

const asPerson = (name: string): Person => ({ id: name, username: name, displayName: name.toUpperCase() })

export interface CaseFixture extends Fixture {
  app: App
  clock: FakeClock
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    who: Who,
    url: string,
    payload?: object,
  ): Promise<{ status: number; body: Record<string, unknown> }>
  /** Raises one alarm of a new source. @returns its case */
  raise(changes?: Parameters<typeof message>[1]): Promise<Case>
  ask(who: Who, url: string): Promise<{ status: number; body: Record<string, unknown> }>
  post(who: Who, url: string, payload: object): Promise<{ status: number; body: Record<string, unknown> }>
  /** An action with a key of its own unless one is given. */
  act(
    who: Who,
    id: string,
    action: NewCaseAction['action'],
    changes?: object,
  ): Promise<{ status: number; body: Record<string, unknown> & Partial<Case> }>
  read(id: string): Promise<Case>
}

/** Alarms and cases over a database behind the real server; a caller is named in the authorization header. */
export async function startCases(
  t: Test,
  database: Database,
  clock = new FakeClock(),
  channels?: Channels,
): Promise<CaseFixture> {
  const fixture = await startAlarms(t, database, {
    clock,
    ...(channels === undefined ? {} : { channels }),
    people: async (cellCode) => ({
      lead: 'LEAD',
      deputy: 'deputy',
      // In the wrong order on purpose.
      patrolLeads: cellCode === CELL ? [asPerson('deputy'), asPerson('lead')] : [asPerson('stranger')],
    }),
  })
  const app = await quietServer(({ authorization }) => PEOPLE.find(({ id }) => id === authorization))
  fixture.cases.routes(app)
  fixture.alarms.routes(app)
  t.teardown(() => app.close())

  const call = async (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', who: Who, url: string, payload?: object) => {
    const headers = { authorization: who }
    const answer = await app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) })
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() }
  }
  const read = async (id: string): Promise<Case> => (await call('GET', 'operator', `/api/v1/cases/${id}`)).body
  return {
    ...fixture,
    app,
    clock,
    read,
    raise: async (changes) => {
      const source = await addSource(database)
      const receipt = await fixture.alarms.receive(source.id, bytes(message(randomUUID(), changes)))
      if (receipt.kind !== 'stored') throw new Error(receipt.kind)
      const row = await database.client.alarm.findUniqueOrThrow({ where: { id: receipt.id } })
      return read(row.caseId ?? '')
    },
    call,
    ask: (who, url) => call('GET', who, url),
    post: (who, url, payload) => call('POST', who, url, payload),
    act: (who, id, action, changes = {}) =>
      call('POST', who, `/api/v1/cases/${id}/actions`, { action, idempotencyKey: randomUUID(), ...changes }),
  }
}
