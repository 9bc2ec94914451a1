import type { NewCamera } from '../contracts/camera.ts'
import { DEVICE_PATH } from '../onvif/client.ts'
import {
  joinAddress,
  type PathSecrets,
  type RewrittenUri,
  rewriteUri,
  splitAddress,
  withPathSecrets,
} from '../onvif/uri.ts'
import type { Check } from '../probe/check.ts'
import { overridden } from '../probe/effective-profile.ts'
import { type Interview, type InterviewDeps, type InterviewRequest, interview } from '../probe/interview.ts'
import { matchProfile } from '../probe/match.ts'
import { ownNetworks } from '../probe/own-networks.ts'
import { USUAL_PORTS } from '../probe/reach.ts'
import { streamChecks } from '../probe/stream-check.ts'
import type { NewStream, Registration } from './registration-store.ts'
import type { SealedLogin } from './sealed-login.ts'

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

async function tryOnvif(source: OnvifSource, known: Known, deps: InterviewDeps, signal: AbortSignal): Promise<Tried> {
  const { channel } = source
  const only = channel === undefined ? { channelLimit: 1 } : { channel }
  const found = await interview({ ...requestOf(source, known), ...only }, deps, signal)
  const [first] = found.channels
  const isSeen = found.checks.some(({ name, ok }) => name === 'first-frame' && ok)
  if (first === undefined || found.address === undefined || !isSeen) return { kind: 'failed', checks: found.checks }
  return { kind: 'works', source: await sourceOf(source, known, found, found.address, first, deps, signal) }
}

/** Streams of a recorder that are played at once: it has few sessions, and others want some. */
const PLAYED_AT_ONCE = 2

/**
 * Tries several channels of one device: one interview, one login, and each channel to its first picture.
 * @returns why the device cannot be used at all, or what became of each channel
 */
export async function tryChannels(
  source: OnvifSource,
  channels: readonly string[],
  known: Known,
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<{ kind: 'failed'; checks: Check[] } | { kind: 'tried'; channels: ReadonlyMap<string, Tried> }> {
  const found = await interview({ ...requestOf(source, known), channels }, deps, signal)
  const { address } = found
  if (found.channels.length === 0 || address === undefined) return { kind: 'failed', checks: found.checks }
  const tried = new Map<string, Tried>()
  const queue = [...found.channels]
  const transport = found.profile.streams?.transport ?? 'tcp'
  const worker = async (): Promise<void> => {
    for (let channel = queue.shift(); channel !== undefined; channel = queue.shift()) {
      const main = channel.streams.find(({ role }) => role === 'main') ?? channel.streams[0]
      if (main === undefined) continue
      const uri = withPathSecrets(main.uri, main.pathSecrets)
      const { username, password } = source
      const described = await deps.describeStream({ uri, username, password, transport }, signal)
      if (described.ok) {
        const { codec, width, height } = described
        Object.assign(main, { codec, width, height })
        const works = await sourceOf(source, known, found, address, channel, deps, signal)
        tried.set(channel.token, { kind: 'works', source: works })
      } else tried.set(channel.token, { kind: 'failed', checks: streamChecks(described, true) })
    }
  }
  await Promise.all(Array.from({ length: PLAYED_AT_ONCE }, worker))
  const none: Check = { name: 'media', ok: false, code: 'no-such-channel', detail: '' }
  for (const token of channels) if (!tried.has(token)) tried.set(token, { kind: 'failed', checks: [none] })
  return { kind: 'tried', channels: tried }
}

type OnvifSource = Omit<NewCamera['source'] & { kind: 'onvif' }, 'channel'> & { channel?: string | undefined }

function requestOf({ address, username, password, overrides }: OnvifSource, known: Known): InterviewRequest {
  const { streamPin: _, ...heard } = known
  const said = overrides === undefined ? {} : { overrides }
  return { address, credentials: { username, password }, ...said, ...heard }
}

/** What is stored of one channel that was seen. */
async function sourceOf(
  { username, password, overrides }: OnvifSource,
  { announced }: Known,
  found: Interview,
  address: string,
  channel: Interview['channels'][number],
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<Source> {
  const pathSecrets = channel.streams.find((stream) => stream.pathSecrets !== undefined)?.pathSecrets
  const login: SealedLogin = { username, password, ...(pathSecrets === undefined ? {} : { pathSecrets }) }
  const streams: NewStream[] = []
  const transport = found.profile.streams?.transport ?? 'tcp'
  for (const { role, pathSecrets: secrets, ...stream } of channel.streams) {
    if (role === 'other') continue
    // A sub stream whose codec Media1 cannot express is looked at too; the main one was played already.
    const uri = withPathSecrets(stream.uri, secrets)
    const seen =
      stream.codec === 'unknown' && (await deps.describeStream({ uri, username, password, transport }, signal))
    if (seen && seen.ok === true)
      streams.push({ ...stream, role, codec: seen.codec, width: seen.width, height: seen.height })
    else streams.push({ ...stream, role })
  }
  // A path that discovery told is needed again at every connection.
  const path = announced?.path === found.profile.onvif?.devicePath ? undefined : announced?.path
  const isUsual = path === undefined || path === DEVICE_PATH
  const said = isUsual ? overrides : { devicePath: path, ...overrides }
  return {
    device: {
      kind: 'onvif',
      address,
      endpointReference: announced?.endpointReference,
      manufacturer: found.device?.manufacturer,
      model: found.device?.model,
      firmware: found.device?.firmware,
      serial: found.device?.serial,
      deviceProfile: found.profile.id,
      overrides: said,
      clockOffsetMs: found.clockOffsetMs,
      certificateSha256: found.certificate?.found,
      rtspCertificateSha256: undefined,
      login,
    },
    channel: channel.token,
    streams,
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
  const { overrides = {} } = source
  const said = deps.profiles.find(({ id }) => id === overrides.deviceProfile)
  const matched = matchProfile(deps.profiles, { paths: [where.slice(where.search(/[/?]|$/))] })
  const profile = overridden(said ?? matched, overrides)
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
        overrides: source.overrides,
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
