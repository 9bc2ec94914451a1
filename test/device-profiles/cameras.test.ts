import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { parseDiscovery } from '../../gateway/onvif/discovery-message.ts'
import { DeviceProfile } from '../../gateway/registry/device-profile.ts'
import { type Evidence, matchProfile } from '../../gateway/registry/match.ts'
import { readProfiles } from '../../gateway/registry/profile-files.ts'

const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
const profiles = read.ok ? read.profiles : []

t.test('every file is sound', async (t) => {
  t.same(read.ok ? [] : read.faults, [])
  const ids = ['axis', 'bosch', 'dahua', 'generic', 'hanwha', 'hikvision', 'reolink', 'tplink', 'uniview', 'xm']
  t.same(
    profiles.map(({ id }) => id),
    ids,
  )
  t.equal(new Set(profiles.map(({ title }) => title)).size, profiles.length, 'titles are unique')
  for (const { id, match, facts } of profiles) {
    t.equal(match.any.length > 0, id !== 'generic', `${id}: hints`)
    for (const { source } of facts) t.notMatch(source, /https?:/, `${id}: sources are references`)
  }
})

t.test('a mistake is told', async (t) => {
  const sound = profiles.find(({ id }) => id === 'dahua')
  const cases: [string, object][] = [
    ['unknown field', { ...sound, brand: 'x' }],
    ['unknown quirk', { ...sound, quirks: ['fast'] }],
    ['no fact', { ...sound, facts: [] }],
    ['a hint without condition', { ...sound, match: { any: [{ weight: 1 }] } }],
    ['a path without slash', { ...sound, streams: { main: 'x' } }],
  ]
  t.ok(DeviceProfile.safeParse(sound).success)
  for (const [name, profile] of cases) t.notOk(DeviceProfile.safeParse(profile).success, name)
})

t.test('the example of the guide is sound, and the same in both languages', async (t) => {
  const examples = ['en', 'zh-CN'].map((language) => {
    const guide = readFileSync(resolve(import.meta.dirname, `../../docs/guide/${language}/adding-a-make.md`), 'utf8')
    return DeviceProfile.parse(JSON.parse(/```json\n(.*?)```/s.exec(guide)?.[1] ?? ''))
  })
  t.same(examples[0], examples[1])
  const [example] = examples
  if (example === undefined) throw new Error('no example')
  t.equal(matchProfile([...profiles, example], { manufacturer: 'Milesight Technology' }).id, example.id)
})

t.test('who is it', async (t) => {
  const cases: [string, Evidence, string][] = [
    ['by manufacturer', { manufacturer: 'HIKVISION' }, 'hikvision'],
    ['by part of it', { manufacturer: 'Zhejiang Dahua Technology' }, 'dahua'],
    ['OEM without a name, by path', { manufacturer: 'ONVIF', paths: ['/Streaming/Channels/101'] }, 'hikvision'],
    ['by scope', { scopes: ['onvif://www.onvif.org/name/AXIS%20M2025-LE'] }, 'axis'],
    ['by MAC', { endpointReference: 'urn:uuid:00075fd4-0000-0000-0000-00075fd4e1a2' }, 'bosch'],
    ['scope and port together', { scopes: ['onvif://www.onvif.org/hardware/IPC-model'], port: 8899 }, 'xm'],
    ['scope alone is not enough', { scopes: ['onvif://www.onvif.org/hardware/IPC-model'] }, 'generic'],
    ['more weight wins', { manufacturer: 'dahua', paths: ['/Streaming/Channels/101'] }, 'dahua'],
    ['nothing known', {}, 'generic'],
  ]
  for (const [name, evidence, id] of cases) t.equal(matchProfile(profiles, evidence).id, id, name)
})

const folder = new URL('../../../shared/fixtures/cameras/', import.meta.url)
const skip = existsSync(folder) ? false : 'recorded messages absent'
t.test('recorded announcements', { skip }, async (t) => {
  const cases: [string, string, number][] = [
    ['amcrest-ip5m-b1186e', 'dahua', 80],
    ['axis-m2025-le', 'axis', 80],
    ['bosch-flexidome-8000i', 'bosch', 80],
    ['hanwha-envelope', 'hanwha', 80],
    ['hikvision-ds-2cd3955fwd-iws', 'hikvision', 80],
    ['reolink-trackmix', 'reolink', 8000],
    ['tplink-tapo-c200', 'tplink', 2020],
    ['herospeed-8999', 'generic', 8999],
  ]
  for (const [name, id, port] of cases) {
    const message = parseDiscovery(readFileSync(new URL(`discovery/${name}.xml`, folder)))
    const device = message.kind === 'announcements' ? message.devices[0] : undefined
    t.equal(
      matchProfile(profiles, {
        ...device,
        port,
        manufacturer: device?.manufacturer ?? '',
        model: device?.model ?? '',
        endpointReference: device?.endpointReference ?? '',
      }).id,
      id,
      name,
    )
  }
  const named = profiles.flatMap(({ tests }) => tests ?? [])
  for (const name of named) t.ok(existsSync(new URL(name, folder)), `${name} exists`)
  t.ok(named.length >= 15)
})
