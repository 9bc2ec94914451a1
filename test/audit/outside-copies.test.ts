import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t from 'tap'
import { createAudit } from '../../gateway/audit/audit.ts'
import { readCheckpointFile } from '../../gateway/audit/checkpoint-file.ts'
import { CHECKPOINT_ENTRIES, CHECKPOINT_INTERVAL_MS } from '../../gateway/audit/checkpoint-writer.ts'
import { verifyStored } from '../../gateway/audit/verify-stored.ts'
import { loadConfig } from '../../gateway/config.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { startTestGateway } from '../fakes/gateway.ts'

const log = pino({ level: 'silent' })

t.test('a witness takes every checkpoint, and one that was away catches up', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-outside-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const posted: string[] = []
  let status = 500
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (status < 300) posted.push(Buffer.concat(chunks).toString())
    response.writeHead(status).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const [database, clock, file] = [await temporaryDatabase(t), new FakeClock(), join(directory, 'checkpoints.jsonl')]
  const audit = createAudit({
    ...{ database, clock, log, newId: randomUUID, bootId: 'boot', keyFile: join(directory, 'audit.key') },
    outside: { file, url: `http://127.0.0.1:${port}/checkpoints` },
  })
  audit.start()
  t.teardown(() => audit.close())
  const append = (): Promise<void> =>
    database.transaction((tx) =>
      audit.append(tx, {
        action: 'grid-imported',
        actor: { kind: 'system', name: 'test' },
        object: 'grid',
        result: 'done',
      }),
    )
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const deadlineMs = performance.now() + 10_000
    while (!holds()) {
      if (performance.now() > deadlineMs) throw new Error(`not seen: ${what}`)
      await new Promise(setImmediate)
    }
  }

  await append()
  await clock.advance(CHECKPOINT_INTERVAL_MS)
  await until('both', () => audit.outsideCopies().every((place) => place.fault ?? place.lastSentAt !== undefined))
  t.match(audit.outsideCopies(), [
    { kind: 'file', lastSentAt: String },
    { kind: 'https', fault: /answered 500/ },
  ])
  status = 204
  await clock.advance(CHECKPOINT_INTERVAL_MS)
  await until('the copy', () => posted.length === 1)
  t.equal(
    posted[0],
    (await readFile(file, 'utf8')).trim(),
    'the same words everywhere, and nothing new was signed for it',
  )
  await until('no fault', () => audit.outsideCopies().every(({ fault }) => fault === undefined))

  // Whoever holds database and key builds the whole chain anew: the copy outside still tells.
  await database.client.auditEntry.deleteMany({})
  await database.client.auditCheckpoint.deleteMany({})
  await database.client.counter.update({ where: { name: 'audit' }, data: { value: 0n } })
  await append()
  const copy = join(directory, 'copy.jsonl')
  await writeFile(copy, posted.join('\n'))
  const read = await readCheckpointFile(copy)
  if (!read.ok) throw new Error(read.why)
  t.match(await verifyStored(database, { outside: [], trustedKeys: undefined }), { ok: true }, 'whole by itself')
  t.match(await verifyStored(database, { outside: read.checkpoints, trustedKeys: undefined }), {
    ok: false,
    sequence: 1n,
    fault: 'rebuilt',
  })
})

t.test('the broker keeps the newest checkpoint', async (t) => {
  const topic = 'witness/gridlight'
  const gateway = await startTestGateway(t, { GRIDLIGHT_AUDIT_CHECKPOINT_TOPIC: topic })
  const headers = { authorization: `Bearer ${await gateway.token('auditor')}` }
  const list = (): Promise<{ outside: unknown[]; items: unknown[] }> =>
    gateway.app.inject({ url: '/api/v1/audit/checkpoints', headers }).then((reply) => reply.json())
  t.match((await list()).outside, [{ kind: 'mqtt' }], 'the auditor is told where copies go')
  for (let entry = 0; entry < CHECKPOINT_ENTRIES; entry += 1) {
    await gateway.app.inject({ url: '/api/v1/audit?limit=1', headers })
  }
  let answer = await list()
  while (answer.items.length === 0) answer = await list()
  t.match(answer.outside, [{ kind: 'mqtt', lastSentAt: String }])
  const metrics = (await gateway.app.inject({ url: '/metrics' })).body
  t.match(metrics, /gridlight_audit_outside_copies\{place="mqtt"\} 1/)
})

t.test('places are checked at the start', async (t) => {
  const faultsOf = (environment: Record<string, string>): string => {
    const loaded = loadConfig(environment)
    return loaded.ok ? '' : loaded.faults.join('\n')
  }
  t.match(faultsOf({ GRIDLIGHT_AUDIT_CHECKPOINT_URL: 'http://witness.example/x' }), /must begin with https/)
  t.match(faultsOf({ GRIDLIGHT_AUDIT_CHECKPOINT_TOPIC: 'a/#' }), /without \+ or #/)
  const inside = { GRIDLIGHT_DATA_DIR: '/var/lib/gridlight', GRIDLIGHT_AUDIT_CHECKPOINT_FILE: '/var/lib/gridlight/c' }
  t.match(faultsOf(inside), /lies in the data directory/)
  t.equal(faultsOf({ ...inside, GRIDLIGHT_AUDIT_CHECKPOINT_FILE: '/mnt/witness/c' }), '')
})
