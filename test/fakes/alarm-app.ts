import type { Test } from 'tap'
import type { AlarmsDeps } from '../../gateway/alarms/alarms.ts'
import type { NewAlarmSourceAnswer } from '../../gateway/contracts/alarm.ts'
import type { Principal, Role } from '../../gateway/contracts/identity.ts'
import type { App } from '../../gateway/http/route.ts'
import { CELL, type Fixture, startAlarms } from './alarm-gateway.ts'
import { FakeClock } from './clock.ts'
import { temporaryDatabase } from './database.ts'
import { quietServer } from './quiet-server.ts'

const person = (role: Role, cellCodes?: string[]): Principal => ({
  kind: 'user',
  id: role,
  name: role,
  roles: [role],
  cellCodes,
  sessionId: role,
})
const people: Record<string, Principal> = {
  administrator: person('administrator'),
  installer: person('installer', [CELL]),
  operator: person('operator'),
  'patrol-lead': person('patrol-lead', [CELL]),
  auditor: person('auditor'),
}

/** The routes of alarms over a database of their own; whoever asks names a role as the authorization. */
export async function alarmApp(
  t: Test,
  options: Partial<AlarmsDeps> = {},
): Promise<Fixture & { app: App; clock: FakeClock }> {
  const clock = new FakeClock()
  const alarms = await startAlarms(t, await temporaryDatabase(t), { clock, ...options })
  const app = await quietServer(({ authorization }) => people[String(authorization)])
  alarms.alarms.routes(app)
  t.teardown(() => app.close())
  return { ...alarms, app, clock }
}

export const newSource = { name: '北门报警主机', kind: 'panel', cellCode: CELL }

export async function register(app: App, changes = {}): Promise<NewAlarmSourceAnswer> {
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/alarm-sources',
    headers: { authorization: 'administrator' },
    payload: { ...newSource, ...changes },
  })
  return answer.json()
}
