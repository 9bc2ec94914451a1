import { envelope, NS, oneLine } from './soap.ts'
import { parseXaddr } from './uri.ts'
import { at, childrenOf, DATAGRAM_LIMITS, parseXml, resolveName, textAt, type XmlElement } from './xml.ts'

/** Some cameras answer only with a type, one answers a type with a fault: both forms are sent. */
export type ProbeForm = 'typed' | 'untyped'

/** A WS-Discovery Probe (§5.2.1), spelled as the cameras' own tools spell it: some are silent at other prefixes. */
export function probeMessage(form: ProbeForm, messageId: string): string {
  const types =
    form === 'typed' ? `<d:Types xmlns:dn="${NS.network}">dn:NetworkVideoTransmitter</d:Types>` : '<d:Types/>'
  return envelope(
    `<d:Probe xmlns:d="${NS.discovery}">${types}</d:Probe>`,
    `<a:MessageID xmlns:a="${NS.addressing}">urn:uuid:${messageId}</a:MessageID>` +
      `<a:To xmlns:a="${NS.addressing}">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>` +
      `<a:Action xmlns:a="${NS.addressing}">${NS.discovery}/Probe</a:Action>`,
  )
}

/** One device as it announces itself; every field is a claim of whoever sent the datagram. */
export interface Announcement {
  /** `urn:uuid:…` in lower case; undefined if the device gives none. */
  endpointReference: string | undefined
  /** http and https service addresses, as reported. */
  xaddrs: string[]
  manufacturer: string | undefined
  model: string | undefined
  name: string | undefined
  scopes: string[]
}

export type DiscoveryMessage =
  | { kind: 'announcements'; relatesTo: string | undefined; devices: Announcement[] }
  /** Something speaks WS-Discovery there, but did not like the question. */
  | { kind: 'fault' }
  | { kind: 'ignored'; why: string }

const MAX_MATCHES = 64
const MAX_XADDRS = 16
const MAX_SCOPES = 64

/** Reads ProbeMatches, Hello or a fault; anything else, and anything broken, is ignored. Never throws. */
export function parseDiscovery(datagram: Uint8Array): DiscoveryMessage {
  const parsed = parseXml(datagram, DATAGRAM_LIMITS)
  if (!parsed.ok) return { kind: 'ignored', why: parsed.why }
  if (parsed.root.name !== 'Envelope') return { kind: 'ignored', why: 'not a SOAP envelope' }
  // A datagram cut short can still look like a tree, with half an address in it.
  const tail = Buffer.from(datagram.subarray(-128)).toString('latin1')
  if (!/<\/(?:[\w.-]+:)?Envelope\s*>[\s\0]*$/.test(tail)) return { kind: 'ignored', why: 'cut short' }
  const relatesTo = textAt(parsed.root, 'Header', 'RelatesTo')
  const body = at(parsed.root, 'Body')
  const content = body?.children[0]
  if (content?.name === 'Fault') return { kind: 'fault' }
  if (content === undefined || content.namespace !== NS.discovery) return { kind: 'ignored', why: 'another message' }
  const matches =
    content.name === 'ProbeMatches'
      ? childrenOf(content, 'ProbeMatch', NS.discovery)
      : content.name === 'Hello'
        ? [content]
        : []
  const devices = matches.slice(0, MAX_MATCHES).flatMap(toAnnouncement)
  return { kind: 'announcements', relatesTo, devices }
}

/** Who a device is by its scopes. */
export function nameByScopes(scopes: readonly string[]): Pick<Announcement, 'manufacturer' | 'model' | 'name'> {
  return {
    manufacturer: scope(scopes, 'manufacturer') ?? scope(scopes, 'mfr'),
    model: scope(scopes, 'hardware'),
    name: scope(scopes, 'name'),
  }
}

function toAnnouncement(match: XmlElement): Announcement[] {
  const scopes = words(textAt(match, 'Scopes')).slice(0, MAX_SCOPES)
  const xaddrs = words(textAt(match, 'XAddrs'))
    .filter((xaddr) => parseXaddr(xaddr) !== undefined)
    .slice(0, MAX_XADDRS)
  if (xaddrs.length === 0 || !isCamera(match, scopes)) return []
  return [
    {
      endpointReference: toEndpointReference(textAt(match, 'EndpointReference', 'Address')),
      xaddrs,
      ...nameByScopes(scopes),
      scopes,
    },
  ]
}

/** Printers and computers answer untyped probes too (`wsdp:Device pub:Computer`). */
function isCamera(match: XmlElement, scopes: readonly string[]): boolean {
  const types = at(match, 'Types')
  const isOnvif =
    types !== undefined &&
    words(types.text).some((type) => {
      const { namespace, name } = resolveName(types, type)
      return (
        (namespace === NS.network && name === 'NetworkVideoTransmitter') ||
        (namespace === NS.device && name === 'Device')
      )
    })
  return isOnvif || scopes.some((uri) => uri.toLowerCase().startsWith('onvif://www.onvif.org/'))
}

function toEndpointReference(address: string | undefined): string | undefined {
  const uuid = /^(?:urn:)?uuid:([0-9a-zA-Z-]{1,64})$/.exec(address ?? '')?.[1]
  return uuid === undefined ? undefined : `urn:uuid:${uuid.toLowerCase()}`
}

function scope(scopes: readonly string[], kind: string): string | undefined {
  const prefix = `onvif://www.onvif.org/${kind}/`
  const value = scopes.find((uri) => uri.toLowerCase().startsWith(prefix))?.slice(prefix.length)
  return value === undefined || value === '' ? undefined : oneLine(decodePercent(value)).slice(0, 128) || undefined
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const words = (text: string | undefined): string[] => text?.split(/\s+/).filter((word) => word !== '') ?? []

/**
 * Which service address to use: the one whose host sent the answer, plain http first; otherwise the sender's address
 * with the reported port and path, since cameras report inner, link-local and empty addresses.
 */
export function chooseXaddr(
  announcement: Announcement,
  source: string,
): { host: string; port: number; path: string } | undefined {
  const parsed = announcement.xaddrs.map(parseXaddr).filter((xaddr) => xaddr !== undefined)
  const plain = parsed.filter(({ isPlain }) => isPlain)
  const chosen = plain.find(({ host }) => host === source) ?? plain[0]
  return chosen && { host: source, port: chosen.port, path: chosen.path }
}
