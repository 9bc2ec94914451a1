import { oneLine } from './soap.ts'
import { at, childrenOf, numberAt, textAt, type XmlElement } from './xml.ts'

/** What a camera says of its clock; each reading is undefined where it is missing or no date. */
export interface DeviceTime {
  /** UTCDateTime, milliseconds since 1970. */
  utcMs: number | undefined
  /** LocalDateTime brought to UTC with the POSIX time zone; some cameras give nothing else. */
  localMs: number | undefined
  /** LocalDateTime or UTCDateTime read the other way round: what a camera that mixes them up would mean. */
  wallMs: number | undefined
  /** POSIX time zone as the camera writes it. */
  zone: string | undefined
  daylightSavings: boolean
}

/** Reads GetSystemDateAndTimeResponse (ONVIF Core §8.3.8); never throws. */
export function parseSystemTime(response: XmlElement): DeviceTime {
  const time = at(response, 'SystemDateAndTime')
  const utcMs = parseDateTime(at(time, 'UTCDateTime'))
  const wallMs = parseDateTime(at(time, 'LocalDateTime'))
  const zone = textAt(time, 'TimeZone', 'TZ')?.slice(0, MAX_ZONE_CHARS)
  const westMinutes = minutesWest(zone)
  const localMs = wallMs === undefined || westMinutes === undefined ? undefined : wallMs + westMinutes * 60_000
  const daylightSavings = /^(?:true|1)$/i.test(textAt(time, 'DaylightSavings') ?? '')
  return { utcMs, localMs, wallMs, zone, daylightSavings }
}

const MAX_ZONE_CHARS = 128

function parseDateTime(element: XmlElement | undefined): number | undefined {
  const year = numberAt(element, ['Date', 'Year'], 1970, 9999)
  const month = numberAt(element, ['Date', 'Month'], 1, 12)
  const day = numberAt(element, ['Date', 'Day'], 1, 31)
  const hour = numberAt(element, ['Time', 'Hour'], 0, 23)
  const minute = numberAt(element, ['Time', 'Minute'], 0, 59)
  // A leap second is legal, and some cameras count to 60 without one.
  const second = numberAt(element, ['Time', 'Second'], 0, 61)
  if (year === undefined || month === undefined || day === undefined) return undefined
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** Standard offset of a POSIX TZ (POSIX.1 §8.3), minutes west of Greenwich: `UTC-3` is ahead of UTC. */
function minutesWest(zone: string | undefined): number | undefined {
  const match = /^(?:[A-Za-z]{3,10}|<[^>]{1,16}>)([+-]?)(\d{1,2})(?::(\d{2}))?/.exec(zone ?? '')
  if (match === null) return undefined
  const [, sign, hours, minutes = '0'] = match
  const value = Number(hours) * 60 + Number(minutes)
  return value > 24 * 60 ? undefined : sign === '-' ? -value : value
}

export interface DeviceInformation {
  manufacturer: string
  model: string
  firmware: string
  serial: string
}

/** Reads GetDeviceInformationResponse (ONVIF Core §8.3.1); what is missing is empty. */
export function parseDeviceInformation(response: XmlElement): DeviceInformation {
  const line = (name: string): string => oneLine(textAt(response, name) ?? '').slice(0, 128)
  return {
    manufacturer: line('Manufacturer'),
    model: line('Model'),
    firmware: line('FirmwareVersion'),
    serial: line('SerialNumber'),
  }
}

const MAX_SCOPES = 64

/** Reads GetScopesResponse (ONVIF Core §7.3.2). */
export function parseScopes(response: XmlElement): string[] {
  return childrenOf(response, 'Scopes')
    .slice(0, MAX_SCOPES)
    .map((scope) => oneLine(textAt(scope, 'ScopeItem') ?? ''))
    .filter((scope) => scope !== '')
}

/** Service namespace to the address the device reports for it; not to be dialled before it is rewritten. */
export type Services = ReadonlyMap<string, string>

const MAX_SERVICES = 64

/** Reads GetServicesResponse (ONVIF Core §8.1.2). */
export function parseServices(response: XmlElement): Services {
  const services = new Map<string, string>()
  for (const service of childrenOf(response, 'Service').slice(0, MAX_SERVICES)) {
    const namespace = textAt(service, 'Namespace')
    const xaddr = textAt(service, 'XAddr')
    if (namespace !== undefined && xaddr !== undefined && !services.has(namespace)) services.set(namespace, xaddr)
  }
  return services
}

const CAPABILITY_NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['Analytics', 'http://www.onvif.org/ver20/analytics/wsdl'],
  ['Device', 'http://www.onvif.org/ver10/device/wsdl'],
  ['Events', 'http://www.onvif.org/ver10/events/wsdl'],
  ['Imaging', 'http://www.onvif.org/ver20/imaging/wsdl'],
  ['Media', 'http://www.onvif.org/ver10/media/wsdl'],
  ['PTZ', 'http://www.onvif.org/ver20/ptz/wsdl'],
  ['DeviceIO', 'http://www.onvif.org/ver10/deviceIO/wsdl'],
  ['Recording', 'http://www.onvif.org/ver10/recording/wsdl'],
  ['Replay', 'http://www.onvif.org/ver10/replay/wsdl'],
  ['Search', 'http://www.onvif.org/ver10/search/wsdl'],
])

/** Reads GetCapabilitiesResponse (ONVIF Core §8.1.1), for devices without GetServices; of twins the first counts. */
export function parseCapabilities(response: XmlElement): Services {
  const services = new Map<string, string>()
  const capabilities = at(response, 'Capabilities')
  for (const capability of [...(capabilities?.children ?? []), ...(at(capabilities, 'Extension')?.children ?? [])]) {
    const namespace = CAPABILITY_NAMESPACES.get(capability.name)
    const xaddr = textAt(capability, 'XAddr')
    if (namespace !== undefined && xaddr !== undefined && !services.has(namespace)) services.set(namespace, xaddr)
  }
  return services
}
