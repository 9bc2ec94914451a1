import type { CameraFacts, Operations } from './soap-service.ts'
import { escapeXml, find, NS } from './xml.ts'

/** The device service: time, services, identity, network (ONVIF Core §8). */
export function deviceOperations(facts: CameraFacts): Operations {
  const { habits, make, device } = facts
  const xaddr = (path: string): string => `${facts.httpBase()}${path}`
  const services = (): [namespace: string, path: string, major: number][] => {
    const { paths } = habits
    return [
      [NS.device, paths.device, 2],
      [NS.media, paths.media, 2],
      ...(paths.media2 === undefined ? [] : [[NS.media2, paths.media2, 2] as [string, string, number]]),
      [NS.events, paths.events, 2],
      ...(paths.ptz === undefined ? [] : [[NS.ptz, paths.ptz, 2] as [string, string, number]]),
    ]
  }
  const scopes = (): string[] => [...habits.discovery.scopes, ...placeScopes(facts)]

  return {
    [`${NS.device} GetSystemDateAndTime`]: () => {
      const now = new Date(facts.clock.now() + facts.clockOffsetMs())
      return {
        xml: `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone><tt:UTCDateTime>${dateTime(now)}</tt:UTCDateTime><tt:LocalDateTime>${dateTime(new Date(now.getTime() + 28_800_000))}</tt:LocalDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
      }
    },

    [`${NS.device} SetSystemDateAndTime`]: ({ body }) => {
      const part = (name: string): number => Number(find(body, name)?.text ?? Number.NaN)
      const [year, month, day] = ['Year', 'Month', 'Day'].map(part)
      const [hour, minute, second] = ['Hour', 'Minute', 'Second'].map(part)
      const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
      if (!Number.isFinite(at)) return { fault: 'ter:InvalidArgVal', text: 'Invalid date' }
      facts.setClock(at)
      return { xml: '<tds:SetSystemDateAndTimeResponse/>' }
    },

    [`${NS.device} GetServices`]: () => {
      if (!habits.hasGetServices) return { fault: 'ter:ActionNotSupported', text: 'Optional Action Not Implemented' }
      const entries = services().map(
        ([namespace, path, major]) =>
          `<tds:Service><tds:Namespace>${namespace}</tds:Namespace><tds:XAddr>${xaddr(path)}</tds:XAddr><tds:Version><tt:Major>${major}</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>`,
      )
      return { xml: `<tds:GetServicesResponse>${entries.join('')}</tds:GetServicesResponse>` }
    },

    [`${NS.device} GetCapabilities`]: () => {
      const { paths } = habits
      const ptz = paths.ptz === undefined ? '' : `<tt:PTZ><tt:XAddr>${xaddr(paths.ptz)}</tt:XAddr></tt:PTZ>`
      return {
        xml:
          '<tds:GetCapabilitiesResponse><tds:Capabilities>' +
          `<tt:Device><tt:XAddr>${xaddr(paths.device)}</tt:XAddr><tt:System><tt:DiscoveryResolve>false</tt:DiscoveryResolve><tt:DiscoveryBye>false</tt:DiscoveryBye><tt:RemoteDiscovery>false</tt:RemoteDiscovery></tt:System></tt:Device>` +
          `<tt:Events><tt:XAddr>${xaddr(paths.events)}</tt:XAddr><tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>` +
          `<tt:Media><tt:XAddr>${xaddr(paths.media)}</tt:XAddr><tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>` +
          `${ptz}</tds:Capabilities></tds:GetCapabilitiesResponse>`,
      }
    },

    [`${NS.device} GetDeviceInformation`]: () => ({
      xml: `<tds:GetDeviceInformationResponse><tds:Manufacturer>${escapeXml(make.manufacturer)}</tds:Manufacturer><tds:Model>${escapeXml(make.model)}</tds:Model><tds:FirmwareVersion>${escapeXml(make.firmware)}</tds:FirmwareVersion><tds:SerialNumber>${facts.serial}</tds:SerialNumber><tds:HardwareId>88</tds:HardwareId></tds:GetDeviceInformationResponse>`,
    }),

    [`${NS.device} GetScopes`]: () => ({
      xml: `<tds:GetScopesResponse>${scopes()
        .map(
          (scope) =>
            `<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${escapeXml(scope)}</tt:ScopeItem></tds:Scopes>`,
        )
        .join('')}</tds:GetScopesResponse>`,
    }),

    [`${NS.device} GetHostname`]: () => ({
      xml: `<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>${device.id}</tt:Name></tds:HostnameInformation></tds:GetHostnameResponse>`,
    }),

    [`${NS.device} GetNetworkInterfaces`]: () => {
      const address = new URL(facts.httpBase()).hostname
      const mac = (facts.uuid.slice(-12).match(/../g) ?? []).join(':')
      return {
        xml: `<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>${mac}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual><tt:Address>${address}</tt:Address><tt:PrefixLength>8</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>`,
      }
    },
  }
}

/** Where the camera hangs, as an installer would have typed it in. */
export const placeScopes = ({ device }: Pick<CameraFacts, 'device'>): string[] =>
  device.channels.slice(0, 1).map(({ name }) => `onvif://www.onvif.org/location/${encodeURIComponent(name)}`)

const dateTime = (at: Date): string =>
  `<tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date>`
