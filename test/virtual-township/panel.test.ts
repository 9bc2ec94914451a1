import { once } from 'node:events'
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import t from 'tap'
import { AlarmMessage } from '../../gateway/contracts/alarm.ts'
import { startPanel } from '../../scripts/virtual-township/panel.ts'
import { loadTownship } from '../../scripts/virtual-township/township-data.ts'
import { FakeClock } from '../fakes/clock.ts'

const TOPIC = 'gridlight/v1/in/0b6e2f0e-7c7e-4d0c-9f0a-2c3d4e5f6a7b/alarm'

t.test('a panel publishes what the contract says', async (t) => {
  const broker = await Aedes.createBroker()
  broker.authenticate = (_client, username, password, done) =>
    done(null, username === 'panel' && password?.toString() === 'secret')
  const server = createServer(broker.handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  const url = `mqtt://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`
  t.teardown(() => {
    broker.close()
    server.close()
  })
  const heard: { topic: string; qos: number; payload: unknown }[] = []
  let onHeard = (): void => {}
  broker.on('publish', ({ topic, qos, payload }) => {
    if (!topic.startsWith('gridlight/')) return
    heard.push({ topic, qos, payload: JSON.parse(payload.toString()) })
    onHeard()
  })

  const [data] = (await loadTownship()).panels
  if (data === undefined) throw new Error('no panel')
  const clock = new FakeClock()
  const { signal } = new AbortController()
  const login = { url, username: 'panel', password: 'secret', topic: TOPIC }
  const panel = await startPanel(data, login, { signal, clock, onSchedule: true })
  t.teardown(() => panel.close())

  const id = await panel.raise({ type: 'smoke', text: '3 号仓烟感报警', priority: 1 })
  await panel.clear(id)
  const alarms = heard.filter(({ topic }) => topic === TOPIC)
  t.match(alarms, [
    { qos: 1, payload: { id, type: 'smoke', priority: 1, state: 'active', text: '3 号仓烟感报警' } },
    { qos: 1, payload: { id, type: 'smoke', state: 'cleared' } },
  ])
  for (const { payload } of alarms) t.ok(AlarmMessage.safeParse(payload).success)
  t.match(heard, [{ topic: TOPIC.replace(/alarm$/, 'heartbeat'), qos: 1, payload: {} }], 'and heartbeats')

  const scheduled = new Promise<void>((resolve) => {
    onHeard = () => {
      if (heard.filter(({ topic }) => topic === TOPIC).length === 3) resolve()
    }
  })
  await clock.advance(data.everySeconds[1] * 1000)
  await scheduled
  t.match(heard.at(-1)?.payload, { type: data.alarms[0]?.type, text: data.alarms[0]?.text }, 'on its schedule too')

  await t.rejects(startPanel(data, { ...login, password: 'wrong' }, { signal }), 'a wrong password is refused')
})
