import type { OnvifClient, OnvifResult, ServiceAddress } from './client.ts'
import { NS, oneLine } from './soap.ts'
import { childrenOf, escapeXml, textAt, type XmlElement } from './xml.ts'

/** Where a camera is turned: its PTZ service, and a media profile of the picture that moves. */
export interface PtzHead {
  client: OnvifClient
  service: ServiceAddress
  profileToken: string
}

/** Share of full speed, -1 to 1. */
export interface Velocity {
  pan: number
  tilt: number
  zoom: number
}

const MAX_PRESETS = 256
const MAX_TOKEN_CHARS = 64

const ask = (
  { client, service, profileToken }: PtzHead,
  name: string,
  content: string,
  signal: AbortSignal,
): Promise<OnvifResult<XmlElement>> => {
  const profile = `<p:ProfileToken>${escapeXml(profileToken)}</p:ProfileToken>`
  const body = `<p:${name} xmlns:p="${NS.ptz}" xmlns:t="${NS.schema}">${profile}${content}</p:${name}>`
  return client.request({ to: service, body }, signal)
}

/** ContinuousMove (ONVIF PTZ §5.3.3). @param timeoutMs for the camera itself; left out where it refuses one (Bosch) */
export function continuousMove(
  head: PtzHead,
  { pan, tilt, zoom }: Velocity,
  timeoutMs: number | undefined,
  signal: AbortSignal,
): Promise<OnvifResult<XmlElement>> {
  const timeout = timeoutMs === undefined ? '' : `<p:Timeout>PT${(timeoutMs / 1000).toFixed(1)}S</p:Timeout>`
  const velocity = `<p:Velocity><t:PanTilt x="${pan}" y="${tilt}"/><t:Zoom x="${zoom}"/></p:Velocity>`
  return ask(head, 'ContinuousMove', `${velocity}${timeout}`, signal)
}

/** Stop of all axes (ONVIF PTZ §5.3.5). */
export const stopMoving = (head: PtzHead, signal: AbortSignal): Promise<OnvifResult<XmlElement>> =>
  ask(head, 'Stop', '<p:PanTilt>true</p:PanTilt><p:Zoom>true</p:Zoom>', signal)

/** GotoPreset (ONVIF PTZ §5.4.4). */
export const gotoPreset = (head: PtzHead, preset: string, signal: AbortSignal): Promise<OnvifResult<XmlElement>> =>
  ask(head, 'GotoPreset', `<p:PresetToken>${escapeXml(preset)}</p:PresetToken>`, signal)

/** GetPresets (ONVIF PTZ §5.4.2). */
export async function getPresets(
  head: PtzHead,
  signal: AbortSignal,
): Promise<OnvifResult<{ token: string; name: string }[]>> {
  const answer = await ask(head, 'GetPresets', '', signal)
  if (!answer.ok) return answer
  const presets = childrenOf(answer.value, 'Preset').slice(0, MAX_PRESETS)
  return {
    ok: true,
    value: presets.flatMap((preset) => {
      const token = oneLine(preset.attributes.get('token') ?? '')
      if (token === '' || token.length > MAX_TOKEN_CHARS) return []
      return [{ token, name: oneLine(textAt(preset, 'Name') ?? token) }]
    }),
  }
}
