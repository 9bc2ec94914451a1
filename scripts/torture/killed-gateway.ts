/**
 * A gateway to be killed or watched: once told to on its input, takes alarms over its embedded broker and prints the
 * port. Arguments: SQLite file or PostgreSQL URL.
 */
import { once } from 'node:events'
import { openDatabase } from '../../gateway/storage/database.ts'
import { startAlarms, startMqtt } from '../../test/fakes/alarm-gateway.ts'

const [, , where = ''] = process.argv
const isUrl = where.startsWith('postgresql://')
// Loaded ahead of its turn: the database has one owner at a time.
await once(process.stdin, 'data')
// It ends by a signal that nothing can answer.
const never = { teardown: () => {} }
const fixture = await startAlarms(
  never,
  await openDatabase(isUrl ? { kind: 'postgresql', url: where } : { kind: 'sqlite', file: where }),
)
const mqtt = await startMqtt(never, fixture)
console.log(mqtt.port())
