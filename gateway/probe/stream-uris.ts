import { inUri } from '../onvif/uri.ts'
import type { DeviceProfile } from './device-profile.ts'

/** What a profile says of stream URIs: those a camera reports, and those expected where it reports none. */
type Streams = NonNullable<DeviceProfile['streams']>

const URI = /^(rtsps?:\/\/[^/?]*)(.*)$/

/** Reported paths as the make needs them: each rewrite once, in their order, as plain text; scheme, host and port stay. */
export function rewritten(uri: string, rewrites: Streams['rewrites'] = []): string {
  const [, place = '', path = ''] = URI.exec(uri) ?? []
  if (place === '') return uri
  const mended = rewrites.reduce((text, { from, to }) => text.replace(from, () => to), path)
  // A path that lost its beginning would run into the host.
  return /^[/?]|^$/.test(mended) ? place + mended : uri
}

/**
 * Streams as a device profile expects them, main first; `{stream}` is 0 in the main and 1 in the sub stream, and a
 * template that holds it serves both. None where the profile does not say, or the channel is no number.
 */
export function templateUris(
  streams: Streams | undefined,
  host: string,
  channel: string | undefined,
): { role: 'main' | 'sub'; uri: string }[] {
  const number = Number(channel ?? streams?.channelBase)
  if (streams?.main === undefined || streams.secretInPath || !Number.isInteger(number)) return []
  const { main, sub = main.includes('{stream}') ? main : undefined, port } = streams
  return (['main', 'sub'] as const).flatMap((role, stream) => {
    const path = (role === 'main' ? main : sub)
      ?.replaceAll('{channel}', `${number}`)
      .replaceAll('{stream}', `${stream}`)
    return path === undefined ? [] : [{ role, uri: `rtsp://${inUri(host)}:${port}${path}` }]
  })
}
