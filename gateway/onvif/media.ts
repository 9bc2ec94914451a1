import { oneLine } from './soap.ts'
import { at, childrenOf, numberAt, textAt, type XmlElement } from './xml.ts'

export type EncoderCodec = 'h264' | 'h265' | 'jpeg' | 'unknown'

/** A media profile as Media1 or Media2 tells it (ONVIF Media §5.2, Media2 §5.2). */
export interface MediaProfile {
  token: string
  name: string
  fixed: boolean
  /** Video source token: one per channel of a recorder; empty where none is given. */
  source: string
  /** Undefined: no video encoder, such as the third stream of a Hikvision. */
  encoder: { codec: EncoderCodec; width: number; height: number; frameRate: number | undefined } | undefined
}

const MAX_PROFILES = 1024
const MAX_TOKEN_CHARS = 128
const MAX_SIDE_PIXELS = 16_384

/**
 * Reads GetProfilesResponse (or GetProfileResponse) of either media service. A profile with an encoder that names no codec is kept: Media1
 * cannot say H.265, and Dahua then leaves the element empty.
 */
export function parseProfiles(response: XmlElement): MediaProfile[] {
  const listed = [...childrenOf(response, 'Profiles'), ...childrenOf(response, 'Profile')]
  return listed.slice(0, MAX_PROFILES).flatMap(toProfile)
}

function toProfile(element: XmlElement): MediaProfile[] {
  const token = element.attributes.get('token')?.trim() ?? ''
  if (token === '' || token.length > MAX_TOKEN_CHARS) return []
  const configurations = at(element, 'Configurations')
  const source = at(configurations, 'VideoSource') ?? at(element, 'VideoSourceConfiguration')
  const encoder = at(configurations, 'VideoEncoder') ?? at(element, 'VideoEncoderConfiguration')
  return [
    {
      token,
      name: oneLine(textAt(element, 'Name') ?? token),
      fixed: /^(?:true|1)$/i.test(element.attributes.get('fixed') ?? ''),
      source: (textAt(source, 'SourceToken') ?? '').slice(0, MAX_TOKEN_CHARS),
      encoder: encoder && toEncoder(encoder, at(source, 'Bounds')),
    },
  ]
}

function toEncoder(encoder: XmlElement, bounds: XmlElement | undefined): MediaProfile['encoder'] {
  const side = (name: 'Width' | 'Height'): number =>
    Math.trunc(
      numberAt(encoder, ['Resolution', name], 1, MAX_SIDE_PIXELS) ??
        boundedSide(bounds?.attributes.get(name.toLowerCase())),
    )
  const frameRate = numberAt(encoder, ['RateControl', 'FrameRateLimit'], 0.1, 240)
  return { codec: toCodec(textAt(encoder, 'Encoding')), width: side('Width'), height: side('Height'), frameRate }
}

function boundedSide(text: string | undefined): number {
  const value = Number(text ?? Number.NaN)
  return value >= 1 && value <= MAX_SIDE_PIXELS ? value : 0
}

function toCodec(encoding: string | undefined): EncoderCodec {
  const name = encoding?.toUpperCase().replace(/[^A-Z0-9]/g, '') ?? ''
  if (name === 'H264') return 'h264'
  if (name === 'H265' || name === 'HEVC') return 'h265'
  return name === 'JPEG' || name === 'MJPEG' ? 'jpeg' : 'unknown'
}

export interface ChosenProfile {
  role: 'main' | 'sub' | 'other'
  profile: MediaProfile & { encoder: NonNullable<MediaProfile['encoder']> }
}

export interface MediaChannel {
  /** Video source token. */
  token: string
  streams: ChosenProfile[]
}

/** Largest picture that is a sub stream by its nature: 960H. */
const SUB_PIXELS = 960 * 576

/**
 * Which profile is main and which is sub, per video source. Main has the most pixels, of equals a fixed one first; sub
 * is the largest other at or below 960 x 576, else the smallest. Profiles without encoder are left out, and JPEG
 * where the source has anything else: it has to be transcoded.
 */
export function chooseStreams(profiles: readonly MediaProfile[]): MediaChannel[] {
  const bySource = new Map<string, ChosenProfile['profile'][]>()
  for (const profile of profiles) {
    const { encoder } = profile
    if (encoder === undefined) continue
    const group = bySource.get(profile.source) ?? []
    group.push({ ...profile, encoder })
    bySource.set(profile.source, group)
  }
  return [...bySource].map(([token, group]) => {
    const better = group.filter(({ encoder }) => encoder.codec !== 'jpeg')
    return { token, streams: assignRoles(better.length > 0 ? better : group) }
  })
}

function assignRoles(group: readonly ChosenProfile['profile'][]): ChosenProfile[] {
  const [main, ...others] = group.toSorted((a, b) => pixels(b) - pixels(a) || Number(b.fixed) - Number(a.fixed))
  const sub = others.find((profile) => pixels(profile) <= SUB_PIXELS) ?? others.at(-1)
  return [main, sub, ...others.filter((profile) => profile !== sub)].flatMap((profile) =>
    profile === undefined ? [] : [{ role: profile === main ? 'main' : profile === sub ? 'sub' : 'other', profile }],
  )
}

const pixels = ({ encoder }: ChosenProfile['profile']): number => encoder.width * encoder.height

/** The URI in GetStreamUriResponse of Media1 or Media2, as the camera wrote it; not to be dialled before it is rewritten. */
export function parseStreamUri(response: XmlElement): string | undefined {
  return textAt(response, 'MediaUri', 'Uri') ?? textAt(response, 'Uri')
}
