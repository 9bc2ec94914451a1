import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Dialer } from '../dial.ts'
import { authorize, type Challenge, chooseChallenge, parseChallenges } from '../digest.ts'
import { type FrameHandler, RtspConnection, type RtspResponse } from './connection.ts'
import { faultOfStatus, StreamFault } from './fault.ts'
import { parseSdp, type Sdp, type SdpMedia } from './sdp.ts'
import { UdpMedia } from './udp-media.ts'
import { controlBase, joinControl, parseRtspUri, type RtspUri } from './uri.ts'

export interface StreamSource {
  /** Without user information. */
  uri: string
  username?: string
  password?: string
  /** How media come: within the RTSP connection unless the device is known to refuse that. */
  transport?: 'tcp' | 'udp'
  /** Of an `rtsps:` URI: the certificate the camera is known by, SHA-256 in hex; without it any is taken and told. */
  pin?: string
  /** Told the certificate on first use, so that it is known from then on. */
  onFirstCertificate?(sha256: string): void
  /** Asks for a key frame now instead of when the next is due. Never throws. @param signal aborted when one has come */
  askKeyFrame?(signal: AbortSignal): void
}

export interface SessionOptions {
  dialer: Dialer
  clock: Clock
  /** Gets the frames of every channel that was set up. */
  onFrame: FrameHandler
}

const USER_AGENT = 'Gridlight'
/** All formats of video demand it (RFC 6184 §8.2.1, RFC 7798 §7.1). */
const USUAL_CLOCK_RATE = 90_000
const DEFAULT_TIMEOUT_S = 60
const MIN_TIMEOUT_S = 4
const MAX_TIMEOUT_S = 600
const MAX_REDIRECTS = 2
const TEARDOWN_TIMEOUT_MS = 500

/** An RTSP session (RFC 2326) with media interleaved in its connection, or over UDP beside it. */
export class RtspSession {
  readonly #source: StreamSource
  readonly #options: SessionOptions
  readonly #connection: RtspConnection
  #uri: RtspUri
  #base = ''
  #control: string | undefined
  #challenges: readonly Challenge[] = []
  #nonceCount = 0
  /** The camera has accepted the credential on this connection. */
  #proven = false
  #sessionId: string | undefined
  #timeoutMs = DEFAULT_TIMEOUT_S * 1000
  #public: readonly string[] = []
  #nextChannel = 0
  #keepAliveAtMs = 0
  #keepAliveRefused = false
  #playing = false
  readonly #udp: UdpMedia[] = []

  /** Throws StreamFault `bad-uri`. */
  constructor(source: StreamSource, options: SessionOptions) {
    const uri = parseRtspUri(source.uri)
    if (uri === undefined) throw new StreamFault('bad-uri', 'not an rtsp:// or rtsps:// URI')
    this.#source = source
    this.#options = options
    this.#uri = uri
    this.#connection = new RtspConnection(options.clock, options.onFrame)
  }

  get ended(): Promise<StreamFault> {
    return this.#connection.ended
  }

  get receivedBytes(): number {
    return this.#udp.reduce((sum, media) => sum + media.receivedBytes, this.#connection.receivedBytes)
  }

  /** What the camera showed, SHA-256 in hex; undefined in the clear. */
  get certificate(): string | undefined {
    return this.#connection.certificate
  }

  async open(signal: AbortSignal): Promise<void> {
    const { host, port, isTls } = this.#uri
    const tls = isTls ? { tls: { pin: this.#source.pin } } : {}
    await this.#connection.open(this.#options.dialer, { host, port, ...tls }, signal)
    const { pin, onFirstCertificate } = this.#source
    if (pin === undefined && this.certificate !== undefined) onFirstCertificate?.(this.certificate)
  }

  /** OPTIONS and DESCRIBE (§10.1, §10.2); redirects are followed on the same host and port only. */
  async describe(signal: AbortSignal): Promise<Sdp> {
    // Some cameras challenge OPTIONS, some refuse it: what counts is DESCRIBE.
    const options = await this.#send('OPTIONS', this.#requestUri(), [], signal)
    this.#public = (options.headers.get('public') ?? [])
      .join(',')
      .toUpperCase()
      .split(/[\s,]+/)
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#request('DESCRIBE', this.#requestUri(), [['Accept', 'application/sdp']], signal)
      if (answer.status < 300 || answer.status >= 400) return this.#description(answer)
      this.#redirect(answer, redirects)
    }
  }

  /** SETUP (§10.4) of one media. @returns the channel its RTP comes on */
  async setup(media: SdpMedia, signal: AbortSignal): Promise<number> {
    const wanted = this.#nextChannel
    this.#nextChannel += 2
    const granted =
      this.#source.transport === 'udp'
        ? await this.#setupUdp(media, wanted, signal)
        : await this.#setup(media, `RTP/AVP/TCP;unicast;interleaved=${wanted}-${wanted + 1}`, signal)
    const channel = /interleaved\s*=\s*(\d{1,3})/i.exec(granted)?.[1]
    return channel === undefined || Number(channel) > 255 ? wanted : Number(channel)
  }

  /** Frames get the numbers of channels that were never spoken of. TLS does not cover UDP, so it is refused there. */
  async #setupUdp(media: SdpMedia, channel: number, signal: AbortSignal): Promise<string> {
    if (this.#uri.isTls) throw new StreamFault('unsupported-transport', 'RTSP over TLS with media in the clear')
    const { clock, onFrame, dialer } = this.#options
    const udp = new UdpMedia({
      clock,
      cameraAddress: this.#connection.address,
      clockRate: media.formats[0]?.clockRate || USUAL_CLOCK_RATE,
      ssrc: randomBytes(4).readUInt32BE(),
      rtp: (bytes) => onFrame(channel, bytes, 0, bytes.length),
      rtcp: (bytes) => onFrame(channel + 1, bytes, 0, bytes.length),
    })
    this.#udp.push(udp)
    const port = await udp.open()
    const granted = await this.#setup(media, `RTP/AVP;unicast;client_port=${port}-${port + 1}`, signal)
    const [, rtp, rtcp] = /server_port\s*=\s*(\d{1,5})(?:-(\d{1,5}))?/i.exec(granted) ?? []
    const reportPort = rtcp === undefined ? Number(rtp) + 1 : Number(rtcp)
    if ((await dialer.check(this.#connection.address, reportPort)).ok) udp.reportTo(reportPort)
    return granted
  }

  /** @returns the transport that was granted */
  async #setup(media: SdpMedia, transport: string, signal: AbortSignal): Promise<string> {
    const uri = joinControl(this.#uri, this.#base, media.control)
    const answer = await this.#request('SETUP', uri, [['Transport', transport]], signal)
    const [id = '', ...parameters] = (answer.headers.get('session')?.[0] ?? '').split(';').map((part) => part.trim())
    if (/^[\x21-\x7e]{1,256}$/.test(id)) this.#sessionId = id
    const timeout = parameters
      .map((part) => /^timeout\s*=\s*(\d{1,6})/i.exec(part)?.[1])
      .find((part) => part !== undefined)
    if (timeout !== undefined)
      this.#timeoutMs = Math.min(Math.max(Number(timeout), MIN_TIMEOUT_S), MAX_TIMEOUT_S) * 1000
    return answer.headers.get('transport')?.[0] ?? ''
  }

  /** PLAY (§10.5); data may come before its answer. */
  async play(signal: AbortSignal): Promise<void> {
    this.#playing = true
    const uri = joinControl(this.#uri, this.#base, this.#control)
    await this.#request('PLAY', uri, [['Range', 'npt=0.000-']], signal)
    this.#keepAliveAtMs = this.#options.clock.monotonicMs() + this.#timeoutMs / 2
  }

  /** Sends what keeps the session alive when half its timeout has passed; call about once a second while playing. */
  keepAlive(): void {
    for (const media of this.#udp) media.tick()
    const nowMs = this.#options.clock.monotonicMs()
    if (!this.#playing || nowMs < this.#keepAliveAtMs) return
    this.#keepAliveAtMs = nowMs + this.#timeoutMs / 2
    const method = this.#public.includes('GET_PARAMETER') ? 'GET_PARAMETER' : 'OPTIONS'
    const uri = joinControl(this.#uri, this.#base, this.#control)
    const headers = this.#headers(method, uri, [])
    this.#connection.post(method, uri, headers, (answer) => this.#keptAlive(answer))
  }

  /** After a refusal the other half of the timeout is all that is left: what mends it is tried at the next call, once. */
  #keptAlive(answer: RtspResponse): void {
    if (answer.status === 454) {
      this.#connection.fail(new StreamFault('connection-lost', 'the camera forgot the session'))
    } else if (answer.status < 400) {
      this.#keepAliveRefused = false
    } else {
      const offered = this.#public
      if (answer.status === 401) this.#takeChallenges(answer)
      else this.#public = offered.filter((name) => name !== 'GET_PARAMETER')
      const isMended = answer.status === 401 ? !this.#keepAliveRefused : this.#public.length < offered.length
      this.#keepAliveRefused = true
      if (isMended) this.#keepAliveAtMs = this.#options.clock.monotonicMs()
    }
  }

  /** TEARDOWN (§10.7) if there is a session, then the connection is gone. Never throws. */
  async close(): Promise<void> {
    if (this.#sessionId !== undefined) {
      const uri = joinControl(this.#uri, this.#base, this.#control)
      const headers = this.#headers('TEARDOWN', uri, [])
      await this.#connection
        .request('TEARDOWN', uri, headers, new AbortController().signal, TEARDOWN_TIMEOUT_MS)
        .catch(() => undefined) // the connection goes anyway
    }
    for (const media of this.#udp) media.close()
    this.#connection.fail(new StreamFault('connection-lost', 'closed by us'))
  }

  #requestUri(): string {
    return this.#uri.origin + this.#uri.rest
  }

  /** A request that must succeed, or a redirect. */
  async #request(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    signal: AbortSignal,
  ): Promise<RtspResponse> {
    const answer = await this.#send(method, uri, headers, signal)
    const redirected = method === 'DESCRIBE' && answer.status >= 300 && answer.status < 400
    if (answer.status < 200 || (answer.status >= 300 && !redirected))
      throw faultOfStatus(method, answer.status, answer.reason)
    return answer
  }

  /**
   * Answers a challenge once. A request that already carried the credential is only repeated if the camera accepted it
   * before: attempts are counted (Dahua), and a nonce may simply have aged.
   */
  async #send(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    signal: AbortSignal,
  ): Promise<RtspResponse> {
    const authorised = this.#headers(method, uri, headers)
    const carried = authorised.some(([name]) => name === 'Authorization')
    const answer = await this.#connection.request(method, uri, authorised, signal)
    if (answer.status !== 401) {
      if (carried && answer.status < 400) this.#proven = true
      return answer
    }
    if (carried && !this.#proven) return answer
    this.#takeChallenges(answer)
    const again = this.#headers(method, uri, headers)
    if (!again.some(([name]) => name === 'Authorization')) return answer
    const second = await this.#connection.request(method, uri, again, signal)
    if (second.status < 400) this.#proven = true
    if (second.status === 401) throw faultOfStatus(method, 401, second.reason)
    return second
  }

  #headers(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
  ): (readonly [string, string])[] {
    const all: (readonly [string, string])[] = [...headers, ['User-Agent', USER_AGENT]]
    if (this.#sessionId !== undefined) all.push(['Session', this.#sessionId])
    const { username, password } = this.#source
    if (username === undefined || chooseChallenge(this.#challenges) === undefined) return all
    const cnonce = randomBytes(8).toString('hex')
    const request = { username, password: password ?? '', method, uri, nc: ++this.#nonceCount, cnonce }
    const value = authorize(this.#challenges, request)
    if (value !== undefined) all.push(['Authorization', value])
    return all
  }

  #takeChallenges(answer: RtspResponse): void {
    this.#challenges = parseChallenges(answer.headers.get('www-authenticate') ?? [])
    this.#nonceCount = 0
  }

  #description(answer: RtspResponse): Sdp {
    const header = (name: string): string | undefined => answer.headers.get(name)?.[0]
    this.#base = controlBase(this.#uri, header('content-base'), header('content-location'))
    const result = parseSdp(answer.body.toString('utf8'))
    if (!result.ok) throw new StreamFault('protocol', `description: ${result.why}`)
    this.#control = result.sdp.control
    return result.sdp
  }

  /** A redirect that leaves host or port would carry the credential to a stranger. */
  #redirect(answer: RtspResponse, redirects: number): void {
    const target = parseRtspUri(answer.headers.get('location')?.[0] ?? '')
    if (
      target === undefined ||
      redirects >= MAX_REDIRECTS ||
      target.host !== this.#uri.host ||
      target.port !== this.#uri.port ||
      target.isTls !== this.#uri.isTls
    ) {
      throw new StreamFault('redirected', `DESCRIBE was answered ${answer.status}, a redirect that is not followed`)
    }
    this.#uri = { ...target, origin: this.#uri.origin }
  }
}
