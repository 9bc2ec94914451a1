import {
  type Call,
  fail,
  type OnvifClient,
  type OnvifFailure,
  type OnvifResult,
  type ServiceAddress,
} from './client.ts'
import type { Services } from './device.ts'
import { type MediaProfile, parseProfiles, parseStreamUri } from './media.ts'
import { NS, oneLine } from './soap.ts'
import { type PathSecrets, rewriteUri } from './uri.ts'
import { escapeXml, PROFILES_LIMITS } from './xml.ts'

export interface OnvifMedia {
  version: 1 | 2
  service: ServiceAddress
  profiles: MediaProfile[]
}

export interface OnvifStreamUri {
  uri: string
  pathSecrets: PathSecrets | undefined
}

/** Recorders with many channels are slow to list them (agsh/onvif#328). */
const PROFILES_TIMEOUT_MS = 30_000

/** Failures that the other media service would meet as well. */
const FINAL: ReadonlySet<OnvifFailure> = new Set([
  'login-needed',
  'login-refused',
  'login-locked',
  'clock-refused',
  'certificate-changed',
  'refused',
  'unreachable',
])

/** Media2 where it is listed and works, else Media1. */
export async function askMedia(
  client: OnvifClient,
  services: Services,
  signal: AbortSignal,
): Promise<OnvifResult<OnvifMedia>> {
  const call = (to: ServiceAddress, body: string): Call => ({
    to,
    body,
    limits: PROFILES_LIMITS,
    timeoutMs: PROFILES_TIMEOUT_MS,
  })
  const media2 = services.get(NS.media2)
  if (media2 !== undefined) {
    const service = client.serviceAt(media2, services)
    // Without a Type the specification wants empty configurations, and Hikvision and Uniview obey.
    const body = `<m:GetProfiles xmlns:m="${NS.media2}"><m:Type>All</m:Type></m:GetProfiles>`
    const answer = await client.request(call(service, body), signal)
    const profiles = answer.ok ? parseProfiles(answer.value) : []
    if (profiles.some(({ encoder }) => encoder !== undefined)) {
      return { ok: true, value: { version: 2, service, profiles } }
    }
    if (!answer.ok && FINAL.has(answer.why)) return answer
  }
  const service = client.serviceAt(services.get(NS.media) ?? '', services)
  const answer = await client.request(call(service, `<m:GetProfiles xmlns:m="${NS.media}"/>`), signal)
  if (!answer.ok) return answer
  return { ok: true, value: { version: 1, service, profiles: parseProfiles(answer.value) } }
}

/** GetStreamUri for RTP over RTSP, unicast; the answer's host is replaced by the one that works. */
export async function askStreamUri(
  client: OnvifClient,
  media: OnvifMedia,
  token: string,
  signal: AbortSignal,
): Promise<OnvifResult<OnvifStreamUri>> {
  const profile = escapeXml(token)
  const body =
    media.version === 2
      ? `<m:GetStreamUri xmlns:m="${NS.media2}"><m:Protocol>RTSP</m:Protocol><m:ProfileToken>${profile}</m:ProfileToken></m:GetStreamUri>`
      : `<m:GetStreamUri xmlns:m="${NS.media}" xmlns:t="${NS.schema}"><m:StreamSetup><t:Stream>RTP-Unicast</t:Stream>` +
        `<t:Transport><t:Protocol>RTSP</t:Protocol></t:Transport></m:StreamSetup><m:ProfileToken>${profile}</m:ProfileToken></m:GetStreamUri>`
  const answer = await client.request({ to: media.service, body }, signal)
  if (!answer.ok) return answer
  const reported = parseStreamUri(answer.value)
  if (reported === undefined) return fail('unusable-uri', `no URI for ${oneLine(token)}`)
  const rewritten = rewriteUri(reported, { host: client.host }, ['rtsp', 'rtsps'])
  if (!rewritten.ok) return fail('unusable-uri', `URI for ${oneLine(token)}: ${rewritten.why}`)
  return { ok: true, value: { uri: rewritten.uri, pathSecrets: rewritten.pathSecrets } }
}

/**
 * SetSynchronizationPoint: the camera adds a key frame to the profile's stream as soon as it can (ONVIF Media and Media2,
 * "Synchronization Points"; every device that streams has to).
 */
export async function askKeyFrame(
  client: OnvifClient,
  { version, service }: Pick<OnvifMedia, 'version' | 'service'>,
  token: string,
  signal: AbortSignal,
): Promise<OnvifResult<undefined>> {
  const profile = `<m:ProfileToken>${escapeXml(token)}</m:ProfileToken>`
  const namespace = version === 2 ? NS.media2 : NS.media
  const body = `<m:SetSynchronizationPoint xmlns:m="${namespace}">${profile}</m:SetSynchronizationPoint>`
  const answer = await client.request({ to: service, body }, signal)
  return answer.ok ? { ok: true, value: undefined } : answer
}
