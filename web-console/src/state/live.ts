import { type ReadonlySignal, signal } from '@preact/signals'
import { LiveEvent } from '../../../gateway/contracts/event.ts'

/** More than this between the gateway's clock and this computer's, and the times on the screen mislead. */
export const MAX_CLOCK_SKEW_MS = 2_500

export type LinkToGateway =
  | { kind: 'connecting' }
  | { kind: 'open'; checkedAtMs: number }
  | { kind: 'lost'; sinceMs: number }

type Kind = LiveEvent['kind']
type DataOf<K extends Kind> = Extract<LiveEvent, { kind: K }>['data']

export interface Live {
  readonly link: ReadonlySignal<LinkToGateway>
  /** The gateway's clock less ours, ms; undefined until heard. */
  readonly clockSkewMs: ReadonlySignal<number | undefined>
  /** Calls back for each event of a kind, until the signal aborts. */
  on<K extends Kind>(kind: K, handler: (data: DataOf<K>) => void, signal: AbortSignal): void
  /** Calls back each time the stream opens anew, when lists must be asked for again. */
  onOpen(handler: () => void, signal: AbortSignal): void
  start(): void
  close(): void
}

const KINDS = LiveEvent.options.map((option) => option.shape.kind.value)
/** An EventSource does not notice a cable pulled out; a small request does. */
const PULSE_INTERVAL_MS = 10_000
const PULSE_TIMEOUT_MS = 5_000
const REOPEN_DELAY_MS = 3_000
/** The gateway ends each stream now and then and the browser is back in a second: that is no loss. */
const LOSS_GRACE_MS = 2_500

/** The gateway's event stream. The browser resumes it by Last-Event-ID; a refusal ends it, and it is then opened anew. */
export function createLive(url: string, onRefused: () => void): Live {
  const link = signal<LinkToGateway>({ kind: 'connecting' })
  const clockSkewMs = signal<number | undefined>(undefined)
  const bus = new EventTarget()
  let source: EventSource | undefined
  let pulse: ReturnType<typeof setInterval> | undefined
  let reopen: ReturnType<typeof setTimeout> | undefined
  let losing: ReturnType<typeof setTimeout> | undefined

  const lost = (): void => {
    if (link.value.kind !== 'lost') link.value = { kind: 'lost', sinceMs: Date.now() }
  }

  function open(): void {
    source?.close()
    source = new EventSource(url)
    source.onopen = () => {
      clearTimeout(losing)
      losing = undefined
      link.value = { kind: 'open', checkedAtMs: Date.now() }
      bus.dispatchEvent(new Event('open'))
    }
    source.onerror = () => {
      losing ??= setTimeout(lost, LOSS_GRACE_MS)
      if (source?.readyState !== EventSource.CLOSED) return
      onRefused()
      clearTimeout(reopen)
      reopen = setTimeout(open, REOPEN_DELAY_MS)
    }
    for (const kind of KINDS) {
      source.addEventListener(kind, (message) => {
        const event = LiveEvent.safeParse({ kind, data: parse(message.data) })
        if (event.success) bus.dispatchEvent(new CustomEvent(kind, { detail: event.data.data }))
      })
    }
  }

  async function check(): Promise<void> {
    const sentMs = Date.now()
    const response = await fetch('/healthz', {
      cache: 'no-store',
      signal: AbortSignal.timeout(PULSE_TIMEOUT_MS),
    }).catch(() => undefined)
    if (pulse === undefined) return
    if (response === undefined) return lost()
    const now = Date.now()
    const theirs = Date.parse(response.headers.get('date') ?? '')
    // The Date header is cut to seconds, so its middle is the best guess; good to half a second and the way.
    if (!Number.isNaN(theirs)) clockSkewMs.value = theirs + 500 - (sentMs + now) / 2
    if (source?.readyState === EventSource.OPEN) link.value = { kind: 'open', checkedAtMs: now }
  }

  return {
    link,
    clockSkewMs,
    on: (kind, handler, until) =>
      bus.addEventListener(kind, (event) => handler((event as CustomEvent).detail), { signal: until }),
    onOpen: (handler, until) => bus.addEventListener('open', () => handler(), { signal: until }),
    start() {
      if (source !== undefined) return
      open()
      pulse = setInterval(check, PULSE_INTERVAL_MS)
      void check()
    },
    close() {
      source?.close()
      source = undefined
      clearInterval(pulse)
      clearTimeout(reopen)
      clearTimeout(losing)
      losing = undefined
      pulse = undefined
      link.value = { kind: 'connecting' }
    },
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
