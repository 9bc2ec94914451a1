import type { MediaProfile } from './media-profile.ts'
import type { CameraFacts, Operations, SoapCall, SoapResult } from './soap-service.ts'
import { escapeXml, find, NS } from './xml.ts'

const NO_PROFILE: SoapResult = { fault: 'ter:InvalidArgVal', text: 'NoProfile' }

/** Media (ver10) and Media2 (ver20) over the same media profiles. */
export function mediaOperations(facts: CameraFacts): Operations {
  const { habits, profiles } = facts
  const sources = [...new Map(profiles.map((profile) => [profile.sourceToken, profile])).values()]
  const asked = ({ body }: SoapCall): MediaProfile | undefined =>
    profiles.find(({ token }) => token === find(body, 'ProfileToken')?.text)
  const streamUri = (profile: MediaProfile): string => escapeXml(`${facts.rtspBase()}${profile.rtspTarget}`)
  const snapshotUri = (profile: MediaProfile): string | undefined =>
    profile.snapshotPath === undefined ? undefined : escapeXml(`${facts.httpBase()}${profile.snapshotPath}`)
  const keyFrame = (call: SoapCall, prefix: 'trt' | 'tr2'): SoapResult => {
    const profile = asked(call)
    if (profile === undefined) return NO_PROFILE
    if (!facts.keyFrame(profile)) return { fault: 'ter:ActionNotSupported', text: 'Optional Action Not Implemented' }
    return { xml: `<${prefix}:SetSynchronizationPointResponse/>` }
  }
  const noSnapshot: SoapResult = { fault: 'ter:ActionNotSupported', text: 'Optional Action Not Implemented' }
  const hasPtz = habits.paths.ptz !== undefined

  const profile1 = (profile: MediaProfile, tag: string): string =>
    `<trt:${tag} token="${profile.token}" fixed="true"><tt:Name>${profile.name}</tt:Name>` +
    `<tt:VideoSourceConfiguration ${videoSource(profile)}</tt:VideoSourceConfiguration>` +
    `<tt:VideoEncoderConfiguration ${encoder1(profile, habits.h265InMedia1)}</tt:VideoEncoderConfiguration>` +
    `${hasPtz ? `<tt:PTZConfiguration ${PTZ}</tt:PTZConfiguration>` : ''}</trt:${tag}>`

  const media1: Operations = {
    [`${NS.media} GetProfiles`]: () => ({
      xml: `<trt:GetProfilesResponse>${profiles.map((profile) => profile1(profile, 'Profiles')).join('')}</trt:GetProfilesResponse>`,
    }),
    [`${NS.media} GetProfile`]: (call) => {
      const profile = asked(call)
      if (profile === undefined) return NO_PROFILE
      return { xml: `<trt:GetProfileResponse>${profile1(profile, 'Profile')}</trt:GetProfileResponse>` }
    },
    [`${NS.media} GetVideoSources`]: () => ({
      xml: `<trt:GetVideoSourcesResponse>${sources
        .map(
          ({ sourceToken, spec }) =>
            `<trt:VideoSources token="${sourceToken}"><tt:Framerate>${spec.frameRate}</tt:Framerate>${resolution(spec)}</trt:VideoSources>`,
        )
        .join('')}</trt:GetVideoSourcesResponse>`,
    }),
    [`${NS.media} GetStreamUri`]: (call) => {
      const profile = asked(call)
      if (profile === undefined) return NO_PROFILE
      return {
        xml: `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${streamUri(profile)}</tt:Uri>${URI_LIFE}</trt:MediaUri></trt:GetStreamUriResponse>`,
      }
    },
    [`${NS.media} SetSynchronizationPoint`]: (call) => keyFrame(call, 'trt'),
    [`${NS.media} GetSnapshotUri`]: (call) => {
      const profile = asked(call)
      if (profile === undefined) return NO_PROFILE
      const uri = snapshotUri(profile)
      if (uri === undefined) return noSnapshot
      return {
        xml: `<trt:GetSnapshotUriResponse><trt:MediaUri><tt:Uri>${uri}</tt:Uri>${URI_LIFE}</trt:MediaUri></trt:GetSnapshotUriResponse>`,
      }
    },
  }
  if (habits.paths.media2 === undefined) return media1

  return {
    ...media1,
    [`${NS.media2} GetProfiles`]: ({ body }) => {
      const types = body.children.filter(({ name }) => name === 'Type').map(({ text }) => text)
      const wants = (type: string): boolean => types.includes('All') || types.includes(type)
      const isFull = !habits.media2NeedsType
      const listed = profiles.map((profile) => {
        const source =
          isFull || wants('VideoSource') ? `<tr2:VideoSource ${videoSource(profile)}</tr2:VideoSource>` : ''
        const encoder =
          isFull || wants('VideoEncoder') ? `<tr2:VideoEncoder ${encoder2(profile)}</tr2:VideoEncoder>` : ''
        const ptz = hasPtz && (isFull || wants('PTZ')) ? `<tr2:PTZ ${PTZ}</tr2:PTZ>` : ''
        return `<tr2:Profiles token="${profile.token}" fixed="true"><tr2:Name>${profile.name}</tr2:Name><tr2:Configurations>${source}${encoder}${ptz}</tr2:Configurations></tr2:Profiles>`
      })
      return { xml: `<tr2:GetProfilesResponse>${listed.join('')}</tr2:GetProfilesResponse>` }
    },
    [`${NS.media2} GetVideoSourceConfigurations`]: () => ({
      xml: `<tr2:GetVideoSourceConfigurationsResponse>${sources
        .map((profile) => `<tr2:Configurations ${videoSource(profile)}</tr2:Configurations>`)
        .join('')}</tr2:GetVideoSourceConfigurationsResponse>`,
    }),
    [`${NS.media2} GetStreamUri`]: (call) => {
      const profile = asked(call)
      if (profile === undefined) return NO_PROFILE
      return { xml: `<tr2:GetStreamUriResponse><tr2:Uri>${streamUri(profile)}</tr2:Uri></tr2:GetStreamUriResponse>` }
    },
    [`${NS.media2} SetSynchronizationPoint`]: (call) => keyFrame(call, 'tr2'),
    [`${NS.media2} GetSnapshotUri`]: (call) => {
      const profile = asked(call)
      if (profile === undefined) return NO_PROFILE
      const uri = snapshotUri(profile)
      if (uri === undefined) return noSnapshot
      return { xml: `<tr2:GetSnapshotUriResponse><tr2:Uri>${uri}</tr2:Uri></tr2:GetSnapshotUriResponse>` }
    },
  }
}

const URI_LIFE =
  '<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>'

const PTZ = 'token="PTZToken"><tt:Name>PTZ</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>PTZNode</tt:NodeToken>'

const resolution = ({ width, height }: { width: number; height: number }): string =>
  `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution>`

/** Attributes and content; the caller writes the element around them. */
const videoSource = ({ sourceToken, spec }: MediaProfile): string =>
  `token="${sourceToken}_config"><tt:Name>${sourceToken}_config</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>${sourceToken}</tt:SourceToken><tt:Bounds x="0" y="0" width="${spec.width}" height="${spec.height}"/>`

const MULTICAST =
  '<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>'

function encoder1({ token, spec }: MediaProfile, h265: 'empty' | 'named'): string {
  const name = `token="${token}_encoder"><tt:Name>${token}_encoder</tt:Name><tt:UseCount>1</tt:UseCount>`
  if (spec.codec === 'h265' && h265 === 'empty')
    return `${name}${MULTICAST}<tt:SessionTimeout>PT60S</tt:SessionTimeout>`
  const group = spec.frameRate * 2
  const details =
    spec.codec === 'h264'
      ? `<tt:H264><tt:GovLength>${group}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>`
      : ''
  return `${name}<tt:Encoding>${spec.codec.toUpperCase()}</tt:Encoding>${resolution(spec)}<tt:Quality>3</tt:Quality><tt:RateControl><tt:FrameRateLimit>${spec.frameRate}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>${spec.kilobitsPerSecond}</tt:BitrateLimit></tt:RateControl>${details}${MULTICAST}<tt:SessionTimeout>PT60S</tt:SessionTimeout>`
}

const encoder2 = ({ token, spec }: MediaProfile): string =>
  `token="${token}_encoder" GovLength="${spec.frameRate * 2}" Profile="Main"><tt:Name>${token}_encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>${spec.codec.toUpperCase()}</tt:Encoding>${resolution(spec)}<tt:RateControl><tt:FrameRateLimit>${spec.frameRate}</tt:FrameRateLimit><tt:BitrateLimit>${spec.kilobitsPerSecond}</tt:BitrateLimit></tt:RateControl>${MULTICAST}<tt:Quality>3</tt:Quality>`
