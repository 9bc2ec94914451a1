/** A format of a media description: `a=rtpmap` and `a=fmtp`, or the static assignment (RFC 3551 §6). */
export interface SdpFormat {
  payloadType: number
  /** Upper case, such as `H264`. */
  encoding: string
  clockRate: number
  channels: number | undefined
  /** Lower-case names. */
  parameters: ReadonlyMap<string, string>
}

export interface SdpMedia {
  /** As written: `video`, `audio`, `application`, `vana` ... */
  kind: string
  direction: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive'
  control: string | undefined
  frameRate: number | undefined
  formats: readonly SdpFormat[]
}

export interface Sdp {
  control: string | undefined
  media: readonly SdpMedia[]
}

export type SdpResult = { ok: true; sdp: Sdp } | { ok: false; at: number; why: string }

const MAX_SDP_CHARS = 256 * 1024
const MAX_LINES = 2000
const MAX_MEDIA = 64
const MAX_FORMATS = 32
const STATIC_FORMATS: Readonly<Record<number, readonly [encoding: string, clockRate: number, channels?: number]>> = {
  0: ['PCMU', 8000],
  8: ['PCMA', 8000],
  9: ['G722', 8000],
  10: ['L16', 44_100, 2],
  11: ['L16', 44_100],
  14: ['MPA', 90_000],
  26: ['JPEG', 90_000],
  32: ['MPV', 90_000],
}

/**
 * Session description (RFC 8866) as cameras write it: lines may be missing, unknown or bent; only what cannot be a
 * description at all is refused. Formats stay with their media: payload types repeat between them (Ubiquiti).
 */
export function parseSdp(text: string): SdpResult {
  if (text.length > MAX_SDP_CHARS) return { ok: false, at: 0, why: `longer than ${MAX_SDP_CHARS} characters` }
  const lines = text.split(/\r\n|\n|\r/)
  if (lines.length > MAX_LINES) return { ok: false, at: MAX_LINES, why: `more than ${MAX_LINES} lines` }
  const sections: string[][] = [[]]
  for (const line of lines) {
    if (line.startsWith('m=') && sections.length <= MAX_MEDIA) sections.push([])
    sections.at(-1)?.push(line.trimEnd())
  }
  const [session = [], ...media] = sections
  if (media.length === 0) return { ok: false, at: lines.length, why: 'no m= line' }
  return { ok: true, sdp: { control: attribute(session, 'control'), media: media.map(toMedia) } }
}

function toMedia(lines: readonly string[]): SdpMedia {
  const [kind = '', , , ...types] = (lines[0] ?? '').slice(2).trim().split(/\s+/)
  const payloadTypes = types.filter((type) => /^\d{1,3}$/.test(type) && Number(type) < 128).map(Number)
  const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const
  const frameRate = Math.max(...attributes(lines, 'framerate').map((value) => Number.parseFloat(value) || 0), 0)
  return {
    kind: kind.toLowerCase(),
    direction: directions.find((direction) => lines.includes(`a=${direction}`)) ?? 'sendrecv',
    control: attribute(lines, 'control'),
    frameRate: frameRate > 0 && frameRate <= 240 ? frameRate : undefined,
    formats: payloadTypes.slice(0, MAX_FORMATS).flatMap((type) => toFormat(lines, type)),
  }
}

function toFormat(lines: readonly string[], payloadType: number): SdpFormat[] {
  const map = attributes(lines, 'rtpmap').find((value) => Number.parseInt(value, 10) === payloadType)
  const match = /^\d+\s+([^/\s]+)\/(\d{1,7})(?:\/(\d{1,2}))?/.exec(map ?? '')
  const fallback = STATIC_FORMATS[payloadType]
  if (match === null && fallback === undefined) return []
  const fmtp = attributes(lines, 'fmtp').find((value) => Number.parseInt(value, 10) === payloadType)
  return [
    {
      payloadType,
      encoding: match?.[1]?.toUpperCase() ?? fallback?.[0] ?? '',
      clockRate: match === null ? (fallback?.[1] ?? 0) : Number(match[2]),
      channels: match === null ? fallback?.[2] : match[3] === undefined ? undefined : Number(match[3]),
      parameters: parameters(fmtp?.replace(/^\d+\s*/, '') ?? ''),
    },
  ]
}

function parameters(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const item of text.split(';')) {
    const equals = item.indexOf('=')
    if (equals > 0) found.set(item.slice(0, equals).trim().toLowerCase(), item.slice(equals + 1).trim())
  }
  return found
}

function attribute(lines: readonly string[], name: string): string | undefined {
  return attributes(lines, name)[0]
}

function attributes(lines: readonly string[], name: string): string[] {
  const prefix = `a=${name}:`
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length).trim())
}
