import { randomBytes, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { insertPanelAccount } from '../../gateway/alarms/panel-accounts.ts'
import { sealChannel, sealPhone } from '../../gateway/notify/channel-store.ts'
import { openLogin, sealLogin } from '../../gateway/registry/sealed-login.ts'
import { sealPhoto } from '../../gateway/registry/sealed-photo.ts'
import { lockDataDir } from '../../gateway/storage/data-dir-lock.ts'
import { createVault, loadMasterKeys } from '../../gateway/vault.ts'
import { commandLine } from '../fakes/command-line.ts'
import { seedPrivateLink } from '../fakes/private-link.ts'

t.test('a backup is made while the gateway writes, whole and readable by its owner only', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const file = join(dataDir, 'backup.sqlite')
  t.match(await run(['backup', file]), { code: 66 })
  await run(['user', 'add', 'wang', '--role', 'operator'])
  await inDatabase(async (database) => {
    await database.transaction(async (tx) => {
      // The backup sees the moment before this transaction, and neither waits for the other.
      await tx.setting.create({ data: { name: 'later', value: '1' } })
      t.match(await run(['backup', file]), { code: 0 })
    })
  })
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.match(await run(['backup', file]), { code: 1, err: /exists already/ })
  t.match(await run(['restore', file]), { code: 0 })
  await inDatabase(async ({ client }) => {
    t.equal(await client.user.count(), 1)
    t.equal(await client.setting.count(), 0)
  })
})

t.test('an old consent and an old session do not come back with a restored database', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const file = join(dataDir, 'backup.sqlite')
  await run(['user', 'add', 'wang', '--role', 'operator'])
  const links = await inDatabase(async (database) => {
    const seeded = []
    for (const state of ['active', 'paused', 'revoked']) seeded.push(await seedPrivateLink(database, { state }))
    await database.client.session.create({
      data: {
        id: randomUUID(),
        tokenHash: 'h',
        kind: 'owner',
        invitationId: seeded[0]?.invitationId ?? null,
        createdAt: new Date(),
        lastSeenAt: new Date(),
        expiresAt: new Date(Date.now() + 1e6),
      },
    })
    return seeded
  })
  await run(['backup', file])
  await inDatabase(({ client }) => client.link.updateMany({ data: { state: 'revoked' } }))
  const restored = await run(['restore', file])
  t.match(restored, { code: 0, out: /wait for their owner: 2/ })
  await inDatabase(async ({ client }) => {
    const states = await Promise.all(
      links.map(async ({ linkId }) => client.link.findUniqueOrThrow({ where: { id: linkId } })),
    )
    t.match(states, [
      { state: 'awaiting-consent', stateReason: 'restored' },
      { state: 'awaiting-consent', stateReason: 'restored' },
      { state: 'revoked' },
    ])
    t.equal(await client.session.count({ where: { endedAt: null } }), 0)
    const actions = (await client.auditEntry.findMany({ orderBy: { sequence: 'asc' } })).map(({ action }) => action)
    t.same(actions, ['user-created', 'link-state-changed', 'link-state-changed', 'database-restored'])
  })
  t.match(await run(['audit', 'verify']), { code: 0 })
  const kept = (await readdir(dataDir)).filter((name) => name.startsWith('gridlight.before-restore-'))
  t.ok(kept.length >= 1, 'the old file is kept')
})

t.test('nothing is restored while a gateway runs, nor from what is no database of ours', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const file = join(dataDir, 'backup.sqlite')
  await run(['user', 'add', 'wang', '--role', 'operator'])
  await run(['backup', file])
  const lock = lockDataDir(dataDir)
  t.match(await run(['restore', file]), { code: 1, err: /in use by another gateway/ })
  lock.release()
  t.match(await run(['restore', join(dataDir, 'none')]), { code: 66 })
  const bytes = await readFile(file)
  const damaged = join(dataDir, 'damaged.sqlite')
  await writeFile(damaged, Buffer.concat([bytes.subarray(0, 4096), randomBytes(bytes.length - 4096)]))
  t.match(await run(['restore', damaged]), { code: 1, err: /not a whole database/ })
  await writeFile(damaged, 'hello')
  t.match(await run(['restore', damaged]), { code: 1, err: /not a whole database/ })
  t.equal(await inDatabase(({ client }) => client.user.count()), 1, 'the database is untouched')
})

t.test('a damaged database is set aside and the backup takes its place', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const file = join(dataDir, 'backup.sqlite')
  await run(['user', 'add', 'wang', '--role', 'operator'])
  await run(['backup', file])
  await writeFile(join(dataDir, 'gridlight.sqlite'), randomBytes(8192))
  t.match(await run(['restore', file]), { code: 0 })
  t.equal(await inDatabase(({ client }) => client.user.count()), 1)
})

t.test('with PostgreSQL its own tools are named', async (t) => {
  const { run, dataDir } = await commandLine(t, { GRIDLIGHT_DATABASE_URL: 'postgresql://127.0.0.1:1/none' })
  await mkdir(dataDir)
  t.match(await run(['backup', join(dataDir, 'x')]), { code: 1, err: /pg_dump/ })
})

t.test('key rotate seals every login with a new key, and old keys still open old backups', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const keyFile = join(dataDir, 'master.key')
  t.match(await run(['key', 'rotate']), { code: 66 })
  await run(['user', 'add', 'wang', '--role', 'operator'])
  const oldVault = createVault(loadMasterKeys(keyFile))
  const login = { username: 'admin', password: 'canary-8471' }
  const deviceId = await inDatabase(async (database) => {
    const { client } = database
    const { deviceId } = await seedPrivateLink(database, {})
    await seedPrivateLink(database, {})
    await client.device.update({
      where: { id: deviceId },
      data: { sealedCredentials: sealLogin(oldVault, deviceId, login) },
    })
    const [channelId, userId, photoId, sourceId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
    const at = new Date(0)
    const settings = { url: 'https://robot.example/?key=canary-8472' }
    await client.channel.create({
      data: {
        id: channelId,
        name: '值班群',
        kind: 'wecom',
        sealedSettings: sealChannel(oldVault, channelId, settings),
        position: 0,
        host: 'robot.example',
        networksJson: '[]',
        ratePerMinute: 20,
        language: 'zh',
        enabled: true,
        createdAt: at,
      },
    })
    await client.contact.create({
      data: { userId, sealedPhone: sealPhone(oldVault, userId, '13900000000'), updatedAt: at },
    })
    await client.cameraPhoto.create({
      data: {
        id: photoId,
        cameraId: randomUUID(),
        kind: 'sign',
        sealedJpeg: sealPhoto(oldVault, photoId, Buffer.from('jpeg')),
        sizeBytes: 4,
        takenAt: at,
        byName: '王',
      },
    })
    await database.transaction((tx) =>
      insertPanelAccount(tx, oldVault, sourceId, { account: 'C0DE', key: 'a0'.repeat(16) }),
    )
    return deviceId
  })
  const lock = lockDataDir(dataDir)
  t.match(await run(['key', 'rotate']), { code: 1, err: /in use/ })
  lock.release()
  t.equal(loadMasterKeys(keyFile).length, 1)
  const before = await inDatabase(({ client }) => client.device.findUniqueOrThrow({ where: { id: deviceId } }))
  const rotated = await run(['key', 'rotate'])
  t.match(rotated, { code: 0, out: /sealed anew: 5\n.*camera logins 1.*panel keys 1\n.*phone numbers 2.*photos 1/ })
  t.equal((await stat(keyFile)).mode & 0o777, 0o600)
  const keys = loadMasterKeys(keyFile)
  t.equal(keys.length, 2)
  const newVault = createVault(keys)
  const after = await inDatabase(({ client }) => client.device.findUniqueOrThrow({ where: { id: deviceId } }))
  t.equal(after.sealedCredentials?.[0], 1, 'sealed with key number 1')
  const others = await inDatabase(async ({ client }) => [
    (await client.channel.findFirstOrThrow()).sealedSettings,
    (await client.contact.findFirstOrThrow()).sealedPhone,
    (await client.cameraPhoto.findFirstOrThrow()).sealedJpeg,
    (await client.panelAccount.findFirstOrThrow()).sealedKey,
  ])
  t.same(
    others.map((sealed) => sealed?.[0]),
    [1, 1, 1, 1],
    'channel, phone number, photo and panel key as well',
  )
  t.same(openLogin(newVault, deviceId, after.sealedCredentials), login)
  t.same(openLogin(newVault, deviceId, before.sealedCredentials), login, 'an old backup still opens')
  t.throws(() => openLogin(oldVault, deviceId, after.sealedCredentials), /no key number 1/)
  t.equal(await inDatabase(({ client }) => client.auditEntry.count({ where: { action: 'key-rotated' } })), 1)
})
