import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { connectAsync } from 'mqtt'
import { ADMIN_PASSWORD } from '../../test/fakes/gateway.ts'
import { spawnGateway } from '../../test/fakes/gateway-process.ts'
import { postgresqlBinaries, startPostgresql } from '../../test/fakes/postgresql.ts'
import { readServerSentEvents } from '../../test/fakes/server-sent-events.ts'
import { percentiles, registerSource } from './alarm-load.ts'
import { post } from './whole-gateway.ts'

/**
 * One alarm after the other from a panel's publish to the case in the centre, from the dispatch to the duty page of the
 * patrol lead, and from there to the receipt on the case; the whole gateway in a process of its own, over MQTT and HTTP.
 *
 * usage: node scripts/bench/people.ts [--alarms 200] [--only sqlite]
 */
const { values } = parseArgs({ options: { alarms: { type: 'string', default: '200' }, only: { type: 'string' } } })
const CELL = '990123101001001'
const PASSWORD = 'correct-horse-battery'

type Headers = Record<string, string>
interface CaseSeen {
  id: string
  text: string
  phase: string
  notifications: { state: string }[]
}

for (const database of ['sqlite', 'postgresql'] as const) {
  if (values.only !== undefined && values.only !== database) continue
  const ends: (() => Promise<void>)[] = []
  try {
    await measure(database, { teardown: (end: () => Promise<void>) => void ends.push(end) })
  } finally {
    for (const end of ends.reverse()) await end()
  }
}

async function signIn(url: string, username: string, password: string): Promise<Headers> {
  const answer = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  })
  const { csrfToken } = (await answer.json()) as { csrfToken: string }
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', 'x-csrf-token': csrfToken }
}

/** Cases as one person is told of them; `when` waits for the first that is as wished. */
async function listen(url: string, headers: Headers) {
  const events = await readServerSentEvents(`${url}/api/v1/events`, headers)
  const when = async (isMeant: (one: CaseSeen) => boolean): Promise<CaseSeen> => {
    for (;;) {
      const { event, data } = await events.next()
      const one = data as unknown as CaseSeen // the gateway's own words
      if (event === 'case' && isMeant(one)) return one
    }
  }
  return { when, close: () => events.close() }
}

async function measure(
  database: 'sqlite' | 'postgresql',
  life: { teardown(end: () => Promise<void>): void },
): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  life.teardown(async () => rmSync(dataDir, { recursive: true, force: true }))
  const environment: Record<string, string> = { GRIDLIGHT_LOG_LEVEL: 'error', GRIDLIGHT_MQTT_PORT: '18832' }
  if (database === 'postgresql') {
    const binaries = await postgresqlBinaries()
    if (binaries === undefined) return console.log('postgresql: is not installed')
    environment.GRIDLIGHT_DATABASE_URL = await (await startPostgresql(life, binaries)).createDatabase()
  }
  const url = await spawnGateway(life, dataDir, environment).url
  const source = await registerSource(url)
  const operator = { authorization: `Bearer ${source.token}` }
  const user = { username: 'lead', password: PASSWORD, displayName: '张强', roles: ['patrol-lead'], cellCodes: [CELL] }
  await post(`${url}/api/v1/users`, await signIn(url, 'admin', ADMIN_PASSWORD), user)
  const lead = await signIn(url, 'lead', PASSWORD)
  await post(`${url}/api/v1/duty`, lead, { on: true })
  const login = { username: source.id, password: source.password }
  const panel = await connectAsync('mqtt://127.0.0.1:18832', { protocolVersion: 4, ...login })
  life.teardown(() => panel.endAsync(true))
  const [centre, phone] = [await listen(url, operator), await listen(url, lead)]
  const took: Record<'centre' | 'phone' | 'receipt', number[]> = { centre: [], phone: [], receipt: [] }
  const act = (id: string, action: string): Promise<unknown> =>
    post(`${url}/api/v1/cases/${id}/actions`, operator, { action, idempotencyKey: randomUUID() })

  for (let n = 0; n < Number(values.alarms); n++) {
    const text = `alarm ${n}`
    const publishedMs = performance.now()
    const message = { id: text, type: 'panic-button', priority: 1, occurredAt: new Date().toISOString(), text }
    const published = panel.publishAsync(`gridlight/v1/in/${source.id}/alarm`, JSON.stringify(message), { qos: 1 })
    const { id } = await centre.when((one) => one.text === text)
    took.centre.push(performance.now() - publishedMs)
    await published
    await act(id, 'acknowledge')
    const dispatchedMs = performance.now()
    await Promise.all([act(id, 'dispatch'), phone.when((one) => one.id === id && one.phase === 'dispatched')])
    took.phone.push(performance.now() - dispatchedMs)
    const shownMs = performance.now()
    await fetch(`${url}/api/v1/cases/${id}/receipt`, { method: 'POST', headers: lead })
    await centre.when((one) => one.id === id && one.notifications.some(({ state }) => state === 'delivered'))
    took.receipt.push(performance.now() - shownMs)
  }
  centre.close()
  phone.close()
  console.log(
    [
      `${database}, ${values.alarms} alarms, one after the other`,
      `  panel's publish to the case in the centre: ${percentiles(took.centre)}`,
      `  dispatch to the duty page:                 ${percentiles(took.phone)}`,
      `  duty page to the receipt in the centre:    ${percentiles(took.receipt)}`,
    ].join('\n'),
  )
}
