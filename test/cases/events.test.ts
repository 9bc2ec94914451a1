import t from 'tap'
import { Case } from '../../gateway/contracts/case.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { messageOf } from '../../gateway/notify/outbox.ts'
import { maySee } from '../../gateway/notify/visibility.ts'
import { CELL, OTHER_CELL } from '../fakes/alarm-gateway.ts'
import { startCases } from '../fakes/case-gateway.ts'
import { temporaryDatabase } from '../fakes/database.ts'

t.test('a case is told on the topic of its cell, and to those who read alarms there', async (t) => {
  const database = await temporaryDatabase(t)
  const { raise } = await startCases(t, database)
  const { id } = await raise({ type: 'smoke' })
  const row = await database.client.event.findFirstOrThrow({ where: { kind: 'case' } })
  const data = Case.parse(JSON.parse(row.dataJson))
  const message = messageOf({ kind: 'case', data })
  t.match(message, { topic: `gridlight/v1/out/cells/${CELL}/cases`, retain: false })
  t.match(JSON.parse(message?.payload ?? ''), { id, number: '0001', step: 'collected', alarmIds: [String] })

  const who = (role: Principal['roles'][number], cellCodes?: string[]): Principal => ({
    kind: 'user',
    id: role,
    name: role,
    roles: [role],
    cellCodes,
    sessionId: role,
  })
  const event = { event: { kind: 'case', data }, cellCode: row.cellCode, sessionId: undefined } as const
  t.ok(maySee(who('operator'), event))
  t.ok(maySee(who('patrol-lead', [CELL]), event))
  t.notOk(maySee(who('patrol-lead', [OTHER_CELL]), event))
  t.notOk(maySee(who('installer'), event))
})
