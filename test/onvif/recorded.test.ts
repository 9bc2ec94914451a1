import { existsSync, readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  parseSystemTime,
} from '../../gateway/onvif/device.ts'
import { chooseXaddr, parseDiscovery } from '../../gateway/onvif/discovery-message.ts'
import { parseProfiles, parseStreamUri } from '../../gateway/onvif/media.ts'
import { isLoginFault, parseSoap } from '../../gateway/onvif/soap.ts'
import { parseXaddr, rewriteUri } from '../../gateway/onvif/uri.ts'
import { childrenOf, PROFILES_LIMITS, textAt, type XmlElement } from '../../gateway/onvif/xml.ts'

const folder = new URL('../../../shared/fixtures/cameras/', import.meta.url)
const skip = existsSync(new URL('INDEX.md', folder)) ? false : 'recorded messages absent'
const rows = skip ? [] : readRows()

function readRows(): { file: string; expected: string }[] {
  return readFileSync(new URL('INDEX.md', folder), 'utf8')
    .split('\n')
    .map((line) => line.split(' | '))
    .filter((cells) => cells.length >= 4)
    .map((cells) => ({
      file: cells[0]?.replace(/^\|\s*/, '') ?? '',
      expected: (cells.slice(3).join(' | ') ?? '').replace(/\s*\|\s*$/, '').replaceAll('&lt;', '<'),
    }))
}

const bytesOf = (file: string): Buffer => readFileSync(new URL(file, folder))

t.test('recorded discovery answers, as their index says', { skip }, async (t) => {
  const listed = rows.filter(({ file }) => file.startsWith('discovery/'))
  t.equal(listed.length, 16, 'every listed message was checked')
  for (const { file, expected } of listed) {
    const message = parseDiscovery(bytesOf(file))
    const device = /(?:^|\. )([^.]+) at (http:\/\/([\d.]+)\S*?)(?: \(\+(\d+)\))?\.$/.exec(expected)
    if (device === null) {
      if (/fault-matchingrule/.test(file)) t.equal(message.kind, 'fault', file)
      else if (message.kind === 'announcements') t.same(message.devices, [], file)
      else t.equal(message.kind, 'ignored', file)
      continue
    }
    const [, name, uri, host = '', more = '0'] = device
    if (message.kind !== 'announcements') throw new Error(`${file}: ${message.kind}`)
    t.equal(message.devices.length, 1, file)
    const [found] = message.devices
    if (found === undefined) continue
    t.equal(found.name, name, `${file}: name`)
    t.equal(found.xaddrs.length, Number(more) + 1, `${file}: addresses`)
    const used = chooseXaddr(found, host)
    const wanted = parseXaddr(uri ?? '')
    t.same(used, { host, port: wanted?.port, path: wanted?.path }, `${file}: address`)
    t.match(found.endpointReference ?? '', /^urn:uuid:[0-9a-f-]{12,}$/, `${file}: endpoint reference`)
  }
})

t.test('recorded SOAP answers, as their index says', { skip }, async (t) => {
  const listed = rows.filter(({ file }) => file.startsWith('soap/'))
  t.equal(listed.length, 113, 'every listed message was checked')
  let specific = 0
  for (const { file, expected } of listed) {
    const started = performance.now()
    const message = parseSoap(bytesOf(file), PROFILES_LIMITS)
    t.ok(performance.now() - started < 500, `${file}: in time`)
    if (/bomb|DOCTYPE|External entities/.test(expected) || /bomb-/.test(file)) {
      t.equal(message.kind, 'unreadable', file)
      specific++
      continue
    }
    const fault = /Fault [\w-]+:(\w+) ((?:[\w-]+:\w+\/?)+): /.exec(expected)
    if (fault !== null || /Fault\.xml$/.test(file)) {
      if (message.kind !== 'fault') throw new Error(`${file}: ${message.kind}`)
      const codes = [fault?.[1], ...(fault?.[2]?.split('/').map((code) => code.split(':')[1]) ?? [])]
      if (fault !== null) t.same(message.fault.codes, codes, `${file}: codes`)
      t.ok(message.fault.text.length > 0, `${file}: text`)
      specific++
      continue
    }
    if (message.kind !== 'body') throw new Error(`${file}: ${message.kind}`)
    if (checkBody(t, file, expected, message.element)) specific++
  }
  t.ok(specific >= 100, `${specific} had an expectation that was checked`)
})

function checkBody(t: Test, file: string, expected: string, body: XmlElement): boolean {
  const name = /Parses as (\w+)\./.exec(expected)?.[1]
  if (name !== undefined) return t.equal(body.name, name, file)
  const services = /Service addresses: ([^.]+)\./.exec(expected)?.[1]
  if (services !== undefined) {
    const found = parseCapabilities(body)
    const known = services
      .split(', ')
      .filter((service) => !['AnalyticsDevice', 'Plus', 'extCapabilities'].includes(service))
    return t.equal(found.size, known.length, `${file}: ${services}`)
  }
  const count = /(\d+) services\./.exec(expected)?.[1]
  if (count !== undefined) return t.equal(parseServices(body).size, Number(count), file)
  const presets = /(\d+) preset\(s\)/.exec(expected)?.[1]
  if (presets !== undefined) return t.equal(childrenOf(body, 'Preset').length, Number(presets), file)
  const device = /Device: (.*), [^,]+\.$/.exec(expected)?.[1]
  if (device !== undefined) {
    const { manufacturer, model, firmware, serial } = parseDeviceInformation(body)
    return t.equal([manufacturer, model, firmware, serial].join(', '), device, file)
  }
  const utc = /UTC (\d{4}-\d\d-\d\dT[\d:]+|None)/.exec(expected)?.[1]
  if (utc !== undefined) {
    const { utcMs } = parseSystemTime(body)
    const isDate = utc !== 'None' && !utc.startsWith('0000')
    return t.equal(utcMs, isDate ? Date.parse(`${utc}Z`) : undefined, file)
  }
  const profiles = /(\d+) profile\(s\): (.*)\.$/.exec(expected)
  if (profiles !== null) {
    const told = parseProfiles(body).map(({ token, encoder }) => {
      if (encoder === undefined) return `${token} (no encoder) ?x?`
      if (encoder.codec === 'unknown') return `${token} (encoder without codec) ?x?`
      return `${token} ${encoder.codec.toUpperCase()} ${encoder.width}x${encoder.height}@${encoder.frameRate}`
    })
    return t.equal(told.join(', '), profiles[2], file)
  }
  const uri = /URI `([^`]+)`/.exec(expected)?.[1]
  if (uri !== undefined) return t.equal(parseStreamUri(body), uri, file)
  const hostname = /Host name (\S+)\./.exec(expected)?.[1]
  if (hostname !== undefined) return t.equal(textAt(body, 'HostnameInformation', 'Name'), hostname, file)
  const pullPoint = /Pull point `([^`]+)`/.exec(expected)?.[1]
  if (pullPoint !== undefined) {
    return t.equal(textAt(body, 'SubscriptionReference', 'Address') ?? 'None', pullPoint, file)
  }
  if (/HTTP:80 true/.test(expected)) return t.equal(childrenOf(body, 'NetworkProtocols').length, 3, file)
  return false
}

t.test('recorded oddities', { skip }, async (t) => {
  const body = (file: string): XmlElement => {
    const message = parseSoap(bytesOf(file), PROFILES_LIMITS)
    if (message.kind !== 'body') throw new Error(`${file}: ${message.kind}`)
    return message.element
  }
  t.equal(
    parseSystemTime(body('soap/malformed/time-local-only.xml')).localMs !== undefined &&
      new Date(parseSystemTime(body('soap/malformed/time-local-only.xml')).localMs ?? 0).toISOString().slice(11, 16),
    '12:31',
    'UTC-3 is ahead of UTC; a second of 60 is read',
  )
  t.match(parseStreamUri(body('soap/malformed/unescaped-ampersand-uri.xml')), /&.*&/, 'bare ampersands stay')
  t.match(parseDeviceInformation(body('soap/malformed/latin1-declared-utf8.xml')), { model: 'X1' })
  t.equal(parseDeviceInformation(body('soap/malformed/trailing-garbage.xml')).model !== undefined, true)
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.equal(
    rewriteUri(parseStreamUri(body('soap/malformed/streamuri-hostile.xml')) ?? '', { host: '192.0.2.7' }, ['rtsp']).ok,
    false,
    'a URI with blanks is refused',
  )
  const multicast = parseStreamUri(body('soap/hikvision-oem-enp1a14/media1_GetStreamUriResponse.xml')) ?? ''
  t.match(rewriteUri(multicast, { host: '192.0.2.7' }, ['rtsp']), {
    ok: true,
    uri: 'rtsp://192.0.2.7:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
  })
  const main = parseProfiles(body('soap/dahua/GetProfilesResponse_h265main.xml'))[0]
  t.match(main?.encoder, { codec: 'unknown', width: 2048, height: 1536 }, 'size from Bounds')
  const logins = ['dahua-notauthorized-attempts-left', 'tapo-authority-failure', 'wsse-failedauthentication']
  for (const name of logins) {
    const message = parseSoap(bytesOf(`soap/faults/${name}.xml`), PROFILES_LIMITS)
    t.ok(message.kind === 'fault' && isLoginFault(message.fault), name)
  }
})
