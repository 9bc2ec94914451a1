import type { Clock } from '../clock.ts'
import type { OnvifClient, OnvifFailure, OnvifResult, ServiceAddress } from './client.ts'
import type { Services } from './device.ts'
import { grantedMs, type Notification, parseNotifications, parseSubscription } from './events.ts'
import { NS } from './soap.ts'
import type { XmlElement } from './xml.ts'

/** What a device profile says of a family's events. */
export interface EventHabits {
  terminationSeconds: number
  /** Undefined: what most cameras take, then the rest. */
  renew: 'duration' | 'absoluteZ' | 'recreate' | undefined
  pullSeconds: number
}

export interface EventStreamDeps {
  clock: Clock
  random: () => number
  habits: EventHabits
  /** A client of the device that knows its clock, and where its services live. */
  connect(signal: AbortSignal): Promise<OnvifResult<{ client: OnvifClient; services: Services }>>
  /** @param offsetMs the camera's clock minus ours */
  take(notifications: readonly Notification[], offsetMs: number): Promise<void>
  /** Nothing is known of the camera's states from here on. */
  lost(why: string, detail: string): void
}

const MESSAGES_A_PULL = 50
/** On top of the time the camera may wait with its answer. */
const PULL_SLACK_MS = 10_000
/** A camera that answers at once, with or without events, is not asked in a circle. */
const MIN_PULL_MS = 500
/** A connection closed after this long was a quiet one (Tapo closes after 10 s, agsh/onvif#314). */
const QUIET_MS = 5_000
const MAX_FAILED_PULLS = 3
const MIN_RENEW_MS = 60_000
const MIN_GRANTED_MS = 20_000
const MAX_GRANTED_MS = 3_600_000
/** Cameras tell times in whole seconds. */
const ROUNDING_MS = 2_000
/** What tidies up goes on so long after the end. */
const UNSUBSCRIBE_MS = 3_000
/** A pull point that held this long was no failure. */
const STABLE_MS = 60_000
const FIRST_WAIT_MS = 10_000
const MAX_WAIT_MS = 300_000
/** Cameras count refused logins and lock accounts. */
const REFUSED_WAIT_MS = 30 * 60_000
const REFUSED: ReadonlySet<string> = new Set(['login-needed', 'login-refused', 'login-locked', 'clock-refused'])

type Ended = { why: OnvifFailure | 'no-events'; detail: string }

/** Pull points one after the other, for as long as the signal lets them. Rejects when `take` does, else never. */
export async function followEvents(deps: EventStreamDeps, signal: AbortSignal): Promise<void> {
  const { clock, random } = deps
  let failures = 0
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs()
    try {
      const { why, detail } = await new PullPoints(deps, signal).run()
      deps.lost(why, detail)
      if (clock.monotonicMs() - startedMs >= STABLE_MS) failures = 0
      await clock.sleep(waitMs(why, failures, random), signal)
      failures += 1
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}

/** 5 to 10 s at first, 2.5 to 5 min at last. */
export function waitMs(why: string, failures: number, random: () => number): number {
  const limit = REFUSED.has(why) ? REFUSED_WAIT_MS : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 16))
  return limit / 2 + (random() * limit) / 2
}

interface Point {
  to: ServiceAddress
  reference: string
}

/** One connection to the device's events: a pull point, its renewals and its successors (ONVIF Core §9.1). */
class PullPoints {
  readonly #deps: EventStreamDeps
  readonly #signal: AbortSignal
  #endsAtMs = 0
  #renewAtMs = 0
  #renewedMs = Number.NEGATIVE_INFINITY

  constructor(deps: EventStreamDeps, signal: AbortSignal) {
    this.#deps = deps
    this.#signal = signal
  }

  /** Resolves with the reason when there is nothing more to be had; rejects only with the signal's reason. */
  async run(): Promise<Ended> {
    const connected = await this.#deps.connect(this.#signal)
    if (!connected.ok) return connected
    const { client, services } = connected.value
    const service = client.addressOf(services.get(NS.events) ?? '', services)
    if (service === undefined) return { why: 'no-events', detail: 'the device lists no event service' }
    const created = await this.#create(client, service, services)
    if (!created.ok) return created
    let point = created.value
    try {
      await this.#call(client, point, `<e:SetSynchronizationPoint xmlns:e="${NS.events}"/>`, 'events', this.#signal)
      for (let failed = 0; ; ) {
        const pulled = await this.#pull(client, point)
        failed = pulled.ok ? 0 : failed + 1
        if (!pulled.ok && (REFUSED.has(pulled.why) || pulled.why === 'fault' || failed >= MAX_FAILED_PULLS))
          return pulled
        if (this.#deps.clock.monotonicMs() < this.#renewAtMs || (await this.#renew(client, point))) continue
        const next = await this.#create(client, service, services)
        if (!next.ok) return next
        const old = point
        point = next.value
        await this.#unsubscribe(client, old)
      }
    } finally {
      await this.#unsubscribe(client, point)
    }
  }

  async #create(client: OnvifClient, service: ServiceAddress, services: Services): Promise<OnvifResult<Point>> {
    const asked = `PT${this.#deps.habits.terminationSeconds}S`
    const body = `<e:CreatePullPointSubscription xmlns:e="${NS.events}"><e:InitialTerminationTime>${asked}</e:InitialTerminationTime></e:CreatePullPointSubscription>`
    const answer = await withGrace(this.#signal, (signal) => client.request({ to: service, body }, signal))
    if (!answer.ok) {
      this.#signal.throwIfAborted() // nobody asks any more why it was not to be had
      return answer
    }
    const { address, reference, grantedMs: granted } = parseSubscription(answer.value)
    this.#schedule(granted)
    return { ok: true, value: { to: client.addressOf(address ?? '', services) ?? service, reference } }
  }

  /** Renewal is due when 80 % of what was granted is over, and not twice within a minute. */
  #schedule(granted: number | undefined): void {
    const ms = Math.min(
      Math.max(granted ?? this.#deps.habits.terminationSeconds * 1000, MIN_GRANTED_MS),
      MAX_GRANTED_MS,
    )
    const now = this.#deps.clock.monotonicMs()
    this.#endsAtMs = now + ms
    this.#renewAtMs = Math.max(now + ms * 0.8, this.#renewedMs + MIN_RENEW_MS)
  }

  async #pull(client: OnvifClient, point: Point): Promise<OnvifResult<undefined>> {
    const { clock, habits } = this.#deps
    const startedMs = clock.monotonicMs()
    const seconds = Math.max(1, Math.min(habits.pullSeconds, Math.round((this.#renewAtMs - startedMs) / 1000)))
    const body = `<e:PullMessages xmlns:e="${NS.events}"><e:Timeout>PT${seconds}S</e:Timeout><e:MessageLimit>${MESSAGES_A_PULL}</e:MessageLimit></e:PullMessages>`
    const answer = await this.#call(client, point, body, 'events', this.#signal, seconds * 1000 + PULL_SLACK_MS)
    const tookMs = clock.monotonicMs() - startedMs
    if (answer.ok) {
      const left = grantedMs(answer.value)
      // Many cameras prolong a pull point by themselves when it is pulled.
      if (left !== undefined && clock.monotonicMs() + left > this.#endsAtMs + ROUNDING_MS) this.#schedule(left)
      const notifications = parseNotifications(answer.value)
      if (notifications.length > 0) await this.#deps.take(notifications, client.clockOffsetMs)
    }
    if (tookMs < MIN_PULL_MS) await clock.sleep(MIN_PULL_MS - tookMs, this.#signal)
    const isQuiet = !answer.ok && (answer.why === 'closed' || answer.why === 'timeout') && tookMs >= QUIET_MS
    return answer.ok || isQuiet ? { ok: true, value: undefined } : answer
  }

  /** @returns whether the pull point goes on */
  async #renew(client: OnvifClient, point: Point): Promise<boolean> {
    const { clock, habits } = this.#deps
    const wanted = habits.renew === undefined ? (['absoluteZ', 'duration'] as const) : [habits.renew]
    this.#renewedMs = clock.monotonicMs()
    for (const kind of wanted) {
      if (kind === 'recreate') return false
      const end = new Date(clock.now() + client.clockOffsetMs + habits.terminationSeconds * 1000)
      const time = kind === 'duration' ? `PT${habits.terminationSeconds}S` : end.toISOString().replace(/\.\d+/, '')
      const body = `<n:Renew xmlns:n="${NS.notification}"><n:TerminationTime>${time}</n:TerminationTime></n:Renew>`
      const answer = await this.#call(client, point, body, 'notification', this.#signal)
      if (!answer.ok) continue
      this.#schedule(grantedMs(answer.value))
      return true
    }
    return false
  }

  /** Some cameras have two pull points and free them only when restarted: asked even while we stop, but briefly. */
  async #unsubscribe(client: OnvifClient, point: Point): Promise<void> {
    const body = `<n:Unsubscribe xmlns:n="${NS.notification}"/>`
    await this.#call(client, point, body, 'notification', AbortSignal.timeout(UNSUBSCRIBE_MS)).catch(() => {})
  }

  /** Reference parameters come with the other headers of WS-Addressing; alone, those upset some cameras. */
  #call(
    client: OnvifClient,
    { to, reference }: Point,
    body: string,
    port: 'events' | 'notification',
    signal: AbortSignal,
    timeoutMs?: number,
  ): Promise<OnvifResult<XmlElement>> {
    const name = /^<\w:(\w+)/.exec(body)?.[1] ?? ''
    const header = reference === '' ? {} : { header: `${addressing(actionOf(port, name))}${reference}` }
    return client.request({ to, body, ...header, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, signal)
  }
}

/**
 * What was asked for before the end is waited for beyond it, briefly: who does not hear which pull point the camera
 * has made cannot give it back.
 */
async function withGrace<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  const late = new AbortController()
  const onAbort = (): void =>
    AbortSignal.timeout(UNSUBSCRIBE_MS).addEventListener('abort', () => late.abort(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await work(late.signal)
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** ONVIF Core §9.1, WS-BaseNotification 1.3 §6. */
const actionOf = (port: 'events' | 'notification', name: string): string =>
  port === 'events'
    ? `${NS.events}/PullPointSubscription/${name}Request`
    : `http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/${name}Request`

const addressing = (action: string): string => `<a:Action xmlns:a="${NS.addressing10}">${action}</a:Action>`
