import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import t from 'tap'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message } from '../fakes/alarm-gateway.ts'

const KILLS = Number(process.env.TORTURE_KILLS ?? 5)
const PUBLISHERS = 4
const IN_FLIGHT = 20

t.test(
  `${KILLS} kills under load lose no acknowledged alarm and double none`,
  { timeout: 60_000 + KILLS * 5000 },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'gridlight-kill-'))
    t.teardown(() => rm(directory, { recursive: true, force: true }))
    const file = join(directory, 'gridlight.sqlite')
    const first = await openDatabase({ kind: 'sqlite', file })
    const source = await addSource(first)
    await first.close()

    const acknowledged = new Set<string>()
    let unanswered: string[] = []
    let made = 0

    /** One life of the gateway, ended in the middle of its work. */
    const live = async (): Promise<void> => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'killed-gateway.ts'), file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.teardown(() => child.kill('SIGKILL'))
      const exited = once(child, 'exit')
      const [port] = await once(child.stdout, 'data')
      // What was not answered is sent again under the same id, as a panel does.
      const again = unanswered
      unanswered = []
      const options = {
        protocolVersion: 4,
        reconnectPeriod: 0,
        username: source.id,
        password: source.password,
      } as const
      const clients = await Promise.all(
        Array.from({ length: PUBLISHERS }, () => connectAsync(`mqtt://127.0.0.1:${Number(port)}`, options, false)),
      )
      const target = acknowledged.size + 100 + Math.floor(Math.random() * 200)
      const publishOne = async (client: (typeof clients)[number]): Promise<void> => {
        const closed = new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')))
        for (;;) {
          const id = again.pop() ?? `alarm-${made++}`
          const topic = `gridlight/v1/in/${source.id}/alarm`
          const sent = client.publishAsync(topic, bytes(message(id)), { qos: 1 }).then(
            () => 'acknowledged' as const,
            () => 'closed' as const,
          )
          if ((await Promise.race([sent, closed])) === 'closed') {
            unanswered.push(id)
            return
          }
          acknowledged.add(id)
          // At any point of the next commit, not always just after one.
          if (acknowledged.size === target) setTimeout(() => child.kill('SIGKILL'), Math.random() * 15)
        }
      }
      for (const client of clients) {
        client.on('error', () => {})
        client.setMaxListeners(IN_FLIGHT * 2)
      }
      await Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => publishOne(client))))
      unanswered.push(...again)
      await exited
      await Promise.all(clients.map((client) => client.endAsync(true)))
    }

    for (let kill = 0; kill < KILLS; kill++) await live()

    const database = await openDatabase({ kind: 'sqlite', file })
    t.teardown(() => database.close())
    const rows = await database.client.alarm.findMany({
      where: { sourceId: source.id },
      select: { id: true, sourceKey: true },
    })
    const stored = new Set(rows.map(({ sourceKey }) => sourceKey))
    const lost = [...acknowledged].filter((id) => !stored.has(id))
    t.comment(
      `${KILLS} kills, ${acknowledged.size} acknowledged, ${unanswered.length} unanswered, ${rows.length} stored`,
    )
    t.ok(acknowledged.size >= KILLS * 100)
    t.ok(unanswered.length > 0, 'the kills came in the middle of work')
    t.strictSame(lost, [], 'none lost')
    t.equal(stored.size, rows.length, 'none doubled')
    const events = await database.client.event.findMany({ where: { kind: 'alarm' }, orderBy: { id: 'asc' } })
    const told = new Set(events.map(({ dataJson }) => JSON.parse(dataJson).id))
    t.ok(rows.every(({ id }) => told.has(id)) && told.size === events.length, 'each was told once')
    t.strictSame(await database.client.$queryRawUnsafe('PRAGMA integrity_check'), [{ integrity_check: 'ok' }])
  },
)
