import type { CameraFacts, Operations, SoapCall, SoapResult } from './soap-service.ts'
import { escapeXml, find, NS } from './xml.ts'

const DEFAULT_LIFE_MS = 60_000
const MAX_LIFE_MS = 3_600_000
const MAX_PULL_MS = 60_000
const MAX_QUEUED = 100

interface PullPoint {
  id: number
  endsMs: number
  queue: string[]
  wake: () => void
}

/** The pull points of one camera: created, pulled, renewed, ended (ONVIF Core §9.2). */
export class EventService {
  readonly #facts: CameraFacts
  readonly #points = new Map<number, PullPoint>()
  readonly #motion = new Map<string, boolean>()
  #lastId = 0

  constructor(facts: CameraFacts) {
    this.#facts = facts
  }

  get subscriptions(): number {
    this.#expire()
    return this.#points.size
  }

  /**
   * Motion begins or ends before one video source; every pull point hears of the change.
   * @param more what else the camera believes to have seen, by name
   */
  setMotion(sourceToken: string, isMoving: boolean, more: Readonly<Record<string, string>> = {}): void {
    this.#expire()
    if (this.#motion.get(sourceToken) === isMoving) return
    this.#motion.set(sourceToken, isMoving)
    for (const point of this.#points.values()) this.#queue(point, this.#message(sourceToken, isMoving, 'Changed', more))
  }

  operations(): Operations {
    const { habits } = this.#facts
    return {
      [`${NS.events} CreatePullPointSubscription`]: ({ body }) => {
        this.#expire()
        const lifeMs = this.#lifeMs(find(body, 'InitialTerminationTime')?.text)
        // Tapo cameras fault without a termination time (home-assistant/core#91470).
        if (lifeMs === undefined && habits.events.pullPort !== undefined) return invalid()
        if (this.#points.size >= habits.events.maxPullPoints) {
          return { fault: 'ter:MaxPullPoints', text: 'Maximum number of pull points reached' }
        }
        const id = ++this.#lastId
        const endsMs = this.#nowMs() + (lifeMs ?? DEFAULT_LIFE_MS)
        const point: PullPoint = { id, endsMs, queue: [], wake: () => {} }
        this.#points.set(id, point)
        this.#initialise(point)
        return {
          xml: `<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>${this.#reference(id)}</tev:SubscriptionReference>${this.#times('wsnt', point)}</tev:CreatePullPointSubscriptionResponse>`,
        }
      },
      [`${NS.events} PullMessages`]: (call) => this.#pull(call),
      [`${NS.events} SetSynchronizationPoint`]: (call) =>
        this.#with(call, (point) => {
          this.#initialise(point)
          return { xml: '<tev:SetSynchronizationPointResponse/>' }
        }),
      [`${NS.notification} Renew`]: (call) =>
        this.#with(call, (point) => {
          const asked = find(call.body, 'TerminationTime')?.text
          const lifeMs = this.#lifeMs(asked)
          const wantsAbsolute = habits.events.renew === 'absolute' && !asked?.endsWith('Z')
          if (lifeMs === undefined || wantsAbsolute || habits.events.renew === 'fault') return invalid()
          point.endsMs = this.#nowMs() + lifeMs
          return { xml: `<wsnt:RenewResponse>${this.#times('wsnt', point)}</wsnt:RenewResponse>` }
        }),
      [`${NS.notification} Unsubscribe`]: (call) =>
        this.#with(call, (point) => {
          this.#points.delete(point.id)
          point.wake()
          return { xml: '<wsnt:UnsubscribeResponse/>' }
        }),
      [`${NS.events} GetEventProperties`]: () => ({
        xml: `<tev:GetEventPropertiesResponse><tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation><wsnt:FixedTopicSet>true</wsnt:FixedTopicSet></tev:GetEventPropertiesResponse>`,
      }),
    }
  }

  async #pull(call: SoapCall): Promise<SoapResult> {
    const point = this.#pointOf(call)
    if (point === undefined) return invalid()
    const limit = Math.min(Math.max(Number(find(call.body, 'MessageLimit')?.text) || 1, 1), MAX_QUEUED)
    const waitMs = Math.min(durationMs(find(call.body, 'Timeout')?.text) ?? 0, MAX_PULL_MS)
    if (point.queue.length === 0 && waitMs > 0) {
      const woken = new AbortController()
      point.wake = () => woken.abort()
      // Whatever ends the wait, what is queued by then is the answer.
      await this.#facts.clock.sleep(waitMs, AbortSignal.any([call.signal, woken.signal])).catch(() => {})
    }
    const messages = point.queue.splice(0, limit).join('')
    return { xml: `<tev:PullMessagesResponse>${this.#times('tev', point)}${messages}</tev:PullMessagesResponse>` }
  }

  #with(call: SoapCall, act: (point: PullPoint) => SoapResult): SoapResult {
    const point = this.#pointOf(call)
    return point === undefined ? invalid() : act(point)
  }

  #pointOf({ envelope, target }: SoapCall): PullPoint | undefined {
    this.#expire()
    const id =
      this.#facts.habits.events.reference === 'header'
        ? find(envelope, 'SubscriptionId')?.text
        : new URL(target, 'http://camera').searchParams.get('Idx')
    return this.#points.get(Number(id))
  }

  #reference(id: number): string {
    const { habits, pullBase } = this.#facts
    const isHeader = habits.events.reference === 'header'
    const path = isHeader ? habits.paths.events : `/onvif/Subscription?Idx=${id}`
    const parameters = isHeader
      ? `<wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">${id}</dom0:SubscriptionId></wsa5:ReferenceParameters>`
      : ''
    return `<wsa5:Address>${pullBase()}${path}</wsa5:Address>${parameters}`
  }

  #initialise(point: PullPoint): void {
    const sources = new Set(this.#facts.profiles.map((profile) => profile.sourceToken))
    for (const source of sources) {
      this.#queue(point, this.#message(source, this.#motion.get(source) ?? false, 'Initialized'))
    }
  }

  #queue(point: PullPoint, message: string): void {
    point.queue.push(message)
    if (point.queue.length > MAX_QUEUED) point.queue.shift()
    point.wake()
  }

  #message(
    sourceToken: string,
    isMoving: boolean,
    operation: 'Initialized' | 'Changed',
    more: Readonly<Record<string, string>> = {},
  ): string {
    const { topic, source, data, values } = this.#facts.habits.events
    const items = Object.entries(source).map(([name, value]) => item(name, value.replace('{source}', sourceToken)))
    const seen = Object.entries({ [data]: values[isMoving ? 0 : 1], ...more }).map(([name, value]) => item(name, value))
    return `<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">${topic}</wsnt:Topic><wsnt:Message><tt:Message UtcTime="${this.#instant(this.#nowMs())}" PropertyOperation="${operation}"><tt:Source>${items.join('')}</tt:Source><tt:Data>${seen.join('')}</tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>`
  }

  #times(prefix: 'wsnt' | 'tev', point: PullPoint): string {
    const now = `<${prefix}:CurrentTime>${this.#instant(this.#nowMs())}</${prefix}:CurrentTime>`
    const end = `<${prefix}:TerminationTime>${this.#instant(point.endsMs)}</${prefix}:TerminationTime>`
    return prefix === 'tev' ? now + end : end + now
  }

  #expire(): void {
    for (const point of this.#points.values()) {
      if (point.endsMs > this.#nowMs()) continue
      this.#points.delete(point.id)
      point.wake()
    }
  }

  /** The camera's own clock. */
  #nowMs(): number {
    return this.#facts.clock.now() + this.#facts.clockOffsetMs()
  }

  #instant(ms: number): string {
    return new Date(ms).toISOString().replace(/\.\d+/, '')
  }

  /** A duration, or an absolute time by the camera's clock; at most an hour. */
  #lifeMs(text: string | undefined): number | undefined {
    const ms = durationMs(text) ?? Date.parse(text ?? '') - this.#nowMs()
    return ms > 0 ? Math.min(ms, MAX_LIFE_MS) : undefined
  }
}

const invalid = (): SoapResult => ({ fault: 'ter:InvalidArgVal', text: 'Invalid Args' })

const item = (name: string, value: string): string => `<tt:SimpleItem Name="${name}" Value="${escapeXml(value)}"/>`

/** XML Schema durations of hours, minutes and seconds. */
function durationMs(text: string | undefined): number | undefined {
  const match = /^PT(?:(\d{1,5})H)?(?:(\d{1,5})M)?(?:(\d{1,6})(?:\.\d+)?S)?$/.exec(text ?? '')
  if (match === null) return undefined
  const [, hours = '0', minutes = '0', seconds = '0'] = match
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
}
