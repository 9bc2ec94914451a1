import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message, startAlarms, startMqtt } from '../fakes/alarm-gateway.ts'
import { mqttPeer } from '../fakes/mqtt-peer.ts'

const directory = await mkdtemp(join(tmpdir(), 'gridlight-full-'))
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]).status === 0
t.teardown(async () => {
  if (mounted) spawnSync('umount', ['-l', directory])
  await rm(directory, { recursive: true, force: true })
})

/** Takes what is left of the disk. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (const size of [65_536, 4096, 1]) {
      for (;;) writeSync(descriptor, Buffer.alloc(size))
    }
  } catch {
    // ENOSPC is what was wanted.
  } finally {
    closeSync(descriptor)
  }
}

const skip = mounted ? {} : { skip: 'a small file system cannot be mounted here' }

t.test('a full disk: not acknowledged, said in words, and taken again once there is room', skip, async (t) => {
  const database = await openDatabase({ kind: 'sqlite', file: join(directory, 'gridlight.sqlite') })
  t.teardown(() => database.close())
  const source = await addSource(database)
  const fixture = await startAlarms(t, database)
  const mqtt = await startMqtt(t, fixture)
  const connect = () =>
    mqttPeer(t, `mqtt://127.0.0.1:${mqtt.port()}`, { username: source.id, password: source.password })
  const topic = `gridlight/v1/in/${source.id}/alarm`
  const acknowledged: string[] = []
  const first = await connect()
  const send = async (peer: typeof first, id: string): Promise<boolean> => {
    const sent = peer.client.publishAsync(topic, bytes(message(id, { text: 'x'.repeat(400) })), { qos: 1 }).then(
      () => true,
      () => false,
    )
    const isTaken = await Promise.race([sent, peer.closed.then(() => false)])
    if (isTaken) acknowledged.push(id)
    return isTaken
  }
  t.equal(await send(first, 'before'), true)
  const filler = join(directory, 'filler')
  fill(filler)
  let refused = ''
  for (let n = 0; n < 5000 && refused === ''; n++) if (!(await send(first, `a${n}`))) refused = `a${n}`
  t.not(refused, '', `refused after ${acknowledged.length} alarms`)
  await t.rejects(fixture.alarms.receive(source.id, bytes(message('b'))), /full|disk|SQLITE/i, 'the reason is in words')

  await unlink(filler)
  const second = await connect()
  t.equal(await send(second, refused), true, 'the same alarm again is taken, without a restart')
  t.equal(await send(second, 'after'), true)
  const rows = await database.client.alarm.findMany({ select: { sourceKey: true } })
  const stored = new Set(rows.map(({ sourceKey }) => sourceKey))
  t.strictSame(
    acknowledged.filter((id) => !stored.has(id)),
    [],
    'nothing acknowledged is lost',
  )
  t.equal(rows.length, stored.size)
  t.strictSame(await database.client.$queryRawUnsafe('PRAGMA integrity_check'), [{ integrity_check: 'ok' }])
})
