import { randomBytes, randomInt } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Clock } from '../../../gateway/clock.ts'
import type { RtspHabits, RtspScheme } from '../township-data.ts'
import { acceptsBasic, type DigestChallenger } from './digest.ts'
import type { EncodedFrame, Encoder, FrameSink } from './encoder.ts'
import type { Microphone, SoundSink } from './microphone.ts'
import { payloadsOf } from './payload.ts'
import { RtpSender } from './rtp-sender.ts'
import { formatResponse, RtspReader, type RtspRequest, type RtspStatus } from './rtsp-message.ts'
import { describe, payloadTypeOf, SOUND_CONTROL, SOUND_PAYLOAD_TYPE, VIDEO_CONTROL } from './sdp.ts'

const REPORT_INTERVAL_MS = 5_000
/** A client that reads this far behind loses frames until the next key frame, as a camera's small buffer does. */
const MAX_UNSENT_BYTES = 1_048_576

/** One stream under its path, such as `/Streaming/Channels/101`. */
export interface ServedStream {
  path: string
  encoder: Encoder
  microphone: Microphone | undefined
}

/** What a connection needs of the camera it is made to. */
interface Served {
  readonly options: { address: string; habits: RtspHabits; username: string; password: string; clock: Clock }
  readonly digest: DigestChallenger
  readonly refusesLogins: boolean
  /** How many are sent pictures. */
  readonly playing: number
  streamAt(uri: string): ServedStream | undefined
  /** How often each path was played. */
  readonly plays: Map<string, number>
}

interface Reply {
  status: RtspStatus
  headers?: readonly (readonly [string, string])[]
  body?: string
  /** What happens once the reply is on its way. */
  after?: () => void
}

/** One client: its requests, its one session, and the frames it gets (RFC 2326). */
export class RtspConnection implements FrameSink, SoundSink {
  readonly #socket: Socket
  readonly #server: Served
  readonly #reader = new RtspReader()
  readonly #closed = new AbortController()
  readonly #sessionId = randomBytes(6).toString('hex')
  #described: ServedStream | undefined
  #stream: ServedStream | undefined
  #sender: RtpSender | undefined
  #soundSender: RtpSender | undefined
  #playing = false
  #reporting = false
  #waitsForKey = true
  #lastHeardMs: number

  constructor(socket: Socket, server: Served) {
    this.#socket = socket
    this.#server = server
    this.#lastHeardMs = server.options.clock.monotonicMs()
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => this.#hear(chunk))
    socket.on('close', () => {
      this.#stop()
      this.#closed.abort()
    })
  }

  get isPlaying(): boolean {
    return this.#playing
  }

  frame({ units, isKey, rtpTime }: EncodedFrame): void {
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#waitsForKey = true
    else if (isKey) this.#waitsForKey = false
    if (this.#waitsForKey || this.#stream === undefined) return
    const payloads = payloadsOf(this.#stream.encoder.clip.spec, units)
    for (const [at, payload] of payloads.entries()) {
      this.#sender?.packet(rtpTime, at === payloads.length - 1, ...payload)
    }
  }

  sound(bytes: Buffer, rtpTime: number): void {
    if (this.#socket.writableLength <= MAX_UNSENT_BYTES) this.#soundSender?.packet(rtpTime, false, bytes)
  }

  #hear(chunk: Buffer): void {
    this.#lastHeardMs = this.#server.options.clock.monotonicMs()
    const requests = this.#reader.push(chunk)
    if (requests === undefined) {
      this.#socket.end(formatResponse(400, undefined))
      return
    }
    for (const request of requests) {
      const { status, headers = [], body, after } = this.#answer(request)
      if (this.#socket.destroyed) return
      this.#socket.write(formatResponse(status, request.headers.get('cseq'), headers, body))
      after?.()
    }
  }

  #answer(request: RtspRequest): Reply {
    const { method, uri, headers } = request
    const methods = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN']
    if (this.#server.options.habits.keepalive === 'GET_PARAMETER') methods.push('GET_PARAMETER', 'SET_PARAMETER')
    const offered: Reply['headers'] = [['Public', methods.join(', ')]]
    if (!methods.includes(method)) return { status: 501, headers: offered }
    if (method === 'OPTIONS') return { status: 200, headers: offered }
    if (!this.#isAllowed(request)) return { status: 401, headers: this.#challenges() }
    const given = headers.get('session')?.split(';')[0]
    if (given !== undefined && given !== this.#sessionId) return { status: 454 }

    switch (method) {
      case 'DESCRIBE':
        return this.#describe(uri)
      case 'SETUP':
        return this.#setUp(request)
      case 'PLAY':
        return this.#play(uri)
      case 'PAUSE':
        this.#stop()
        return { status: 200, headers: [this.#session()] }
      case 'TEARDOWN':
        this.#stop()
        this.#sender = undefined
        this.#soundSender = undefined
        return { status: 200 }
      default:
        return { status: 200, headers: [this.#session()] }
    }
  }

  #session(): readonly [string, string] {
    return ['Session', `${this.#sessionId};timeout=${this.#server.options.habits.sessionTimeoutSeconds}`]
  }

  #describe(uri: string): Reply {
    const { habits, address } = this.#server.options
    this.#described = this.#server.streamAt(uri)
    if (this.#described === undefined) return { status: 404 }
    const { encoder, microphone } = this.#described
    const base = uri.endsWith('/') ? uri : `${uri}/`
    return {
      status: 200,
      headers: [
        ['Content-Base', base],
        ['Content-Type', 'application/sdp'],
      ],
      body: describe(encoder.clip, microphone !== undefined, habits, uri, address),
    }
  }

  #setUp({ uri, headers }: RtspRequest): Reply {
    const stream = this.#server.streamAt(uri) ?? this.#described
    if (stream === undefined) return { status: 404 }
    const transport = headers.get('transport') ?? ''
    const [, rtp = '0', rtcp = '1'] = /interleaved=(\d{1,3})-(\d{1,3})/i.exec(transport) ?? []
    const [rtpChannel, rtcpChannel] = [Number(rtp), Number(rtcp)]
    if (!/RTP\/AVP\/TCP/i.test(transport) || rtpChannel > 255 || rtcpChannel > 255) return { status: 461 }
    const ssrc = randomInt(2 ** 32)
    const sender = (payloadType: number): RtpSender =>
      new RtpSender({
        payloadType,
        ssrc,
        firstSequence: randomInt(65_536),
        rtpChannel,
        rtcpChannel,
        write: (packet) => this.#socket.write(packet),
      })
    const isFurtherTrack = /track(ID=)?\d/i.test(uri) && !uri.includes(VIDEO_CONTROL)
    if (!isFurtherTrack) {
      this.#stream = stream
      this.#sender = sender(payloadTypeOf(stream.encoder.clip.spec))
    } else if (stream.microphone !== undefined && uri.includes(SOUND_CONTROL)) {
      this.#soundSender = sender(SOUND_PAYLOAD_TYPE)
    }
    const id = ssrc.toString(16).padStart(8, '0').toUpperCase()
    const granted = `RTP/AVP/TCP;unicast;interleaved=${rtpChannel}-${rtcpChannel};ssrc=${id}`
    return { status: 200, headers: [['Transport', granted], this.#session()] }
  }

  #play(uri: string): Reply {
    const { habits } = this.#server.options
    const [stream, sender] = [this.#stream, this.#sender]
    if (sender === undefined || stream === undefined) return { status: 455 }
    if (!this.#playing && this.#server.playing >= habits.maxSessions) return { status: 453 }
    const rtpTime = stream.encoder.upcoming(habits.start === 'key-frame')
    const info = `url=${uri.replace(/\/$/, '')}/${VIDEO_CONTROL};seq=${sender.nextSequence};rtptime=${rtpTime}`
    const after = (): void => {
      if (this.#playing) return
      this.#playing = true
      const { plays } = this.#server
      plays.set(stream.path, (plays.get(stream.path) ?? 0) + 1)
      this.#waitsForKey = habits.start === 'key-frame'
      stream.encoder.add(this)
      if (this.#soundSender !== undefined) stream.microphone?.add(this)
      void this.#report()
    }
    return { status: 200, headers: [this.#session(), ['Range', 'npt=now-'], ['RTP-Info', info]], after }
  }

  /** Sender reports while it plays; a client that has gone silent for longer than it was granted loses its session. */
  async #report(): Promise<void> {
    const { clock, habits } = this.#server.options
    const patienceMs = habits.sessionTimeoutSeconds * 1000 + REPORT_INTERVAL_MS
    if (this.#reporting) return
    this.#reporting = true
    try {
      while (this.#playing) {
        if (clock.monotonicMs() - this.#lastHeardMs > patienceMs) this.#socket.destroy()
        else if (this.#stream !== undefined) this.#tellTime(this.#stream)
        await clock.sleep(REPORT_INTERVAL_MS, this.#closed.signal)
      }
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error
    } finally {
      this.#reporting = false
    }
  }

  #tellTime({ encoder, microphone }: ServedStream): void {
    this.#sender?.report(encoder.clockPair())
    if (microphone !== undefined) this.#soundSender?.report(microphone.clockPair())
  }

  #stop(): void {
    this.#playing = false
    this.#stream?.encoder.remove(this)
    this.#stream?.microphone?.remove(this)
  }

  #isAllowed({ method, uri, headers }: RtspRequest): boolean {
    const { habits, username, password } = this.#server.options
    if (this.#server.refusesLogins) return false
    if (habits.auth.length === 0) return true
    const given = headers.get('authorization') ?? ''
    if (/^Basic /i.test(given)) return habits.auth.includes('Basic') && acceptsBasic(given, username, password)
    return this.#server.digest.accepts(given, { method, target: uri }, username, password)
  }

  #challenges(): [string, string][] {
    const { auth, realm } = this.#server.options.habits
    const value = {
      Basic: () => `Basic realm="${realm}"`,
      'Digest MD5': () => this.#server.digest.challenge('MD5'),
      'Digest SHA-256': () => this.#server.digest.challenge('SHA-256'),
    } satisfies Record<RtspScheme, () => string>
    return auth.map((scheme) => ['WWW-Authenticate', value[scheme]()])
  }
}
