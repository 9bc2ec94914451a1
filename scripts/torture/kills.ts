import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message } from '../../test/fakes/alarm-gateway.ts'

const PUBLISHERS = 4
const IN_FLIGHT = 20

export interface KillReport {
  acknowledged: number
  /** Sent when a kill came and never answered. */
  unanswered: number
  stored: number
  /** Acknowledged and not stored. */
  lost: string[]
  /** Rows beyond one for each id. */
  doubled: number
  /** Alarms that were not told exactly once. */
  mistold: number
  integrity: string
}

/** A gateway that waits for its turn to open the database. */
function spawnGateway(file: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'killed-gateway.ts'), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

/**
 * Kills a gateway under load, at a random point, again and again; what was not acknowledged is sent again under the same
 * id, as a panel does. Then compares the ledger of what was acknowledged with what is stored.
 */
export async function killUnderLoad(kills: number, told: (kill: number) => void = () => {}): Promise<KillReport> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-kill-'))
  const file = join(directory, 'gridlight.sqlite')
  let waiting: ChildProcess | undefined
  try {
    const first = await openDatabase({ kind: 'sqlite', file })
    const source = await addSource(first)
    await first.close()
    const acknowledged = new Set<string>()
    let unanswered: string[] = []
    let made = 0

    /** One life of the gateway, ended in the middle of its work; the next one loads meanwhile. */
    const live = async (child: ChildProcess): Promise<void> => {
      const exited = once(child, 'exit')
      if (child.stdout === null) throw new Error('the gateway has no output')
      child.stdin?.end('go\n')
      const [port] = await once(child.stdout, 'data')
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
      const publishAll = async (client: (typeof clients)[number]): Promise<void> => {
        const closed = new Promise<'closed'>((resolve) => client.once('close', () => resolve('closed')))
        for (;;) {
          const id = again.pop() ?? `alarm-${made++}`
          const sent = client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(id)), { qos: 1 }).then(
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
      await Promise.all(clients.flatMap((client) => Array.from({ length: IN_FLIGHT }, () => publishAll(client))))
      unanswered.push(...again)
      await exited
      await Promise.all(clients.map((client) => client.endAsync(true)))
    }

    for (let kill = 1; kill <= kills; kill++) {
      const child = waiting ?? spawnGateway(file)
      waiting = kill === kills ? undefined : spawnGateway(file)
      await live(child)
      told(kill)
    }

    const database = await openDatabase({ kind: 'sqlite', file })
    try {
      const rows = await database.client.alarm.findMany({
        where: { sourceId: source.id },
        select: { id: true, sourceKey: true },
      })
      const stored = new Set(rows.map(({ sourceKey }) => sourceKey))
      const events = await database.client.event.findMany({ where: { kind: 'alarm' }, select: { dataJson: true } })
      const tellings = Map.groupBy(events, ({ dataJson }): string => JSON.parse(dataJson).id)
      const [row] = await database.client.$queryRawUnsafe<{ integrity_check: string }[]>('PRAGMA integrity_check')
      return {
        acknowledged: acknowledged.size,
        unanswered: unanswered.length,
        stored: rows.length,
        lost: [...acknowledged].filter((id) => !stored.has(id)),
        doubled: rows.length - stored.size,
        mistold: rows.filter(({ id }) => tellings.get(id)?.length !== 1).length,
        integrity: row?.integrity_check ?? 'unknown',
      }
    } finally {
      await database.close()
    }
  } finally {
    waiting?.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
  }
}
