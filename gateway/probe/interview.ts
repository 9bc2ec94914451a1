import { isIP } from 'node:net'
import type { Clock } from '../clock.ts'
import type { DeviceInformation, DeviceOverrides } from '../contracts/device.ts'
import type { Dialer } from '../dial.ts'
import { OnvifClient, type OnvifFailure } from '../onvif/client.ts'
import { attemptsLeft, type Credentials } from '../onvif/soap.ts'
import { joinAddress, splitAddress, withPathSecrets } from '../onvif/uri.ts'
import { searchUnicast } from '../onvif/ws-discovery.ts'
import { type Check, FAILURE_CODES } from './check.ts'
import { type ChannelWish, type DeviceChannel, type DeviceStream, readChannels } from './device-channels.ts'
import type { DeviceProfile } from './device-profile.ts'
import { overridden } from './effective-profile.ts'
import { clockWords, lockoutWarning, mediaWords, reachedWords, saidWords } from './interview-words.ts'
import { type Evidence, matchProfile } from './match.ts'
import type { ProbeCode } from './probe-codes.ts'
import { type Reached, reach, USUAL_PORTS } from './reach.ts'
import { type DescribeStream, streamChecks } from './stream-check.ts'
import { rewritten, templateUris } from './stream-uris.ts'

export interface InterviewDeps {
  dialer: Dialer
  clock: Clock
  randomBytes: (count: number) => Buffer
  profiles: readonly DeviceProfile[]
  describeStream: DescribeStream
}

export interface InterviewRequest extends ChannelWish {
  /** Host, with or without port, as a person typed it. */
  address: string
  credentials: Credentials | undefined
  overrides?: DeviceOverrides | undefined
  /** What discovery told of this address. */
  announced?: Pick<Evidence, 'scopes' | 'endpointReference'> & { path: string }
  /** Certificates that registered devices are known by, by `host:port`. */
  pins?: ReadonlyMap<string, string>
  /** Measure how far key frames are apart: some seconds more. */
  watchKeyFrames?: boolean
}

export interface Interview {
  /** Host and port that answered; undefined where none did. */
  address: string | undefined
  device: DeviceInformation | undefined
  profile: DeviceProfile
  clockOffsetMs: number | undefined
  /** SHA-256 of what the device showed, and of what it showed when it was registered, hex; undefined in the clear. */
  certificate: { found: string; registered: string | undefined } | undefined
  channels: DeviceChannel[]
  /** In all, and the first beyond this page. */
  channelCount: number
  nextChannel: string | undefined
  checks: Check[]
}

/** A device in the same network answers a probe within this. */
const ANNOUNCEMENT_MS = 600
const ID_PARTS = /^(.{8})(.{4})(.{4})(.{4})/
/** A clock this far off makes recordings and logins doubtful. */
const SKEW_TOLD_MS = 5_000
/** Channels without a camera that are passed over. */
const MAX_SHOWN = 3

/** Asks one device who it is and what it can show: at most one login that fails. Rejects only with the signal's reason. */
export async function interview(
  request: InterviewRequest,
  deps: InterviewDeps,
  signal: AbortSignal,
): Promise<Interview> {
  const run = new Run(request, deps, signal)
  return run.go()
}

class Run {
  readonly #request: InterviewRequest
  readonly #deps: InterviewDeps
  readonly #signal: AbortSignal
  readonly #checks: Check[] = []
  readonly #evidence: Evidence
  #bare: Reached | undefined
  #result: Pick<Interview, Exclude<keyof Interview, 'profile' | 'checks'>> = {
    address: undefined,
    device: undefined,
    clockOffsetMs: undefined,
    certificate: undefined,
    channels: [],
    channelCount: 0,
    nextChannel: undefined,
  }

  constructor(request: InterviewRequest, deps: InterviewDeps, signal: AbortSignal) {
    this.#request = request
    this.#deps = deps
    this.#signal = signal
    this.#evidence = { ...request.announced }
  }

  async go(): Promise<Interview> {
    await this.#ask()
    return { ...this.#result, profile: this.#profile, checks: this.#checks }
  }

  get #profile(): DeviceProfile {
    const { overrides = {} } = this.#request
    const said = this.#deps.profiles.find(({ id }) => id === overrides.deviceProfile)
    return overridden(said ?? matchProfile(this.#deps.profiles, this.#evidence), overrides)
  }

  get #devicePath(): string | undefined {
    return this.#request.overrides?.devicePath ?? this.#request.announced?.path
  }

  #tell(name: Check['name'], ok: boolean, detail: Check['detail'], code?: ProbeCode, more: Partial<Check> = {}): void {
    this.#checks.push({ name, ok, detail, ...(code === undefined ? {} : { code }), ...more })
  }

  #fail(name: Check['name'], { why, detail }: { why: OnvifFailure; detail: string }): void {
    this.#tell(name, false, detail, FAILURE_CODES[why])
  }

  async #ask(): Promise<void> {
    const { host, port } = splitAddress(this.#request.address)
    const ports = port === undefined ? USUAL_PORTS : [port]
    const checked = await this.#deps.dialer.check(host, ports[0] ?? 80)
    if (!checked.ok) return this.#tell('address', false, host, FAILURE_CODES[checked.why])
    this.#tell('address', true, checked.address)
    const client = await this.#reach(host, ports)
    if (client === undefined) return
    if (!(await this.#login(client))) return
    const channels = await this.#media(client)
    if (channels === undefined) this.#template(host)
    else this.#result.channels = channels
    await this.#show()
  }

  async #reach(host: string, ports: readonly number[]): Promise<OnvifClient | undefined> {
    const { credentials, overrides: { readableLogin = false } = {}, pins = new Map() } = this.#request
    const reached = await reach({ host, ports, devicePath: this.#devicePath, pins }, this.#deps, this.#signal)
    if (!reached.ok) {
      this.#result.certificate = reached.certificate
      this.#tell('reachable', false, reached.detail, reached.code)
      return undefined
    }
    const { port, options } = reached
    this.#evidence.port = port
    const address = joinAddress(host, port)
    this.#result.address = address
    const found = reached.client.certificate
    if (found !== undefined) this.#result.certificate = { found, registered: pins.get(address) }
    this.#tell('reachable', true, reachedWords(address, found))
    const client = new OnvifClient({
      ...options,
      readableLogin,
      ...(credentials === undefined ? {} : { credentials }),
    })
    client.adoptClock(reached.client)
    this.#bare = reached
    if (reached.toldTime) this.#clock(client.clockOffsetMs)
    return client
  }

  #clock(offsetMs: number): void {
    this.#result.clockOffsetMs = Math.round(offsetMs)
    const isSkewed = Math.abs(offsetMs) > SKEW_TOLD_MS
    this.#tell('clock', true, '', isSkewed ? 'clock-skewed' : undefined, { words: clockWords(offsetMs) })
  }

  async #login(client: OnvifClient): Promise<boolean> {
    const information = await client.deviceInformation(this.#signal)
    if (!information.ok) {
      await this.#refused(information)
      return false
    }
    this.#result.device = information.value
    this.#evidence.manufacturer = information.value.manufacturer
    this.#evidence.model = information.value.model
    this.#tell('login', true, `${information.value.manufacturer} ${information.value.model}`.trim())
    if (this.#result.clockOffsetMs === undefined && (await client.systemTime(this.#signal)).ok) {
      this.#clock(client.clockOffsetMs) // some tell their time to users only (Vivotek)
    }
    return true
  }

  /**
   * Whose fault a refused login is. Who made the device is asked without login; it says how often may be tried still,
   * and whether it is a make that keeps ONVIF users of their own.
   */
  async #refused(failure: { why: OnvifFailure; detail: string }): Promise<void> {
    const { why, detail } = failure
    if (why !== 'login-refused' && why !== 'login-locked' && why !== 'login-needed') return this.#fail('login', failure)
    await this.#lookFromOutside()
    const { lockout, separateUser } = this.#profile.onvif ?? {}
    const triesLeft = attemptsLeft({ codes: [], text: detail })
    // A device that counts the tries has looked at the password.
    const mayBeSeparate = why === 'login-refused' && separateUser === true && triesLeft === undefined
    const isSeparate = mayBeSeparate && (await this.#takesLoginByRtsp()) !== false
    const code = isSeparate ? 'separate-user-needed' : FAILURE_CODES[why]
    const warning = why === 'login-needed' ? undefined : lockoutWarning(triesLeft, lockout)
    this.#tell('login', false, detail === '' ? '' : saidWords(detail), code, {
      ...(triesLeft === undefined ? {} : { triesLeft }),
      ...(warning === undefined ? {} : { warning }),
    })
  }

  /**
   * Whether the login that ONVIF refused opens the streams: then the password is right and the ONVIF user is missing.
   * The second and last login of this check; undefined where the streams are not where the profile says.
   */
  async #takesLoginByRtsp(): Promise<boolean | undefined> {
    const { address, credentials, channel } = this.#request
    const [stream] = this.#templates(splitAddress(address).host, channel)
    if (stream === undefined || credentials === undefined) return undefined
    const transport = this.#profile.streams?.transport ?? 'tcp'
    const described = await this.#deps.describeStream({ uri: stream.uri, ...credentials, transport }, this.#signal)
    if (described.ok) return true
    return described.code === 'unauthorized' ? false : described.code === 'not-found' ? true : undefined
  }

  /** Who it is, as a stranger learns it: by its announcement, else by its scopes and the paths of its services. */
  async #lookFromOutside(): Promise<void> {
    const client = this.#bare?.ok === true ? this.#bare.client : undefined
    if (client === undefined || this.#profile.id !== 'generic') return
    await this.#askAnnouncement()
    if (this.#profile.id !== 'generic') return
    const scopes = await client.scopes(this.#signal)
    if (scopes.ok) this.#evidence.scopes = scopes.value
    const services = await client.services(this.#signal)
    if (services.ok) {
      this.#evidence.paths = [...services.value.values()].map((xaddr) => xaddr.replace(/^https?:\/\/[^/]+/i, ''))
    }
  }

  async #askAnnouncement(): Promise<void> {
    const { dialer, clock, randomBytes } = this.#deps
    const checked = await dialer.check(splitAddress(this.#request.address).host, USUAL_PORTS[0] ?? 80)
    if (!checked.ok || isIP(checked.address) !== 4) return
    const newId = (): string => randomBytes(16).toString('hex').replace(ID_PARTS, '$1-$2-$3-$4-')
    const timing = { roundGapMs: 0, listenMs: ANNOUNCEMENT_MS, pacePerSecond: 50 }
    const { devices } = await searchUnicast([checked.address], { dialer, clock, newId, timing }, this.#signal)
    const announcement = devices[0]?.announcement
    if (announcement === undefined) return
    const { scopes, endpointReference, manufacturer, model } = announcement
    Object.assign(
      this.#evidence,
      { scopes },
      endpointReference && { endpointReference },
      manufacturer && { manufacturer },
    )
    if (model !== undefined) this.#evidence.model = model
  }

  /** Channels with the URIs of their streams, or undefined where the media service does not give them. */
  async #media(client: OnvifClient): Promise<DeviceChannel[] | undefined> {
    const { channelCount, nextChannel, ...read } = await readChannels(client, this.#request, this.#signal)
    Object.assign(this.#result, { channelCount, nextChannel })
    if (read.kind === 'unanswered') {
      this.#fail('media', read.failure)
      return undefined
    }
    if (read.kind === 'none') {
      this.#tell('media', false, read.detail, read.code)
      return []
    }
    const found = read.channels.flatMap(({ streams }) => streams)
    this.#evidence.paths = found.map(({ uri }) => pathOf(uri))
    const { rewrites } = this.#profile.streams ?? {}
    for (const stream of found) stream.uri = rewritten(stream.uri, rewrites)
    this.#tell('media', true, mediaWords(read.channels.length, found.length))
    return read.channels
  }

  /** A make whose paths are known, where its media service does not answer: tested below like any other stream. */
  #template(host: string): void {
    const { channel = `${this.#profile.streams?.channelBase ?? 1}` } = this.#request
    const streams = this.#templates(host, channel)
    if (streams.length === 0) return
    this.#tell('media', true, this.#profile.title, 'template-used')
    this.#result.channels = [{ token: channel, name: channel, streams }]
  }

  #templates(host: string, channel: string | undefined): DeviceStream[] {
    return templateUris(this.#profile.streams, host, channel).map(({ role, uri }) => ({
      role,
      codec: 'unknown',
      width: 0,
      height: 0,
      uri,
      pathSecrets: undefined,
    }))
  }

  /**
   * Plays the main stream of a channel, and believes the picture before the description. Of a recorder some channels may
   * have no camera: then the next one is shown.
   */
  async #show(): Promise<void> {
    let shown: Check[] = []
    for (const channel of this.#result.channels.slice(0, MAX_SHOWN)) {
      const main = channel.streams.find(({ role }) => role === 'main') ?? channel.streams[0]
      if (main === undefined) continue
      const described = await this.#describe(main)
      shown = streamChecks(described, true)
      if (described.ok) {
        const { codec, width, height, frameRate = main.frameRate } = described
        Object.assign(main, { codec, width, height }, frameRate === undefined ? {} : { frameRate })
        break
      }
      if (!OF_ONE_CHANNEL.has(described.code)) break
    }
    this.#checks.push(...shown)
  }

  #describe({ uri, pathSecrets }: DeviceStream): ReturnType<DescribeStream> {
    const { credentials, watchKeyFrames = false } = this.#request
    const transport = this.#profile.streams?.transport ?? 'tcp'
    return this.#deps.describeStream(
      { uri: withPathSecrets(uri, pathSecrets), ...credentials, transport, watchKeyFrames },
      this.#signal,
    )
  }
}

/** What may be wrong with one channel of a recorder, and right with the next. */
const OF_ONE_CHANNEL: ReadonlySet<string> = new Set([
  'not-found',
  'no-key-frame',
  'stalled',
  'protocol',
  'connection-lost',
])

const pathOf = (uri: string): string => uri.replace(/^rtsps?:\/\/[^/]+/, '')
