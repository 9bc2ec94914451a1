import type { FastifyBaseLogger } from 'fastify'
import { toInstant } from '../contracts/common.ts'
import type { PtzAnswer, PtzPresets } from '../contracts/ptz.ts'
import type { OnvifFailure, OnvifResult } from '../onvif/client.ts'
import { askMedia } from '../onvif/media-client.ts'
import { continuousMove, getPresets, gotoPreset, type PtzHead, stopMoving, type Velocity } from '../onvif/ptz.ts'
import { NS } from '../onvif/soap.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { profileOf } from '../probe/effective-profile.ts'
import type { Database } from '../storage/database.ts'
import type { Words } from '../words.ts'
import { type ConnectDeps, connectDevice } from './connect.ts'
import { readCamera } from './store.ts'

export interface PtzDeps extends ConnectDeps {
  database: Database
  log: FastifyBaseLogger
  profiles: readonly DeviceProfile[]
}

export type PtzResult<T> =
  | { kind: 'done'; value: T }
  | { kind: 'no-camera' }
  | { kind: 'no-ptz'; detail: Words }
  | { kind: 'failed'; why: OnvifFailure; detail: string }

/** A head is found once and used for this long: a move must not wait for three questions. */
const HEAD_MS = 10 * 60_000
const MAX_HEADS = 256
/** A camera on which Stop was lost moved for 84 s (koush/scrypted#2124). */
const STOP_TRIES = 4
const STOP_AGAIN_MS = 500
const REQUEST_MS = 10_000

interface Head {
  head: PtzHead
  sendTimeout: boolean
  stopTwice: boolean
  foundMs: number
}

/** A camera that was set in motion; each move puts the end off, and the end always sends Stop. */
interface Motion {
  head: Head
  untilMs: number
  stop: AbortController
  ended: Promise<void>
}

/** Turns cameras, and stops every one that it has turned: when told, when its time is over, and when the gateway ends. */
export class PtzControl {
  readonly #deps: PtzDeps
  readonly #heads = new Map<string, Head>()
  readonly #motions = new Map<string, Motion>()

  constructor(deps: PtzDeps) {
    this.#deps = deps
  }

  /** Whether this gateway has set the camera in motion. */
  isMoving(cameraId: string): boolean {
    return this.#motions.has(cameraId)
  }

  async move(cameraId: string, velocity: Velocity, timeoutMs: number): Promise<PtzResult<PtzAnswer>> {
    const found = await this.#headOf(cameraId)
    if (found.kind !== 'done') return found
    const { clock } = this.#deps
    const { head, sendTimeout } = found.value
    // Armed first: a move whose answer is lost has perhaps been obeyed.
    const motion = this.#arm(cameraId, found.value, timeoutMs)
    const answer = await continuousMove(head, velocity, sendTimeout ? timeoutMs : undefined, timeLimit())
    if (!answer.ok) {
      await this.#end(cameraId)
      return this.#failed(cameraId, answer)
    }
    if (this.#motions.get(cameraId) !== motion) {
      // Its end came while the order was under way, and the camera may have taken the two the other way round.
      await this.#stopSurely(cameraId, found.value)
      return { kind: 'done', value: { moving: false } }
    }
    return { kind: 'done', value: { moving: true, stopsAt: toInstant(clock.now() + timeoutMs) } }
  }

  async stop(cameraId: string): Promise<PtzResult<PtzAnswer>> {
    if (this.#motions.has(cameraId)) {
      await this.#end(cameraId)
      return { kind: 'done', value: { moving: false } }
    }
    const found = await this.#headOf(cameraId)
    if (found.kind !== 'done') return found
    const answer = await stopMoving(found.value.head, timeLimit())
    return answer.ok ? { kind: 'done', value: { moving: false } } : this.#failed(cameraId, answer)
  }

  async preset(cameraId: string, preset: string): Promise<PtzResult<PtzAnswer>> {
    const found = await this.#headOf(cameraId)
    if (found.kind !== 'done') return found
    if (this.#motions.has(cameraId)) await this.#end(cameraId)
    const answer = await gotoPreset(found.value.head, preset, timeLimit())
    return answer.ok ? { kind: 'done', value: { moving: false } } : this.#failed(cameraId, answer)
  }

  async presets(cameraId: string): Promise<PtzResult<PtzPresets>> {
    const found = await this.#headOf(cameraId)
    if (found.kind !== 'done') return found
    const answer = await getPresets(found.value.head, timeLimit())
    return answer.ok ? { kind: 'done', value: { presets: answer.value } } : this.#failed(cameraId, answer)
  }

  /** Every camera that moves is stopped. */
  async close(): Promise<void> {
    await Promise.all([...this.#motions.keys()].map((cameraId) => this.#end(cameraId)))
  }

  #arm(cameraId: string, head: Head, timeoutMs: number): Motion {
    const untilMs = this.#deps.clock.monotonicMs() + timeoutMs
    const running = this.#motions.get(cameraId)
    if (running !== undefined) {
      running.untilMs = untilMs
      return running
    }
    const motion: Motion = { head, untilMs, stop: new AbortController(), ended: Promise.resolve() }
    this.#motions.set(cameraId, motion)
    motion.ended = this.#watch(cameraId, motion)
    return motion
  }

  /** The dead man's switch: waits until nobody has moved the camera any more, then stops it. Never rejects. */
  async #watch(cameraId: string, motion: Motion): Promise<void> {
    const { clock } = this.#deps
    const { signal } = motion.stop
    for (;;) {
      const leftMs = motion.untilMs - clock.monotonicMs()
      if (leftMs <= 0 || signal.aborted) break
      await clock.sleep(leftMs, signal).catch(() => {})
    }
    this.#motions.delete(cameraId)
    await this.#stopSurely(cameraId, motion.head)
  }

  async #stopSurely(cameraId: string, { head, stopTwice }: Head): Promise<void> {
    const { clock, log } = this.#deps
    let wanted = stopTwice ? 2 : 1
    for (let tried = 0; tried < STOP_TRIES && wanted > 0; tried += 1) {
      const answer = await stopMoving(head, timeLimit()).catch(() => undefined)
      if (answer?.ok === true) wanted -= 1
      else await clock.sleep(STOP_AGAIN_MS, new AbortController().signal)
    }
    if (wanted > 0) log.error({ camera: cameraId }, 'a camera that was turned did not take the order to stop')
  }

  async #end(cameraId: string): Promise<void> {
    const motion = this.#motions.get(cameraId)
    motion?.stop.abort()
    await motion?.ended
  }

  /** What failed is asked anew the next time. */
  #failed(cameraId: string, { why, detail }: OnvifResult<never> & { ok: false }): PtzResult<never> {
    this.#heads.delete(cameraId)
    return { kind: 'failed', why, detail }
  }

  async #headOf(cameraId: string): Promise<PtzResult<Head>> {
    const { database, clock, profiles } = this.#deps
    const row = await readCamera(database.client, cameraId)
    if (row === undefined) return { kind: 'no-camera' }
    const known = this.#heads.get(cameraId)
    if (known !== undefined && clock.monotonicMs() - known.foundMs < HEAD_MS) return { kind: 'done', value: known }
    if (row.device.kind !== 'onvif')
      return {
        kind: 'no-ptz',
        detail: { zh: '该摄像头只登记了码流地址', en: 'the camera is known by its streams alone' },
      }
    const profile = profileOf(profiles, row.device)
    const connected = await connectDevice(this.#deps, row.device, profile, timeLimit())
    if (!connected.ok) return this.#failed(cameraId, connected)
    const { client, services } = connected.value
    const service = client.addressOf(services.get(NS.ptz) ?? '', services)
    if (service === undefined)
      return { kind: 'no-ptz', detail: { zh: '设备没有云台服务', en: 'the device has no PTZ service' } }
    const media = await askMedia(client, services, timeLimit())
    if (!media.ok) return this.#failed(cameraId, media)
    const shown = media.value.profiles.find(({ source, encoder }) => source === row.channel && encoder !== undefined)
    if (shown === undefined)
      return {
        kind: 'no-ptz',
        detail: { zh: '设备没有该画面的媒体配置', en: 'the device has no profile of this picture' },
      }
    const found: Head = {
      head: { client, service, profileToken: shown.token },
      sendTimeout: profile?.ptz?.sendTimeout ?? true,
      stopTwice: profile?.ptz?.stopTwice ?? false,
      foundMs: clock.monotonicMs(),
    }
    const [oldest] = this.#heads.keys()
    if (this.#heads.size >= MAX_HEADS && oldest !== undefined) this.#heads.delete(oldest)
    this.#heads.set(cameraId, found)
    return { kind: 'done', value: found }
  }
}

/** Not tied to whoever asked: an order once begun is carried out, so that what it does is known. */
const timeLimit = (): AbortSignal => AbortSignal.timeout(REQUEST_MS)
