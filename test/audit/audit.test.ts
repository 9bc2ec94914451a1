import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { type Audit, createAudit } from '../../gateway/audit/audit.ts'
import { readCheckpointFile } from '../../gateway/audit/checkpoint-file.ts'
import { CHECKPOINT_ENTRIES, CHECKPOINT_INTERVAL_MS } from '../../gateway/audit/checkpoint-writer.ts'
import { loadSigner } from '../../gateway/audit/signer.ts'
import { verifyStored } from '../../gateway/audit/verify-stored.ts'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const ENTRY: NewAuditEntry = {
  action: 'camera-registered',
  actor: { kind: 'user', id: 'u1', name: '王', roles: ['installer'], sessionId: 's1' },
  object: 'camera:1',
  result: 'done',
  detail: { cellCode: '330783101001001' },
}

interface Fixture {
  database: Database
  clock: FakeClock
  audit: Audit
  keyFile: string
  outsideFile: string
}

async function fixture(t: Test, database: Database): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-audit-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const clock = new FakeClock()
  const [keyFile, outsideFile] = [join(directory, 'audit.key'), join(directory, 'outside.jsonl')]
  const log = pino({ level: 'silent' })
  const audit = createAudit({
    database,
    clock,
    log,
    newId: randomUUID,
    bootId: 'boot-1',
    keyFile,
    outside: { file: outsideFile },
  })
  return { database, clock, audit, keyFile, outsideFile }
}

const append = ({ database, audit }: Fixture, entry = ENTRY): Promise<void> =>
  database.transaction((tx) => audit.append(tx, entry))

const verify = ({ database }: Fixture) => verifyStored(database, { outside: [], trustedKeys: undefined })

await onBothDatabases(t, async (t, open: (t: Test) => Promise<Database>) => {
  await t.test('fifty writers at once make one whole chain', async (t) => {
    const subject = await fixture(t, await open(t))
    await Promise.all(Array.from({ length: 50 }, (_, n) => append(subject, { ...ENTRY, object: `camera:${n}` })))
    t.match(await verify(subject), { ok: true, entries: 50, last: 50n })
  })

  await t.test('several entries in one transaction follow one another', async (t) => {
    const subject = await fixture(t, await open(t))
    await subject.database.transaction(async (tx) => {
      await subject.audit.append(tx, ENTRY)
      await subject.audit.append(tx, ENTRY)
    })
    t.match(await verify(subject), { ok: true, entries: 2 })
  })

  await t.test('an entry goes back with what it records, and leaves no gap', async (t) => {
    const subject = await fixture(t, await open(t))
    await append(subject)
    await t.rejects(
      subject.database.transaction(async (tx) => {
        await subject.audit.append(tx, ENTRY)
        throw new Error('on purpose')
      }),
    )
    await append(subject)
    t.match(await verify(subject), { ok: true, entries: 2 })
  })

  await t.test('text from outside that the database could not hold is made harmless', async (t) => {
    const subject = await fixture(t, await open(t))
    const nasty = `a\u0000b\u001b[31m\ud800${'长'.repeat(500)}`
    await append(subject, { ...ENTRY, actor: { kind: 'anonymous', name: nasty }, why: nasty, detail: { nasty } })
    t.match(await verify(subject), { ok: true, entries: 1 })
    const row = await subject.database.client.auditEntry.findFirstOrThrow()
    t.equal(row.actorName.length, 300)
    t.match(row.actorName, /^a\ufffdb\ufffd\[31m\ufffd长/)
  })

  await t.test('an edit in the database is found', async (t) => {
    const subject = await fixture(t, await open(t))
    for (let n = 0; n < 5; n += 1) await append(subject)
    await subject.database.client.auditEntry.update({ where: { sequence: 3n }, data: { actorName: '李' } })
    t.match(await verify(subject), { ok: false, sequence: 3n, fault: 'changed' })
  })
})

t.test('an entry that cannot be written takes back what it records', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  await subject.database.client.$executeRawUnsafe(
    `CREATE TRIGGER full BEFORE INSERT ON "AuditEntry" BEGIN SELECT RAISE(ABORT, 'no space'); END`,
  )
  await t.rejects(
    subject.database.transaction(async (tx) => {
      await tx.setting.create({ data: { name: 'recorded', value: '1' } })
      await subject.audit.append(tx, ENTRY)
    }),
  )
  t.equal(await subject.database.client.setting.count(), 0)
})

t.test('a missing predecessor does not stop the gateway, and the verifier names the gap', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  for (let n = 0; n < 3; n += 1) await append(subject)
  await subject.database.client.auditEntry.delete({ where: { sequence: 3n } })
  await append(subject)
  t.match(await verify(subject), { ok: false, sequence: 3n, fault: 'missing' })
})

t.test('a detail can be erased and the chain still holds', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  for (let n = 0; n < 3; n += 1) await append(subject)
  await subject.database.client.auditEntry.update({
    where: { sequence: 2n },
    data: { detailJson: null, detailSalt: null },
  })
  t.match(await verify(subject), { ok: true, erasedDetails: 1 })
})

t.test('a detail beyond all bounds is a fault of ours', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  await t.rejects(append(subject, { ...ENTRY, detail: { text: 'x'.repeat(256 * 1024) } }), RangeError)
})

async function eventually(t: Test, what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 500; n += 1) {
    if (await condition()) return void t.pass(what)
    await new Promise(setImmediate)
  }
  t.fail(`${what} did not happen`)
}

t.test('a checkpoint is signed every minute, if there is something new', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  const { database, audit, clock, keyFile, outsideFile } = subject
  audit.start()
  t.teardown(() => audit.close())
  const count = (): Promise<number> => database.client.auditCheckpoint.count()
  await append(subject)
  await clock.advance(CHECKPOINT_INTERVAL_MS - 1)
  t.equal(await count(), 0)
  await clock.advance(1)
  await eventually(t, 'the checkpoint', async () => (await count()) === 1)
  await append(subject)
  await audit.close()
  t.equal(await count(), 2, 'closing signs what is left')
  t.equal((await stat(keyFile)).mode & 0o777, 0o600)

  const trustedKeys = [loadSigner(keyFile).publicKey]
  const outside = await readCheckpointFile(outsideFile)
  if (!outside.ok) throw new Error(outside.why)
  t.equal(outside.checkpoints.length, 2)
  t.match(await verifyStored(database, { outside: outside.checkpoints, trustedKeys }), {
    ok: true,
    checkpoints: 4,
  })
  t.match(await verify(subject), { ok: true, checkpoints: 2 })

  await database.client.auditEntry.delete({ where: { sequence: 2n } })
  await database.client.auditCheckpoint.deleteMany({ where: { sequence: 2n } })
  t.match(await verify(subject), { ok: false, sequence: 2n, fault: 'truncated' }, 'the counter knows')
  await database.client.counter.update({ where: { name: 'audit' }, data: { value: 1n } })
  t.match(await verify(subject), { ok: true }, 'cut in the database, checkpoint, counter and all')
  t.match(
    await verifyStored(database, { outside: outside.checkpoints, trustedKeys }),
    { ok: false, sequence: 2n, fault: 'truncated' },
    'which the outside copy finds',
  )
})

t.test('a checkpoint is signed after 100 entries, without waiting', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  subject.audit.start()
  t.teardown(() => subject.audit.close())
  await subject.database.transaction(async (tx) => {
    for (let n = 0; n < CHECKPOINT_ENTRIES; n += 1) await subject.audit.append(tx, ENTRY)
  })
  await eventually(t, 'the checkpoint', async () => (await subject.database.client.auditCheckpoint.count()) === 1)
})

t.test('nothing new, nothing signed', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  subject.audit.start()
  await subject.clock.advance(CHECKPOINT_INTERVAL_MS * 3)
  await subject.audit.close()
  t.equal(await subject.database.client.auditCheckpoint.count(), 0)
})

t.test('while the outside copy cannot be written nothing is called signed', async (t) => {
  const subject = await fixture(t, await temporaryDatabase(t))
  const log = pino({ level: 'silent' })
  const { database, clock, keyFile } = subject
  const outsideFile = join(keyFile, 'not-a-directory')
  const audit = createAudit({
    database,
    clock,
    log,
    newId: randomUUID,
    bootId: 'b',
    keyFile,
    outside: { file: outsideFile },
  })
  audit.start()
  await append(subject)
  await audit.close()
  t.equal(await database.client.auditCheckpoint.count(), 0)
})

t.test('a key that others can read is refused', async (t) => {
  const { chmod } = await import('node:fs/promises')
  const { keyFile } = await fixture(t, await temporaryDatabase(t))
  const { publicKey } = loadSigner(keyFile)
  t.same(loadSigner(keyFile).publicKey, publicKey, 'the same key at the next start')
  t.match(await readFile(keyFile, 'utf8'), /BEGIN PRIVATE KEY/)
  await chmod(keyFile, 0o640)
  t.throws(() => loadSigner(keyFile), /can be read by other users/)
})
