import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mapMessage } from '../../gateway/alarms/map-message.ts'
import { alarmMappings } from '../../gateway/alarms/mapping-files.ts'
import { normalise } from '../../gateway/alarms/normalise.ts'
import { LiveRequest } from '../../gateway/contracts/live-socket.ts'
import { MAX_PACKET_BYTES, PacketFraming } from '../../gateway/mqtt/byte-gate.ts'
import {
  parseCapabilities,
  parseDeviceInformation,
  parseScopes,
  parseServices,
  parseSystemTime,
} from '../../gateway/onvif/device.ts'
import { chooseXaddr, parseDiscovery, probeMessage } from '../../gateway/onvif/discovery-message.ts'
import { parseNotifications, parseSubscription } from '../../gateway/onvif/events.ts'
import { chooseStreams, parseProfiles, parseStreamUri } from '../../gateway/onvif/media.ts'
import {
  attemptsLeft,
  envelope,
  isClockFault,
  isCrowded,
  isLocked,
  isLoginFault,
  NS,
  parseSoap,
} from '../../gateway/onvif/soap.ts'
import { parseXaddr, rewriteUri } from '../../gateway/onvif/uri.ts'
import { SOAP_LIMITS } from '../../gateway/onvif/xml.ts'
import { acknowledgement, cannotProcess, openContent } from '../../gateway/panels/dc09-content.ts'
import { crcOf, FrameCutter, parseFrame } from '../../gateway/panels/dc09-frame.ts'
import { readCodeTables } from '../../gateway/panels/panel-codes.ts'
import { readEvents } from '../../gateway/panels/panel-events.ts'
import { encodePanelMessage } from '../../test/fakes/alarm-panel.ts'
import type { Parser } from './parser.ts'

const texts = (...all: readonly string[]): Buffer[] => all.map((text) => Buffer.from(text))
const isControlled = (text: string): boolean => /\p{Cc}/u.test(text)

const XML_TOKENS = [
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
const JSON_TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  'null',
  'true',
  '1e999',
  '-0',
  '\\ud800',
  '\\u0000',
  '"__proto__":',
  '"constructor":',
  '"faceId":',
  '['.repeat(80),
]

const profiles = (token: string): string =>
  `<m:Profiles token="${token}" fixed="true"><t:Name>n</t:Name><t:VideoSourceConfiguration><t:SourceToken>s</t:SourceToken><t:Bounds width="9" height="9"/></t:VideoSourceConfiguration><t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding><t:Resolution><t:Width>640</t:Width><t:Height>480</t:Height></t:Resolution></t:VideoEncoderConfiguration></m:Profiles>`
const PROBE_MATCHES = envelope(
  `<d:ProbeMatches xmlns:d="${NS.discovery}" xmlns:a="${NS.addressing}"><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Types xmlns:n="${NS.network}">n:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/name/a%20b</d:Scopes><d:XAddrs>http://192.0.2.7/onvif https://[2001:db8::7]:8443/onvif</d:XAddrs></d:ProbeMatch></d:ProbeMatches>`,
)
const SOAP = [
  envelope(
    `<m:GetProfilesResponse xmlns:m="${NS.media}" xmlns:t="${NS.schema}">${profiles('a')}${profiles('b')}</m:GetProfilesResponse>`,
  ),
  envelope(
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>5 attempts left</s:Text></s:Reason></s:Fault>',
  ),
  envelope(
    `<m:GetStreamUriResponse xmlns:m="${NS.media}"><m:MediaUri><m:Uri>rtsp://192.0.2.9/a?b=1&amp;c=2</m:Uri></m:MediaUri></m:GetStreamUriResponse>`,
  ),
  envelope(
    `<e:PullMessagesResponse xmlns:e="http://www.onvif.org/ver10/events/wsdl" xmlns:n="http://docs.oasis-open.org/wsn/b-2" xmlns:t="${NS.schema}"><e:CurrentTime>2026-03-02T06:03:27Z</e:CurrentTime><e:TerminationTime>2026-03-02T06:13:27Z</e:TerminationTime><n:NotificationMessage><n:Topic>tns1:RuleEngine/CellMotionDetector/Motion//.</n:Topic><n:Message><t:Message UtcTime="2026-03-02T06:03:27Z" PropertyOperation="Changed"><t:Source><t:SimpleItem Name="Rule" Value="r"/></t:Source><t:Data><t:SimpleItem Name="IsMotion" Value="true"/></t:Data></t:Message></n:Message></n:NotificationMessage></e:PullMessagesResponse>`,
  ),
]

/** What cameras sent, where the recordings are at hand; bombs have a test of their own. */
function recorded(): Buffer[] {
  const folder = new URL('../../../shared/fixtures/cameras/', import.meta.url)
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.xml') && !entry.name.startsWith('bomb-'))
    .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`))
    .filter((bytes) => bytes.length < 8 * 1024)
}

function discovery(): Parser {
  return {
    name: 'discovery',
    seeds: [...texts(probeMessage('typed', 'x'), PROBE_MATCHES), ...recorded()],
    tokens: XML_TOKENS,
    start: (reach) => {
      return (bytes) => {
        const found = parseDiscovery(bytes)
        if (found.kind !== 'announcements') return
        for (const device of found.devices) {
          reach('devices')
          const chosen = chooseXaddr(device, '192.0.2.7')
          if (chosen !== undefined && (chosen.host !== '192.0.2.7' || chosen.port < 1 || chosen.port > 65_535))
            throw new Error(`another host: ${chosen.host}:${chosen.port}`)
          if (isControlled(`${device.name}${device.model}${device.manufacturer}`)) throw new Error('control characters')
        }
      }
    },
  }
}

function soap(): Parser {
  return {
    name: 'soap',
    seeds: [...texts(...SOAP), ...recorded()],
    tokens: XML_TOKENS,
    start: (reach) => {
      return (bytes) => {
        const message = parseSoap(bytes, SOAP_LIMITS)
        if (message.kind === 'fault') {
          reach('faults')
          isLoginFault(message.fault)
          isClockFault(message.fault)
          isLocked(message.fault)
          isCrowded(message.fault)
          attemptsLeft(message.fault)
        }
        if (message.kind !== 'body') return
        reach('bodies')
        const { element } = message
        const { utcMs = 0, localMs = 0, wallMs = 0 } = parseSystemTime(element)
        if (![utcMs, localMs, wallMs].every(Number.isFinite)) throw new Error('no date')
        parseDeviceInformation(element)
        parseScopes(element)
        parseSubscription(element)
        for (const xaddr of [...parseServices(element).values(), ...parseCapabilities(element).values()])
          parseXaddr(xaddr)
        for (const { streams } of chooseStreams(parseProfiles(element))) {
          reach('streams', streams.length)
          for (const { profile } of streams) {
            const { width } = profile.encoder
            if (!Number.isInteger(width) || width < 0) throw new Error(`${width} pixels wide`)
          }
        }
        for (const { topic, source, data } of parseNotifications(element)) {
          reach('notifications')
          const said = [...source, ...data].flatMap(({ name, value }) => [name, value])
          if (isControlled([topic, ...said].join(''))) throw new Error('control characters')
        }
        const uri = rewriteUri(parseStreamUri(element) ?? '', { host: '192.0.2.7' }, ['rtsp'])
        if (!uri.ok) return
        reach('uris')
        if (!/^rtsp:\/\/192\.0\.2\.7(?::\d+)?[/?]\S*$/.test(uri.uri)) throw new Error(`left the host: ${uri.uri}`)
      }
    },
  }
}

const PANEL_KEY = Buffer.alloc(16, 9)

function panelReports(): Parser {
  const tables = readCodeTables()
  return {
    name: 'panel reports',
    seeds: [
      encodePanelMessage({ id: 'ADM-CID', account: '1234', data: '1130 01 005' }),
      encodePanelMessage({ id: 'SIA-DCS', account: '1234', data: 'Nri1/BA501^a^', at: new Date(1e12) }),
      encodePanelMessage({ id: 'SIA-DCS', account: '1234', data: 'Nri1/BA501', at: new Date(1e12), key: PANEL_KEY }),
    ],
    tokens: ['"', '\n', '\r', '[', ']', '#', '|', '_', '/BA1', 'ri', '^', '*'],
    start: (reach) => {
      let count = 0
      let cutter = new FrameCutter()
      return (bytes) => {
        count++
        // Half of them with a head that fits, so that what is behind it is reached.
        const start = bytes.indexOf(0x22)
        if (count % 2 === 0 && start === 9 && bytes.length - start < 4096) {
          const body = bytes.subarray(start, -1)
          const four = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')
          bytes.write(four(crcOf(body)) + four(body.length), 1, 'latin1')
        }
        for (const step of cutter.push(bytes)) {
          if (step.kind === 'overrun') {
            cutter = new FrameCutter() // a connection that is closed
            continue
          }
          const parsed = parseFrame(step.bytes)
          if (!parsed.ok) continue
          reach('frames')
          const opened = openContent(parsed.frame, PANEL_KEY)
          const read = opened.ok ? readEvents(parsed.frame.id, opened.content.data, tables) : undefined
          if (read?.ok) reach('events', read.events.length)
          cannotProcess(parsed.frame)
          acknowledgement(parsed.frame, PANEL_KEY, new Date(1e12), (length) => Buffer.alloc(length, 7))
        }
      }
    },
  }
}

function mappedMessages(): Parser {
  const examples = alarmMappings().flatMap((mapping) => mapping.examples.map((example) => ({ mapping, example })))
  // The first byte says whose words they are.
  const seeds = examples.map(({ example: { payload } }, at) =>
    Buffer.concat([Buffer.of(at), Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))]),
  )
  return {
    name: 'mapped messages',
    seeds,
    tokens: JSON_TOKENS,
    start: (reach) => {
      const receivedAt = new Date(1e12)
      return (bytes) => {
        const { mapping, example } = examples[(bytes[0] ?? 0) % examples.length] ?? {}
        if (mapping === undefined || example === undefined) throw new Error('no mapping has an example')
        const payload = bytes.subarray(1)
        const source = {
          topic: mapping.exampleTopic,
          device: undefined,
          priority: undefined,
          alarmType: 'door',
        } as const
        const mapped = mapMessage(mapping, source, { topic: example.topic, payload, receivedAt })
        reach(mapped.kind)
        if (mapped.kind !== 'alarms') return
        for (const { alarm, sourceKey, channel } of mapped.alarms) {
          if (alarm.text.length > 500 || (sourceKey?.length ?? 0) > 128 || (channel?.length ?? 0) > 80)
            throw new Error('too long')
          if (Number.isNaN(alarm.occurredAt.getTime())) throw new Error('not a time')
        }
      }
    },
  }
}

function alarmMessages(): Parser {
  const alarm = { id: 'a-1', type: 'door', occurredAt: '2026-03-02T06:03:27.000Z', text: '后门', data: { zone: 3 } }
  return {
    name: 'alarm messages',
    seeds: texts(JSON.stringify(alarm), JSON.stringify({ ...alarm, state: 'cleared', priority: 2, sequence: 7 })),
    tokens: JSON_TOKENS,
    start: (reach) => {
      return (payload) => {
        const read = normalise(payload)
        if (!read.ok) return
        reach('alarms')
        if (isControlled(`${read.alarm.sourceKey}${read.alarm.text}`)) throw new Error('control characters')
      }
    },
  }
}

function mqttPackets(): Parser {
  const connect = Buffer.from('100c00044d5154540402003c0000', 'hex')
  const publish = Buffer.from('320a0003612f620001aabbcc', 'hex')
  return {
    name: 'mqtt packets',
    seeds: [connect, Buffer.concat([connect, publish]), Buffer.concat([connect, publish, Buffer.from('c000', 'hex')])],
    start: (reach) => {
      return (bytes) => {
        const framing = new PacketFraming()
        for (const piece of [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)]) {
          const pushed = framing.push(piece)
          if (!pushed.ok) return
          if (pushed.packets > bytes.length || bytes.length > MAX_PACKET_BYTES) throw new Error(`${pushed.packets}`)
          reach('packets', pushed.packets)
        }
      }
    },
  }
}

function liveRequests(): Parser {
  const id = '00000000-0000-4000-8000-000000000001'
  return {
    name: 'live socket requests',
    seeds: texts(
      JSON.stringify({ open: id }),
      JSON.stringify({ open: id, sound: true }),
      JSON.stringify({ close: id }),
    ),
    tokens: JSON_TOKENS,
    start: (reach) => {
      return (bytes) => {
        const json = parseJson(bytes.toString())
        if (LiveRequest.safeParse(json).success) reach('requests')
      }
    },
  }
}

/** Everything else that reads what somebody outside sends. */
export const MESSAGE_PARSERS: readonly Parser[] = [
  discovery(),
  soap(),
  panelReports(),
  mappedMessages(),
  alarmMessages(),
  mqttPackets(),
  liveRequests(),
]

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
