import { existsSync, readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import {
  parseCapabilities,
  parseDeviceInformation,
  parseServices,
  parseSystemTime,
} from '../../gateway/onvif/device.ts'
import { chooseXaddr, parseDiscovery, probeMessage } from '../../gateway/onvif/discovery-message.ts'
import { chooseStreams, parseProfiles, parseStreamUri } from '../../gateway/onvif/media.ts'
import {
  attemptsLeft,
  envelope,
  isClockFault,
  isLocked,
  isLoginFault,
  NS,
  parseSoap,
} from '../../gateway/onvif/soap.ts'
import { parseXaddr, rewriteUri } from '../../gateway/onvif/uri.ts'
import { SOAP_LIMITS } from '../../gateway/onvif/xml.ts'

const INPUTS = 10_000
const SEED = 20_260_302
const SLOW_MS = 50

/** mulberry32: small, seeded, good enough to choose bytes. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const TOKENS = [
  '<',
  '>',
  '</',
  '/>',
  '&#x41;',
  '&amp;',
  '&x;',
  '"',
  ' xmlns:a="b"',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?x',
  '<!DOCTYPE a>',
  '__proto__',
  'constructor',
  ':',
  '\0',
  '\uFEFF',
  '-1',
  '1e999',
  '9'.repeat(40),
  '<a>'.repeat(80),
]

function mutate(seed: Buffer, next: () => number): Buffer {
  let bytes = Buffer.from(seed)
  const times = 1 + Math.floor(next() * 6)
  for (let at = 0; at < times; at++) {
    const where = Math.floor(next() * bytes.length)
    const length = Math.floor(next() * 60)
    const kind = Math.floor(next() * 6)
    if (kind === 0 && bytes.length > 0) bytes[where] = Math.floor(next() * 256)
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + length)])
    else if (kind === 2) bytes = bytes.subarray(0, where)
    else if (kind === 3)
      bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where - Math.min(where, length))])
    else {
      const token = Buffer.from(TOKENS[Math.floor(next() * TOKENS.length)] ?? '')
      bytes = Buffer.concat([bytes.subarray(0, where), token, bytes.subarray(where)])
    }
  }
  return Buffer.from(bytes)
}

/** A pause of the machine is no fault of the parser: what was slow once is timed again. */
function quickest(bytes: Buffer): number {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now()
    parseDiscovery(bytes)
    parseSoap(bytes, SOAP_LIMITS)
    return performance.now() - started
  })
  return Math.min(...times)
}

const profiles = (token: string): string =>
  `<m:Profiles token="${token}" fixed="true"><t:Name>n</t:Name><t:VideoSourceConfiguration><t:SourceToken>s</t:SourceToken><t:Bounds width="9" height="9"/></t:VideoSourceConfiguration><t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>640</t:Width><t:Height>480</t:Height></t:Resolution></t:VideoEncoderConfiguration></m:Profiles>`
const own = [
  probeMessage('typed', 'x'),
  envelope(
    `<m:GetProfilesResponse xmlns:m="${NS.media}" xmlns:t="${NS.schema}">${profiles('a')}${profiles('b')}</m:GetProfilesResponse>`,
  ),
  envelope(
    `<d:ProbeMatches xmlns:d="${NS.discovery}" xmlns:a="${NS.addressing}"><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Types xmlns:n="${NS.network}">n:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/a%20b</d:Scopes><d:XAddrs>http://192.0.2.7/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches>`,
  ),
  envelope(
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>5 attempts left</s:Text></s:Reason></s:Fault>',
  ),
  envelope(
    `<m:GetStreamUriResponse xmlns:m="${NS.media}"><m:MediaUri><m:Uri>rtsp://192.0.2.9/a?b=1&amp;c=2</m:Uri></m:MediaUri></m:GetStreamUriResponse>`,
  ),
].map((text) => Buffer.from(text))

const folder = new URL('../../../shared/fixtures/cameras/', import.meta.url)
function recorded(): Buffer[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.xml') && !entry.name.startsWith('bomb-'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`))
    .filter((bytes) => bytes.length < 8 * 1024)
}

t.test(`${INPUTS} broken messages change nothing`, async (t) => {
  const next = random(SEED)
  const seeds = [...own, ...recorded()]
  let slowest = 0
  const seen = { devices: 0, bodies: 0, faults: 0, streams: 0, uris: 0 }
  for (let at = 0; at < INPUTS; at++) {
    const bytes = mutate(seeds[Math.floor(next() * seeds.length)] ?? Buffer.alloc(0), next)
    const started = performance.now()
    const found = parseDiscovery(bytes)
    if (found.kind === 'announcements') {
      for (const device of found.devices) {
        seen.devices += 1
        const chosen = chooseXaddr(device, '192.0.2.7')
        if (chosen !== undefined && (chosen.host !== '192.0.2.7' || chosen.port < 1 || chosen.port > 65_535))
          t.fail(`input ${at}: another host`)
        if (/[\p{Cc}]/u.test(`${device.name}${device.model}${device.manufacturer}`))
          t.fail(`input ${at}: control characters`)
      }
    }
    const message = parseSoap(bytes, SOAP_LIMITS)
    if (message.kind === 'fault') {
      seen.faults += 1
      isLoginFault(message.fault)
      isClockFault(message.fault)
      isLocked(message.fault)
      attemptsLeft(message.fault)
    }
    if (message.kind === 'body') {
      seen.bodies += 1
      const { element } = message
      const { utcMs = 0, localMs = 0, wallMs = 0 } = parseSystemTime(element)
      if (![utcMs, localMs, wallMs].every(Number.isFinite)) t.fail(`input ${at}: no date`)
      parseDeviceInformation(element)
      for (const xaddr of [...parseServices(element).values(), ...parseCapabilities(element).values()])
        parseXaddr(xaddr)
      for (const { streams } of chooseStreams(parseProfiles(element))) {
        seen.streams += streams.length
        for (const { profile } of streams) {
          if (!Number.isInteger(profile.encoder.width) || profile.encoder.width < 0) t.fail(`input ${at}: width`)
        }
      }
      const uri = rewriteUri(parseStreamUri(element) ?? '', { host: '192.0.2.7' }, ['rtsp'])
      if (uri.ok) {
        seen.uris += 1
        if (!/^rtsp:\/\/192\.0\.2\.7(?::\d+)?[/?]\S*$/.test(uri.uri)) t.fail(`input ${at}: ${uri.uri}`)
      }
    }
    const took = performance.now() - started
    if (took > slowest) slowest = Math.max(slowest, took < SLOW_MS ? took : quickest(bytes))
  }
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.ok(slowest < SLOW_MS, `slowest input took ${slowest.toFixed(1)} ms`)
  for (const [what, count] of Object.entries(seen)) {
    t.ok(count > 10, `${count} ${what} got through to the readers`)
  }
})
