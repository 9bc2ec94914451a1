import type { Clock } from '../clock.ts'
import type { Dialer, DialFault } from '../dial.ts'
import { authorize, type Challenge, parseChallenges } from '../digest.ts'
import {
  type DeviceInformation,
  type DeviceTime,
  parseCapabilities,
  parseDeviceInformation,
  parseScopes,
  parseServices,
  parseSystemTime,
  type Services,
} from './device.ts'
import { type HttpAnswer, post } from './http.ts'
import {
  attemptsLeft,
  type Credentials,
  envelope,
  isClockFault,
  isCrowded,
  isLocked,
  isLoginFault,
  NS,
  oneLine,
  parseSoap,
  readableToken,
  type SoapFault,
  usernameToken,
} from './soap.ts'
import { parseXaddr } from './uri.ts'
import { escapeXml, SOAP_LIMITS, type XmlElement, type XmlLimits } from './xml.ts'

export type OnvifFailure =
  | DialFault
  | 'closed'
  | 'too-large'
  | 'not-onvif'
  | 'login-needed'
  | 'login-refused'
  | 'login-locked'
  | 'clock-refused'
  | 'too-many-sessions'
  | 'fault'
  | 'unusable-uri'

export type OnvifResult<T> = { ok: true; value: T } | { ok: false; why: OnvifFailure; detail: string }

export interface OnvifOptions {
  dialer: Dialer
  clock: Clock
  /** Fresh random bytes for every login. */
  randomBytes: (count: number) => Buffer
  host: string
  port: number
  /** Path of the device service; discovery may have told another. */
  devicePath?: string
  credentials?: Credentials
  timeoutMs?: number
  /** The device speaks HTTPS; `pin` is the certificate it is known by, undefined on first use. */
  tls?: { pin: string | undefined }
  /** A device that takes no digest may have the password itself: somebody said so. Only over TLS with a known pin. */
  readableLogin?: boolean
}

export const DEVICE_PATH = '/onvif/device_service'
const TIMEOUT_MS = 10_000
/** Cameras lock accounts; a check ends here, whatever it has learnt. */
const MAX_REFUSED_LOGINS = 2
const NONCE_BYTES = 20

export interface ServiceAddress {
  port: number
  path: string
}

export interface Call {
  to: ServiceAddress
  /** Ready XML. */
  body: string
  /** Ready XML that goes into the SOAP header, beside the login. */
  header?: string
  limits?: XmlLimits
  timeoutMs?: number
}

type Exchange =
  | { kind: 'body'; element: XmlElement }
  | { kind: 'refused'; challenges: Challenge[]; basic: Challenge[]; fault: SoapFault | undefined }
  | { kind: 'failed'; why: OnvifFailure; detail: string; status?: number }

type Login =
  | { kind: 'wsse' | 'text' }
  /** `requests` sent with the nonce so far (RFC 7616 nc). */
  | { kind: 'digest' | 'both' | 'basic'; challenges: Challenge[]; requests: number }

export const fail = (why: OnvifFailure, detail: string): { ok: false; why: OnvifFailure; detail: string } => ({
  ok: false,
  why,
  detail,
})

/**
 * One check of one device. Requests go out one after the other, each on a connection of its own. A question is asked
 * without login first; how the camera refuses it says which login it wants, so a password is tried once and not in
 * every way there is. After two refusals nothing more is sent with credentials.
 */
export class OnvifClient {
  readonly #options: OnvifOptions
  #login: Login | undefined
  #refusedLogins = 0
  #accepted = false
  /** Why the device is asked nothing more. */
  #verdict: ReturnType<typeof fail> | undefined
  #offsetMs = 0
  #otherOffsetMs: number | undefined
  #certificate: string | undefined

  constructor(options: OnvifOptions) {
    this.#options = options
  }

  /** Camera's clock minus ours, milliseconds, as the last `systemTime` found it. */
  get clockOffsetMs(): number {
    return this.#offsetMs
  }

  /** What the device showed last, or should not have shown, SHA-256 in hex; undefined in the clear. */
  get certificate(): string | undefined {
    return this.#certificate
  }

  /** Takes over what another client of the same device has learnt of its clock. */
  adoptClock(other: OnvifClient): void {
    this.#offsetMs = other.#offsetMs
    this.#otherOffsetMs = other.#otherOffsetMs
  }

  /** Asks for the clock and keeps the offset for the login; zero where the camera gives no usable date. */
  async systemTime(signal: AbortSignal): Promise<OnvifResult<DeviceTime>> {
    const answer = await this.#ask({ to: this.#device, body: tds('GetSystemDateAndTime') }, signal)
    if (!answer.ok) return answer
    if (answer.value.name !== 'GetSystemDateAndTimeResponse') return fail('not-onvif', 'the answer is not a time')
    const time = parseSystemTime(answer.value)
    const now = this.#options.clock.now()
    const [first, second] = [time.utcMs, time.localMs, time.wallMs].filter((reading) => reading !== undefined)
    this.#offsetMs = first === undefined ? 0 : first - now
    this.#otherOffsetMs = second === undefined || second === first ? undefined : second - now
    return { ok: true, value: time }
  }

  /** Sets the clock to ours, UTC, and leaves time zone and summer time as they are (ONVIF Core §8.3.9). */
  async setSystemTime({ zone, daylightSavings }: DeviceTime, signal: AbortSignal): Promise<OnvifResult<undefined>> {
    const at = new Date(this.#options.clock.now())
    const part = (name: string, value: number): string => `<t:${name}>${value}</t:${name}>`
    const time =
      part('Hour', at.getUTCHours()) + part('Minute', at.getUTCMinutes()) + part('Second', at.getUTCSeconds())
    const date = part('Year', at.getUTCFullYear()) + part('Month', at.getUTCMonth() + 1) + part('Day', at.getUTCDate())
    const body =
      `<d:SetSystemDateAndTime xmlns:d="${NS.device}" xmlns:t="${NS.schema}"><d:DateTimeType>Manual</d:DateTimeType>` +
      `<d:DaylightSavings>${daylightSavings}</d:DaylightSavings>` +
      (zone === undefined ? '' : `<d:TimeZone><t:TZ>${escapeXml(zone)}</t:TZ></d:TimeZone>`) +
      `<d:UTCDateTime><t:Time>${time}</t:Time><t:Date>${date}</t:Date></d:UTCDateTime></d:SetSystemDateAndTime>`
    const answer = await this.#ask({ to: this.#device, body }, signal)
    if (!answer.ok) return answer
    // The next login is made for the new clock: some devices look at every token, also where none is needed.
    this.#offsetMs = 0
    this.#otherOffsetMs = undefined
    return { ok: true, value: undefined }
  }

  async deviceInformation(signal: AbortSignal): Promise<OnvifResult<DeviceInformation>> {
    const answer = await this.#ask({ to: this.#device, body: tds('GetDeviceInformation') }, signal)
    return answer.ok ? { ok: true, value: parseDeviceInformation(answer.value) } : answer
  }

  async scopes(signal: AbortSignal): Promise<OnvifResult<string[]>> {
    const answer = await this.#ask({ to: this.#device, body: tds('GetScopes') }, signal)
    return answer.ok ? { ok: true, value: parseScopes(answer.value) } : answer
  }

  /** GetServices, or GetCapabilities where a Profile S device does not have it. */
  async services(signal: AbortSignal): Promise<OnvifResult<Services>> {
    const to = this.#device
    const asked = await this.#ask(
      { to, body: tds('GetServices', '<d:IncludeCapability>false</d:IncludeCapability>') },
      signal,
    )
    if (asked.ok) {
      const services = parseServices(asked.value)
      if (services.size > 0) return { ok: true, value: services }
    } else if (asked.why !== 'fault' && asked.why !== 'not-onvif') return asked
    const older = await this.#ask({ to, body: tds('GetCapabilities', '<d:Category>All</d:Category>') }, signal)
    return older.ok ? { ok: true, value: parseCapabilities(older.value) } : older
  }

  /** One request to a service, with the login the device wants. Rejects only with the signal's reason. */
  request(call: Call, signal: AbortSignal): Promise<OnvifResult<XmlElement>> {
    return this.#ask(call, signal)
  }

  /** Where a reported address leads: to this device and nowhere else; undefined unless it is http or https. */
  addressOf(xaddr: string, services: Services): ServiceAddress | undefined {
    return parseXaddr(xaddr) === undefined ? undefined : this.serviceAt(xaddr, services)
  }

  /** As it was dialled. */
  get host(): string {
    return this.#options.host
  }

  get #device(): ServiceAddress {
    return { port: this.#options.port, path: this.#options.devicePath ?? DEVICE_PATH }
  }

  /**
   * Where a service lives: path and port as reported, except that the port reported for the device service itself
   * means the one we came in by (a forwarded port), and so does one in the other scheme: nobody is led from HTTPS to
   * HTTP. The reported host is never used.
   */
  serviceAt(xaddr: string, services: Services): ServiceAddress {
    const reported = parseXaddr(xaddr)
    if (reported === undefined) return { port: this.#options.port, path: DEVICE_PATH }
    const device = parseXaddr(services.get(NS.device) ?? '')
    const isOtherScheme = reported.isPlain !== (this.#options.tls === undefined)
    const isOwnPort = isOtherScheme || reported.port === (device?.port ?? reported.port)
    return { port: isOwnPort ? this.#options.port : reported.port, path: reported.path }
  }

  async #ask(call: Call, signal: AbortSignal): Promise<OnvifResult<XmlElement>> {
    if (this.#verdict !== undefined) return this.#verdict
    let exchange = await this.#exchange(call, signal)
    while (exchange.kind === 'refused') {
      if (this.#login !== undefined) this.#refusedLogins += 1
      const next = this.#nextLogin(exchange)
      if ('why' in next) {
        if (next.why !== 'login-needed') this.#verdict = next
        return next
      }
      this.#login = next
      exchange = await this.#exchange(call, signal)
    }
    if (exchange.kind === 'failed') return fail(exchange.why, exchange.detail)
    if (this.#login !== undefined) {
      this.#accepted = true
      this.#refusedLogins = 0
    }
    return { ok: true, value: exchange.element }
  }

  /** What to try after a refusal, or why to stop; ends after MAX_REFUSED_LOGINS refusals in a row. */
  #nextLogin({ challenges, basic, fault }: Exchange & { kind: 'refused' }): Login | ReturnType<typeof fail> {
    const tried = this.#login
    const words = fault?.text ?? ''
    if (this.#options.credentials === undefined) return fail('login-needed', words)
    if (fault !== undefined && isLocked(fault)) return fail('login-locked', words)
    if (fault !== undefined && isCrowded(fault)) return fail('too-many-sessions', words)
    const offer = { challenges, requests: 0 }
    const readable = this.#mayBeReadable && basic.length > 0
    const asBasic = { kind: 'basic', challenges: basic, requests: 0 } as const
    if (tried === undefined) {
      if (challenges.length > 0) return { kind: 'digest', ...offer }
      return readable ? asBasic : { kind: 'wsse' }
    }
    if (this.#refusedLogins >= MAX_REFUSED_LOGINS) return fail('login-refused', words)
    if (tried.kind === 'text' || tried.kind === 'basic') return fail('login-refused', words)
    if (tried.kind !== 'wsse' && challenges.length > 0 && (this.#accepted || isStale(challenges))) {
      this.#accepted = false // the nonce was used up, which says nothing of the password; once
      return { kind: tried.kind, ...offer }
    }
    if (fault !== undefined && isClockFault(fault) && tried.kind !== 'digest') {
      if (this.#otherOffsetMs === undefined) return fail('clock-refused', words)
      this.#offsetMs = this.#otherOffsetMs
      this.#otherOffsetMs = undefined
      return tried
    }
    const countsDown = fault !== undefined && attemptsLeft(fault) !== undefined
    if (tried.kind === 'wsse' && !countsDown) {
      if (challenges.length > 0) return { kind: 'both', ...offer }
      if (this.#mayBeReadable) return readable ? asBasic : { kind: 'text' }
    }
    return fail('login-refused', words)
  }

  async #exchange(call: Call, signal: AbortSignal): Promise<Exchange> {
    const { dialer, host, timeoutMs = TIMEOUT_MS, tls } = this.#options
    const login = this.#login
    const { port, path } = call.to
    const { limits = SOAP_LIMITS } = call
    const answer = await post(
      dialer,
      {
        host,
        port,
        path,
        body: envelope(call.body, this.#security(login) + (call.header ?? '')),
        headers: this.#authorization(login, path),
        maxBytes: limits.maxBytes,
        timeoutMs: Math.max(call.timeoutMs ?? 0, timeoutMs),
        // What was shown first holds for this check, whether it was known before or not.
        ...(tls === undefined ? {} : { tls: { pin: tls.pin ?? this.#certificate } }),
      },
      signal,
    )
    this.#certificate = answer.certificate ?? this.#certificate
    return answer.ok
      ? toExchange(answer, limits)
      : { kind: 'failed', why: answer.why === 'not-http' ? 'not-onvif' : answer.why, detail: answer.detail }
  }

  /** Whether the password itself may be sent: by somebody's word, and to nobody but the device of this certificate. */
  get #mayBeReadable(): boolean {
    const { readableLogin = false, tls } = this.#options
    return readableLogin && tls?.pin !== undefined
  }

  #security(login: Login | undefined): string {
    const { credentials, clock, randomBytes } = this.#options
    if (credentials === undefined || login === undefined) return ''
    if (login.kind === 'digest' || login.kind === 'basic') return ''
    if (login.kind === 'text') return readableToken(credentials)
    return usernameToken(credentials, randomBytes(NONCE_BYTES), clock.now() + this.#offsetMs)
  }

  #authorization(login: Login | undefined, path: string): Record<string, string> {
    const { credentials, randomBytes } = this.#options
    if (credentials === undefined || login === undefined || !('challenges' in login)) return {}
    login.requests += 1
    const value = authorize(login.challenges, {
      ...credentials,
      method: 'POST',
      uri: path,
      nc: login.requests,
      cnonce: randomBytes(8).toString('hex'),
    })
    return value === undefined ? {} : { authorization: value }
  }
}

const tds = (name: string, content = ''): string => `<d:${name} xmlns:d="${NS.device}">${content}</d:${name}>`

const isStale = (challenges: readonly Challenge[]): boolean =>
  challenges.some((challenge) => challenge.scheme === 'digest' && challenge.stale)

function toExchange({ status, challenges, body }: HttpAnswer & { ok: true }, limits: XmlLimits): Exchange {
  const message = parseSoap(body, limits)
  if (message.kind === 'body' && status < 400) return message
  if (status === 503 && message.kind !== 'fault') {
    return { kind: 'failed', why: 'too-many-sessions', detail: 'HTTP 503', status }
  }
  const fault = message.kind === 'fault' ? message.fault : undefined
  if (status === 401 || (fault !== undefined && isLoginFault(fault))) {
    const offers = parseChallenges(challenges)
    // Basic gives the password away: it is answered only where that was allowed.
    return {
      kind: 'refused',
      challenges: offers.filter(({ scheme }) => scheme === 'digest'),
      basic: offers.filter(({ scheme }) => scheme === 'basic'),
      fault,
    }
  }
  if (fault !== undefined) {
    return { kind: 'failed', why: 'fault', detail: `${fault.codes.join('/')}: ${fault.text}`, status }
  }
  const detail = message.kind === 'unreadable' ? message.why : `HTTP ${status}`
  return { kind: 'failed', why: 'not-onvif', detail: `HTTP ${status}, ${oneLine(detail)}`, status }
}
