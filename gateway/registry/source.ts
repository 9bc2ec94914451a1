import type { NewCamera } from '../contracts/camera.ts'
import {
  joinAddress,
  type PathSecrets,
  type RewrittenUri,
  rewriteUri,
  splitAddress,
  withPathSecrets,
} from '../onvif/uri.ts'
import { type InterviewDeps, type InterviewRequest, interview } from './interview.ts'
import { matchProfile } from './match.ts'
import { ownNetworks } from './own-networks.ts'
import { USUAL_PORTS } from './reach.ts'
import type { NewStream, Registration, SealedLogin } from './store.ts'
import { type Check, streamChecks } from './stream-check.ts'

/** A source that was tried and works: everything about a camera but its place. */
export type Source = Pick<Registration, 'device' | 'channel' | 'streams'>

export type Tried = { kind: 'works'; source: Source } | { kind: 'failed'; checks: Check[] }

/** What was heard of the device before; `streamPin`: the certificate its RTSP over TLS is known by. */
export type Known = Pick<InterviewRequest, 'announced' | 'pins'> & { streamPin?: string }

/** Tries what is to be registered, to its first picture; at most one login that fails. */
export function trySource(
  source: NewCamera['source'],
  known: Known,
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<Tried> {
  return source.kind === 'onvif'
    ? tryOnvif(source, known, deps, signal)
    : tryRtsp(source, known.streamPin, deps, signal)
}

async function tryOnvif(
  source: NewCamera['source'] & { kind: 'onvif' },
  known: Pick<InterviewRequest, 'announced' | 'pins'>,
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<Tried> {
  const { address, username, password, channel } = source
  const found = await interview(
    {
      address,
      credentials: { username, password },
      ...(channel === undefined ? {} : { channel }),
      ...known,
    },
    deps,
    signal,
  )
  const [first] = found.channels
  const isSeen = found.checks.some(({ name, ok }) => name === 'first-frame' && ok)
  if (first === undefined || found.address === undefined || !isSeen) return { kind: 'failed', checks: found.checks }
  const pathSecrets = first.streams.find((stream) => stream.pathSecrets !== undefined)?.pathSecrets
  const login: SealedLogin = { username, password, ...(pathSecrets === undefined ? {} : { pathSecrets }) }
  const streams: NewStream[] = []
  const transport = found.profile.streams?.transport ?? 'tcp'
  for (const { role, pathSecrets: secrets, ...stream } of first.streams) {
    if (role === 'other') continue
    // A sub stream whose codec Media1 cannot express is looked at too; the main one was played above.
    const uri = withPathSecrets(stream.uri, secrets)
    const seen =
      stream.codec === 'unknown' && (await deps.describeStream({ uri, username, password, transport }, signal))
    if (seen && seen.ok === true)
      streams.push({ ...stream, role, codec: seen.codec, width: seen.width, height: seen.height })
    else streams.push({ ...stream, role })
  }
  return {
    kind: 'works',
    source: {
      device: {
        kind: 'onvif',
        address: found.address,
        endpointReference: known.announced?.endpointReference,
        manufacturer: found.device?.manufacturer,
        model: found.device?.model,
        firmware: found.device?.firmware,
        serial: found.device?.serial,
        deviceProfile: found.profile.id,
        clockOffsetMs: found.clockOffsetMs,
        certificateSha256: found.certificate?.found,
        rtspCertificateSha256: undefined,
        login,
      },
      channel: first.token,
      streams,
    },
  }
}

async function tryRtsp(
  source: NewCamera['source'] & { kind: 'rtsp' },
  known: string | undefined,
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<Tried> {
  const { mainUri, subUri, username, password } = source
  const credentials = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  }
  const where = addressOf(mainUri)
  const profile = matchProfile(deps.profiles, { paths: [where.slice(where.search(/[/?]|$/))] })
  const transport = profile.streams?.transport ?? 'tcp'
  const streams: NewStream[] = []
  let pathSecrets: PathSecrets | undefined
  let pin = known
  for (const [role, typed] of [
    ['main', mainUri],
    ['sub', subUri],
  ] as const) {
    if (typed === undefined) continue
    const uri = withoutLogin(typed)
    if (!uri.ok)
      return { kind: 'failed', checks: [{ name: 'describe', ok: false, code: 'unusable-uri', detail: uri.why }] }
    pathSecrets ??= uri.pathSecrets
    const described = await deps.describeStream(
      {
        uri: withPathSecrets(uri.uri, uri.pathSecrets),
        ...credentials,
        transport,
        ...(pin === undefined ? {} : { pin }),
      },
      signal,
    )
    if (!described.ok) {
      const isElsewhere =
        (described.code === 'timeout' || described.code === 'unreachable') && !ownNetworks().has(hostOf(uri.uri))
      const checks = streamChecks(described)
      return {
        kind: 'failed',
        checks: isElsewhere ? checks.map((check) => ({ ...check, code: 'other-subnet' })) : checks,
      }
    }
    const { codec, width, height, frameRate, certificate } = described
    pin ??= certificate
    streams.push({ role, uri: uri.uri, codec, width, height, ...(frameRate === undefined ? {} : { frameRate }) })
  }
  const login: SealedLogin = { ...credentials, ...(pathSecrets === undefined ? {} : { pathSecrets }) }
  return {
    kind: 'works',
    source: {
      device: {
        kind: 'rtsp',
        address: addressOf(streams[0]?.uri ?? ''),
        endpointReference: undefined,
        manufacturer: undefined,
        model: undefined,
        firmware: undefined,
        serial: undefined,
        deviceProfile: profile.id,
        clockOffsetMs: undefined,
        certificateSha256: undefined,
        rtspCertificateSha256: pin,
        login,
      },
      channel: '',
      streams,
    },
  }
}

/** Addresses under which the device of a source may be stored. */
export function storedAddresses(
  source: Pick<NewCamera['source'] & { kind: 'onvif' }, 'kind' | 'address'> | (NewCamera['source'] & { kind: 'rtsp' }),
): string[] {
  if (source.kind === 'rtsp') {
    const uri = withoutLogin(source.mainUri)
    return uri.ok ? [addressOf(uri.uri)] : []
  }
  const { host, port } = splitAddress(source.address)
  return (port === undefined ? USUAL_PORTS : [port]).map((usual) => joinAddress(host, usual))
}

/** Two paths at one host need not be one device, nor have one login: the whole URI is the address. */
const addressOf = (uri: string): string => uri.replace(/^rtsps?:\/\//, '')

/** A URI a person typed, as it is stored. */
export function storableUri(uri: string): string | undefined {
  const stored = withoutLogin(uri)
  return stored.ok ? stored.uri : undefined
}

/** A URI a person typed, without the login that may stand in it; the host stays. */
function withoutLogin(uri: string): RewrittenUri {
  return rewriteUri(uri, { host: hostOf(uri) }, ['rtsp', 'rtsps'])
}

const hostOf = (uri: string): string =>
  (/^rtsps?:\/\/(\[[^\]]*\]|[^/:?]+)/.exec(uri)?.[1] ?? '').replace(/^\[|\]$/g, '')
