import t from 'tap'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message, startAlarms } from '../fakes/alarm-gateway.ts'
import { postgresqlBinaries, startPostgresql } from '../fakes/postgresql.ts'

const binaries = await postgresqlBinaries()
const ROUNDS = 10

t.test(
  'two nodes that hear of the same trouble at once open one case',
  binaries === undefined ? { skip: 'PostgreSQL is not installed' } : {},
  async (t) => {
    if (binaries === undefined) return
    const cluster = await startPostgresql(t, binaries)
    const url = await cluster.createDatabase()
    const databases = await Promise.all([1, 2].map(() => openDatabase({ kind: 'postgresql', url })))
    t.teardown(() => Promise.all(databases.map((database) => database.close())))
    const [here, there] = databases
    if (here === undefined || there === undefined) return
    const nodes = [await startAlarms(t, here), await startAlarms(t, there)]
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await addSource(here)
      const receipts = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          nodes[n % 2]?.alarms.receive(id, bytes(message(`${n}`, { type: n % 4 < 2 ? 'door' : 'audio' }))),
        ),
      )
      t.ok(receipts.every((receipt) => receipt?.kind === 'stored'))
      const cases = await here.client.case.findMany({ where: { sourceId: id } })
      t.same(
        cases.map(({ type, occurrences }) => [type, occurrences]).sort(),
        [
          ['audio', 20],
          ['door', 20],
        ],
        'each alarm counted once',
      )
      for (const one of cases) t.equal(await here.client.alarm.count({ where: { caseId: one.id } }), 20)
    }
    const numbers = await here.client.case.findMany({ orderBy: { number: 'asc' } })
    t.same(
      numbers.map(({ number }) => number),
      Array.from({ length: 2 * ROUNDS }, (_, n) => n + 1),
      'numbered without a gap',
    )
  },
)
