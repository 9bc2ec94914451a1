/** A gateway to be killed: takes alarms over its embedded broker and prints the port. Arguments: SQLite file. */
import { openDatabase } from '../../gateway/storage/database.ts'
import { startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'

const [, , file = ''] = process.argv
// It ends by a signal that nothing can answer.
const never = { teardown: () => {} }
const fixture = await startAlarms(never, await openDatabase({ kind: 'sqlite', file }))
const mqtt = await startMqtt(never, fixture)
console.log(mqtt.port())
