import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import { CLIP_BEFORE_MS } from '../contracts/clip.ts'
import { PreRoll } from './pre-roll.ts'
import type { ClipLease } from './sources.ts'

/** Hours of links begin and end on the minute; links themselves wake this at once. */
const REVIEW_MS = 10_000
/** Cameras whose last seconds are held: at 4 Mbit/s some six megabytes each. */
const MAX_CAMERAS = 200
const READY_MS = 20_000

export interface PreRollsDeps {
  clock: Clock
  log: FastifyBaseLogger
  /** Cameras whose link covers alarm clips, as far as the register says. */
  clipCameraIds(): Promise<readonly string[]>
  mayKeep(recorded: { cameraId: string; fromMs: number; toMs: number }): Promise<boolean>
  acquire(cameraId: string): Promise<ClipLease | undefined>
  spanMs?: { before: number; after: number }
}

/** Holds the last seconds of every camera that may have clips now, and of no other. */
export class PreRolls {
  readonly #deps: PreRollsDeps
  readonly #held = new Map<string, PreRoll>()
  /** Cameras with the scope, whether their picture is there or not. */
  #meant: ReadonlySet<string> = new Set()
  readonly #stop = new AbortController()
  #wake = Promise.withResolvers<void>()
  #running: Promise<void> = Promise.resolve()

  constructor(deps: PreRollsDeps) {
    this.#deps = deps
  }

  /** Whether this camera's link covers clips now. */
  isMeant(cameraId: string): boolean {
    return this.#meant.has(cameraId)
  }

  of(cameraId: string): PreRoll | undefined {
    return this.#held.get(cameraId)
  }

  get heldBytes(): number {
    let bytes = 0
    for (const preRoll of this.#held.values()) bytes += preRoll.heldBytes
    return bytes
  }

  get size(): number {
    return this.#held.size
  }

  async start(): Promise<void> {
    await this.#reviewOrLog()
    this.#running = this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    this.#wake.resolve()
    await this.#running
    for (const id of [...this.#held.keys()]) this.#end(id)
  }

  /** A link or a camera has changed. */
  wake(): void {
    this.#wake.resolve()
  }

  async #run(): Promise<void> {
    const { clock } = this.#deps
    const { signal } = this.#stop
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>()
      const timer = new AbortController()
      const slept = clock.sleep(REVIEW_MS, AbortSignal.any([signal, timer.signal])).catch(() => {})
      await Promise.race([slept, this.#wake.promise])
      timer.abort()
      if (!signal.aborted) await this.#reviewOrLog()
    }
  }

  async #reviewOrLog(): Promise<void> {
    try {
      await this.#review()
    } catch (error) {
      this.#deps.log.error({ err: error }, 'cameras with alarm clips could not be reviewed; trying again')
    }
  }

  async #review(): Promise<void> {
    const { clock, log, clipCameraIds, mayKeep } = this.#deps
    const nowMs = clock.now()
    const meant = new Set<string>()
    for (const cameraId of await clipCameraIds()) {
      if (await mayKeep({ cameraId, fromMs: nowMs, toMs: nowMs })) meant.add(cameraId)
    }
    this.#meant = meant
    for (const [id, preRoll] of this.#held) if (!meant.has(id) || preRoll.hasEnded) this.#end(id)
    for (const cameraId of meant) {
      if (this.#held.has(cameraId) || this.#stop.signal.aborted) continue
      if (this.#held.size >= MAX_CAMERAS) {
        log.warn({ limit: MAX_CAMERAS }, 'more cameras have alarm clips than are held at once')
        return
      }
      await this.#begin(cameraId)
    }
  }

  async #begin(cameraId: string): Promise<void> {
    const { clock, acquire, spanMs } = this.#deps
    const lease = await acquire(cameraId)
    if (lease === undefined) return
    const preRoll = new PreRoll(lease, spanMs?.before ?? CLIP_BEFORE_MS, () => clock.monotonicMs())
    this.#held.set(cameraId, preRoll)
    const limit = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(READY_MS)])
    void lease.relay.ready(limit).then((state) => {
      if (state.kind === 'ready') preRoll.mimeType = state.mimeType
    })
  }

  #end(cameraId: string): void {
    this.#held.get(cameraId)?.close()
    this.#held.delete(cameraId)
  }
}
