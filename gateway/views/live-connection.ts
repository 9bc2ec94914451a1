import type { WebSocket } from '@fastify/websocket'
import type { RawData } from 'ws'
import type { Clock } from '../clock.ts'
import type { Principal } from '../contracts/identity.ts'
import {
  LIVE_HEADER_BYTES,
  type LiveHeader,
  type LiveMessage,
  type LiveRefusal,
  LiveRequest,
  writeLiveHeader,
} from '../contracts/live-socket.ts'
import type { LiveView } from './live-view.ts'
import type { LiveChunk, Relay } from './sources.ts'
import type { ViewUse } from './view-uses.ts'
import type { Views } from './views.ts'

/** A request names one view. */
const MAX_REQUEST_BYTES = 256
/** A wall of 64 tiles is closed and opened anew at once; then a few tiles change each second. */
const REQUEST_BURST = 256
const REQUESTS_PER_SECOND = 20
/** What waits for a slow viewer; with more, or once its answers are late, chunks are left out. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
const LATE_MS = 1_500
/** How long a viewer may take to answer the goodbye. */
export const GOODBYE_MS = 1_000
/** Who does not answer a ping for so long is gone. */
const DEAD_MS = 10_000

/** WebSocket close codes (RFC 6455 §7.4.1). */
export const GOING_AWAY = 1001
const UNSUPPORTED_DATA = 1003
const POLICY_VIOLATION = 1008

interface Carried {
  readonly view: LiveView
  readonly relay: Relay
  readonly number: number
  /** Ends with the view. */
  readonly use: ViewUse
  unsubscribe: () => void
  /** Undefined while its sound is not asked for. */
  hearing: Hearing | undefined
  /** True until a key chunk: those before it cannot be decoded, because some were left out. */
  needsKey: boolean
  /** Messages of this view that the operating system has not taken yet. */
  waiting: number
  state: string
}

interface Hearing {
  unsubscribe: () => void
}

export interface LiveConnectionOptions {
  views: Views
  clock: Clock
  principal: Principal
  /** Joins the small writes of one message. */
  raw: { cork(): void; uncork(): void }
}

/** One viewer's socket with the views it carries. */
export class LiveConnection {
  readonly openedMs: number
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly #socket: WebSocket
  readonly #options: LiveConnectionOptions
  readonly #carried = new Map<string, Carried>()
  /** Chunks lent to the socket. */
  readonly #lent = new Set<() => void>()
  #nextNumber = 1
  #waitingBytes = 0
  #pingedMs: number | undefined
  #requests = REQUEST_BURST
  #tickedMs: number
  #leftMs: number | undefined

  constructor(socket: WebSocket, options: LiveConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.openedMs = options.clock.monotonicMs()
    this.#tickedMs = this.openedMs
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    socket.on('pong', () => {
      this.#pingedMs = undefined
    })
    socket.on('error', () => socket.terminate())
    this.closed = new Promise((resolve) => socket.on('close', resolve)).then(() => this.#onClose())
  }

  get principal(): Principal {
    return this.#options.principal
  }

  /** Says goodbye and sends no more; who does not answer it is cut by a later tick. More calls do nothing. */
  close(code: number, reason: string): void {
    if (this.#leftMs !== undefined) return
    this.#leftMs = this.#options.clock.monotonicMs()
    this.#dropAll()
    this.#socket.close(code, reason)
  }

  terminate(): void {
    this.#dropAll()
    this.#socket.terminate()
  }

  /** Once a second: life signs, use of the views, news of their streams. */
  tick(): void {
    const { clock, views, principal } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#leftMs !== undefined) {
      if (nowMs - this.#leftMs >= GOODBYE_MS) this.terminate()
      return
    }
    this.#requests = Math.min(REQUEST_BURST, this.#requests + ((nowMs - this.#tickedMs) / 1000) * REQUESTS_PER_SECOND)
    this.#tickedMs = nowMs
    if (this.#pingedMs === undefined) {
      this.#pingedMs = nowMs
      this.#socket.ping()
    } else if (nowMs - this.#pingedMs >= DEAD_MS) {
      this.terminate()
      return
    }
    for (const carried of this.#carried.values()) {
      // Expiry and rights are judged again; an end of the view comes back through its signal.
      if (views.find(carried.view.id, principal).kind !== 'live') continue
      carried.view.usedMonotonicMs = nowMs
      const { state, lastFrameAgeMs } = carried.relay.health()
      if (state === carried.state) continue
      carried.state = state
      this.#say({ kind: 'stream', viewId: carried.view.id, ...streamOf(state, lastFrameAgeMs) })
    }
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#leftMs !== undefined) return
    if (isBinary || !Buffer.isBuffer(data)) {
      this.close(UNSUPPORTED_DATA, 'requests are text')
      return
    }
    if (data.length > MAX_REQUEST_BYTES) {
      this.close(POLICY_VIOLATION, 'the request is too long')
      return
    }
    if (this.#requests < 1) {
      this.close(POLICY_VIOLATION, 'too many requests')
      return
    }
    this.#requests -= 1
    const request = LiveRequest.safeParse(parseJson(data.toString()))
    if (!request.success) {
      this.close(POLICY_VIOLATION, 'the request is not understood')
      return
    }
    if ('open' in request.data) this.#openView(request.data.open, request.data.sound)
    else this.#dropView(request.data.close)
  }

  /** @param sound of a view that is carried already: turned on or off, or left as it is */
  #openView(viewId: string, sound: boolean | undefined): void {
    const { views, principal } = this.#options
    const present = this.#carried.get(viewId)
    if (present !== undefined && sound !== true) {
      if (sound === false) this.#muteView(present)
      return
    }
    const found = views.find(viewId, principal)
    if (found.kind === 'ended') {
      this.#say({ kind: 'ended', viewId, why: found.why })
      return
    }
    if (found.kind === 'unknown') {
      this.#refuse(viewId, 'not-found')
      return
    }
    const { view } = found
    if (sound === true && !view.scopes.includes('audio')) {
      void views.recordRefusal(view, 'scope-missing').catch(() => undefined) // a trail that cannot be written shows elsewhere
      this.#refuse(viewId, 'scope-missing')
      return
    }
    if (present !== undefined) {
      void this.#hear(present)
      return
    }
    const relay = view.lease?.relay
    if (relay === undefined) {
      this.#refuse(viewId, 'stream-not-ready')
      return
    }
    const use: ViewUse = { abort: () => this.#cut(carried) }
    if (!views.begin(view, use)) {
      this.#refuse(viewId, 'too-many-requests')
      return
    }
    const { state, lastFrameAgeMs } = relay.health()
    const number = this.#nextNumber++
    const none = (): void => {}
    const carried: Carried = {
      view,
      relay,
      number,
      use,
      unsubscribe: none,
      hearing: undefined,
      needsKey: true,
      waiting: 0,
      state,
    }
    this.#carried.set(viewId, carried)
    this.#say({ kind: 'opened', viewId, number, ...streamOf(state, lastFrameAgeMs) })
    carried.unsubscribe = relay.subscribe({
      init: ({ bytes }) => this.#send(carried, 'init', NO_TIME, [bytes]),
      chunk: (chunk, isPast) => this.#chunk(carried, chunk, isPast),
      end: () => this.#refuse(viewId, 'stream-not-ready'),
    })
    if (sound === true) void this.#hear(carried)
  }

  /** Written down first; a trail that cannot be written is a sound that is not heard. */
  async #hear(carried: Carried): Promise<void> {
    if (carried.hearing !== undefined) return
    const hearing: Hearing = { unsubscribe: () => {} }
    carried.hearing = hearing
    try {
      await this.#options.views.recordHeard(carried.view)
    } catch {
      if (carried.hearing === hearing) this.#refuse(carried.view.id, 'stream-not-ready')
      return
    }
    if (carried.hearing !== hearing) return // muted or dropped meanwhile
    hearing.unsubscribe = carried.relay.subscribeSound({
      init: ({ bytes }) => this.#send(carried, 'sound-init', NO_TIME, [bytes]),
      chunk: (chunk, isPast) => this.#sendChunk(carried, 'sound-chunk', chunk, isPast),
      end: () => {},
    })
  }

  #muteView(carried: Carried): void {
    carried.hearing?.unsubscribe()
    carried.hearing = undefined
  }

  #dropView(viewId: string): void {
    const carried = this.#carried.get(viewId)
    if (carried === undefined) return
    this.#carried.delete(viewId)
    carried.unsubscribe()
    this.#muteView(carried)
    carried.view.uses.end(carried.use)
  }

  /** The view has ended. Nothing of it leaves after this: what cannot be called back goes down with the connection. */
  #cut(carried: Carried): void {
    const { view } = carried
    this.#dropView(view.id)
    if (carried.waiting > 0) {
      this.terminate()
      return
    }
    const found = this.#options.views.find(view.id, this.#options.principal)
    this.#say({ kind: 'ended', viewId: view.id, why: found.kind === 'ended' ? found.why : 'closed' })
  }

  #refuse(viewId: string, code: LiveRefusal): void {
    this.#dropView(viewId)
    this.#say({ kind: 'refused', viewId, code })
  }

  #chunk(carried: Carried, chunk: LiveChunk, isPast: boolean): void {
    if (carried.needsKey && !chunk.facts.independent) return
    carried.needsKey = this.#isCongested(chunk.sizeBytes)
    if (carried.needsKey) return
    this.#sendChunk(carried, 'chunk', chunk, isPast)
  }

  #sendChunk(carried: Carried, type: 'chunk' | 'sound-chunk', chunk: LiveChunk, isPast: boolean): void {
    if (type === 'sound-chunk' && this.#isCongested(chunk.sizeBytes)) return
    chunk.retain()
    this.#send(carried, type, { ...chunk.facts, isPast }, chunk.buffers, () => chunk.release())
  }

  #isCongested(moreBytes: number): boolean {
    const lateMs = this.#pingedMs === undefined ? 0 : this.#options.clock.monotonicMs() - this.#pingedMs
    return this.#waitingBytes + moreBytes > MAX_WAITING_BYTES || lateMs > LATE_MS
  }

  /** One message in several frames, so that the bytes need not be joined with their header (RFC 6455 §5.4). */
  #send(
    carried: Carried,
    type: LiveHeader['type'],
    facts: LiveChunk['facts'] & { isPast: boolean },
    buffers: readonly Buffer[],
    release = (): void => {},
  ): void {
    const header = Buffer.alloc(LIVE_HEADER_BYTES)
    const sentMs = this.#options.clock.monotonicMs()
    const at = new DataView(header.buffer, header.byteOffset, LIVE_HEADER_BYTES)
    writeLiveHeader(at, { type, number: carried.number, sentMs, ...facts })
    const sizeBytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
    carried.waiting += 1
    this.#waitingBytes += sizeBytes
    const give = (): void => {
      if (!this.#lent.delete(give)) return
      carried.waiting -= 1
      this.#waitingBytes -= sizeBytes
      release()
    }
    this.#lent.add(give)
    const { raw } = this.#options
    raw.cork()
    this.#socket.send(header, { binary: true, fin: false })
    for (const [index, buffer] of buffers.entries()) {
      const fin = index === buffers.length - 1
      this.#socket.send(buffer, { fin }, fin ? give : undefined)
    }
    raw.uncork()
  }

  #say(message: LiveMessage): void {
    // Closing already: whoever left needs no words.
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  #dropAll(): void {
    for (const viewId of [...this.#carried.keys()]) this.#dropView(viewId)
  }

  #onClose(): void {
    this.#dropAll()
    for (const give of [...this.#lent]) give()
  }
}

const NO_TIME = { startTicks: 0, durationTicks: 0, independent: false, isPast: false } as const

function streamOf(state: ReturnType<Relay['health']>['state'], frameAgeMs: number | undefined) {
  return { state, ...(frameAgeMs === undefined ? {} : { frameAgeMs: Math.max(0, Math.round(frameAgeMs)) }) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
