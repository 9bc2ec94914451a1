import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type SeedOptions, seedTownship } from '../../scripts/virtual-township/seed.ts'
import { loadTownship } from '../../scripts/virtual-township/township-data.ts'
import { scriptedGateway } from './scripted-gateway.ts'

t.test('a gateway is filled as people would fill it, and nothing comes twice', async (t) => {
  const gateway = await scriptedGateway()
  const dir = await mkdtemp(join(tmpdir(), 'seed-'))
  t.teardown(async () => {
    await gateway.close()
    await rm(dir, { recursive: true })
  })
  const data = await loadTownship()
  const found = data.devices.map(({ id, host, register, channels }) => ({
    id,
    onvif: register === 'onvif' ? `127.0.1.${host}:8080` : null,
    channels: channels.map((channel, at) => ({
      id: channel.id,
      sourceToken: `source-${at}`,
      mainUri: `rtsp://127.0.1.${host}:8554/main`,
      subUri: `rtsp://127.0.1.${host}:8554/sub`,
    })),
  }))
  const { baseUrl, adminPassword } = gateway
  const stateFile = join(dir, 'panels.json')
  const { signal } = new AbortController()
  const options: SeedOptions = {
    baseUrl,
    adminPassword,
    peoplePassword: 'ten characters',
    data,
    found,
    stateFile,
    signal,
  }
  const counts = (): number[] => [
    gateway.users.length,
    gateway.cameras.length,
    gateway.links.length,
    gateway.sources.length,
  ]

  gateway.unreachable.add('后山水库')
  await seedTownship(options)
  t.same(counts(), [data.people.length, 12, 12, 3], 'a camera that is gone just now is left out')

  gateway.unreachable.clear()
  const first = await seedTownship(options)
  t.same(counts(), [data.people.length, 13, 13, 3], 'and comes in the next time')
  t.equal(Object.keys(first.cameraIds).length, 13)
  t.same(
    gateway.links.map(({ state }) => state).sort(),
    [...Array(12).fill('active'), 'awaiting-consent'],
    'owners have consented, but for one',
  )
  t.match(gateway.cameras.find(({ name }) => name === '卫生院大门')?.source, { kind: 'rtsp', username: 'admin' })
  t.match(gateway.cameras.find(({ name }) => name === '中心小学操场')?.source, { kind: 'onvif', channel: 'source-1' })
  t.equal(first.invitations.length, 7, 'every owner has a way in, those of the first round too')
  t.equal((await stat(stateFile)).mode & 0o777, 0o600)

  const second = await seedTownship(options)
  t.same(second, first, 'the same answer')
  t.same(counts(), [data.people.length, 13, 13, 3], 'nothing twice')

  const consented = gateway.links.find(({ cameraId }) => cameraId === first.cameraIds.liangzhan)
  if (consented !== undefined) consented.state = 'awaiting-consent'
  await seedTownship(options)
  t.same(
    gateway.links.filter(({ cameraId }) => cameraId === first.cameraIds.liangzhan).map(({ state }) => state),
    ['revoked', 'active'],
    'an invitation that was lost is replaced',
  )

  await t.rejects(seedTownship({ ...options, adminPassword: 'wrong' }), { name: 'SeedError', status: 401 })
})
