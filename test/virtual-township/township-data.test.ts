import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t from 'tap'
import { loadTownship, TOWNSHIP_FILE } from '../../scripts/virtual-township/township-data.ts'

t.test('our township is what installers and developers need', async (t) => {
  const { devices, makes, grid, panels } = await loadTownship()
  const channels = devices.flatMap((device) => device.channels)
  t.equal(new Set(devices.map((device) => device.make)).size, 10, 'every device is of another make')
  t.equal(makes.size, 10)
  t.ok(
    devices.some(({ main, sub }) => main.codec === 'h265' && sub.codec === 'h264'),
    'H.265 main stream',
  )
  t.ok(
    devices.some(({ main, sub }) => main.codec === 'jpeg' && sub.codec === 'jpeg'),
    'one that has JPEG and nothing else',
  )
  const heard = devices.filter(({ hasSound }) => hasSound).flatMap((device) => device.channels)
  t.ok(
    heard.some(({ link }) => link.scopes.includes('audio')),
    'one that may be heard',
  )
  t.ok(
    devices.some((device) => device.channels.length === 4),
    'a recorder with four channels',
  )
  t.ok(
    devices.some((device) => device.dropsOut !== undefined),
    'one that drops out',
  )
  t.ok(
    devices.some((device) => device.register === 'rtsp'),
    'one without ONVIF',
  )
  t.equal(grid.features.filter((feature) => feature.properties.level === 'cell').length, 3)
  t.same(
    grid.features.filter(({ properties }) => properties.level === 'cell' && !/^\d{15}$/.test(properties.code)),
    [],
    'cells have 15 digits',
  )
  t.ok(channels.some(({ ownership }) => ownership === 'public'))
  t.equal(channels.filter(({ ownership, link }) => ownership === 'private' && !link.consented).length, 1)
  t.equal(panels.length, 3)
})

t.test('faults of the data are named', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'township-'))
  t.teardown(() => rm(dir, { recursive: true }))
  await cp(dirname(TOWNSHIP_FILE), dir, { recursive: true })
  const file = join(dir, 'township.json')
  const text = await readFile(TOWNSHIP_FILE, 'utf8')
  const cases: [name: string, change: (plan: string) => string, fault: RegExp][] = [
    ['unknown make', (plan) => plan.replace('"make": "dahua"', '"make": "nobody"'), /no make nobody/],
    ['same host twice', (plan) => plan.replace('"host": 2,', '"host": 1,'), /host 1 twice/],
    ['outside its cell', (plan) => plan.replace('"lon": 119.604,', '"lon": 118.1,'), /not inside its cell/],
    ['a make without ONVIF', (plan) => plan.replace('"make": "axis"', '"make": "ezviz"'), /its make has no ONVIF/],
    ['JPEG that is not in blocks', (plan) => plan.replace('"height": 216', '"height": 212'), /whole blocks of eight/],
    ['an unknown field', (plan) => plan.replace('"loopSeconds"', '"loopMinutes"'), /loopMinutes/],
  ]
  for (const [name, change, fault] of cases) {
    await writeFile(file, change(text))
    await t.rejects(loadTownship(file), { message: fault }, name)
  }
})
