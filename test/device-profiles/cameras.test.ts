import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { parseDiscovery } from '../../gateway/onvif/discovery-message.ts'
import { DeviceProfile } from '../../gateway/probe/device-profile.ts'
import { type Evidence, matchProfile } from '../../gateway/probe/match.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'

const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
const profiles = read.ok ? read.profiles : []

t.test('every file is sound', async (t) => {
  t.same(read.ok ? [] : read.faults, [])
  const makes = ['hikvision', 'dahua', 'uniview', 'tplink', 'reolink', 'axis', 'hanwha', 'bosch', 'ezviz', 'xm']
  const others = ['tiandy', 'kedacom', 'herospeed', 'yoosee', 'v380', 'milesight', 'ipnc', 'generic']
  t.same(profiles.map(({ id }) => id).sort(), [...makes, ...others].sort())
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

t.test('a broken file is told by file, field and reason', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const fact = { claim: 'c', sure: 'H', source: 'a capture' }
  const sound = { id: 'generic', title: 'any', match: { any: [] }, facts: [fact] }
  const make = (id: string, more: object = {}): object => ({
    ...sound,
    id,
    match: { any: [{ manufacturer: id, weight: 9 }] },
    ...more,
  })
  const write = (name: string, content: object | string): void =>
    writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content))
  write('generic.json', sound)
  write('above.json', make('above', { streams: { main: '/a{channel}', transport: 'udp' }, quirks: ['lenientXml'] }))
  write('below.json', make('below', { extends: 'above', streams: { main: '/b{channel}' } }))
  const good = readProfiles(directory)
  t.match(
    good.ok ? good.profiles.find(({ id }) => id === 'below') : good.faults,
    { streams: { main: '/b{channel}', transport: 'udp' }, quirks: ['lenientXml'] },
    'a family says only what is otherwise',
  )
  const rewrite = (one: object, id = 'rewrite'): object => make(id, { streams: { rewrites: [one] } })
  const cases: [file: string, content: object | string, fault: RegExp][] = [
    ['syntax.json', '{ "id": ', /^syntax\.json: not JSON: /],
    ['list.json', '[]', /^list\.json: not a JSON object/],
    ['name.json', make('other'), /^name\.json: id: "other" is not the file's name/],
    ['field.json', make('field', { brand: 'x' }), /^field\.json: Unrecognized key: "brand"/],
    ['quirk.json', make('quirk', { quirks: ['fast'] }), /^quirk\.json: quirks\.0: Invalid option/],
    ['hint.json', make('hint', { match: { any: [] } }), /^hint\.json: match\.any: no hint/],
    [
      'url.json',
      make('url', { facts: [{ ...fact, source: 'https://x' }] }),
      /^url\.json: facts\.0\.source: a reference/,
    ],
    ['orphan.json', make('orphan', { extends: 'nobody' }), /^orphan\.json: extends: there is no profile "nobody"/],
    ['circle.json', make('circle', { extends: 'circle' }), /^circle\.json: extends: a circle/],
    [
      'stream.json',
      make('stream', { streams: { main: '/{chanel}' } }),
      /^stream\.json: streams\.main: \{chanel\} is not/,
    ],
    ['rewrite.json', rewrite({ from: 'a' }), /^rewrite\.json: streams\.rewrites\.0\.to: /],
    ['empty.json', rewrite({ from: '', to: 'b' }, 'empty'), /^empty\.json: streams\.rewrites\.0\.from: /],
    ['same.json', rewrite({ from: 'a', to: 'a' }, 'same'), /^same\.json: streams\.rewrites\.0: changes nothing/],
    ['host.json', rewrite({ from: 'a', to: 'rtsp://b' }, 'host'), /^host\.json: streams\.rewrites\.0\.to: a part of/],
    ['filled.json', rewrite({ from: 'a', to: '{user}' }, 'filled'), /^filled\.json: streams\.rewrites\.0: plain text/],
    ['fact.json', make('fact', { facts: [] }), /^fact\.json: facts: /],
  ]
  for (const [file, content, fault] of cases) {
    write(file, content)
    const read = readProfiles(directory)
    t.match(read.ok ? [] : read.faults, [fault], file)
    t.equal(read.ok ? 0 : read.faults.length, 1, `${file}: this alone`)
    rmSync(join(directory, file))
  }
  rmSync(join(directory, 'generic.json'))
  const none = readProfiles(directory)
  t.match(none.ok ? [] : none.faults, [/^generic\.json: missing/])
})

t.test('the example of the guide is sound, and the same in both languages', async (t) => {
  const examples = ['en', 'zh-CN'].map((language) => {
    const guide = readFileSync(resolve(import.meta.dirname, `../../docs/guide/${language}/adding-a-make.md`), 'utf8')
    return DeviceProfile.parse(JSON.parse(/```json\n(.*?)```/s.exec(guide)?.[1] ?? ''))
  })
  t.same(examples[0], examples[1])
  const [example] = examples
  if (example === undefined) throw new Error('no example')
  t.notOk(
    profiles.some(({ id }) => id === example.id),
    'and still to be written',
  )
  t.equal(matchProfile([...profiles, example], { manufacturer: 'Vivotek Inc.' }).id, example.id)
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
    ['herospeed-8999', 'herospeed', 8999],
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
