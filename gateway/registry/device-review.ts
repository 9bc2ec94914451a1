import type { FastifyBaseLogger } from 'fastify'
import { toInstant } from '../contracts/common.ts'
import { OnvifClient } from '../onvif/client.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { profileOf } from '../probe/effective-profile.ts'
import type { Database } from '../storage/database.ts'
import type { Lead } from '../storage/leading-node.ts'
import { type ConnectDeps, clientOptions, connectDevice } from './connect.ts'
import type { OwnAlarms } from './outages.ts'
import { noteClockOffset, type ReviewedDevice, readReviewed } from './watch-store.ts'

export interface DeviceReviewDeps extends ConnectDeps {
  database: Database
  log: FastifyBaseLogger
  profiles: readonly DeviceProfile[]
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  alarms: OwnAlarms
  /** Of the gateways on a database one asks. */
  lead: Pick<Lead, 'isHeld'>
  /** Every device is asked for its time and certificate, without login, once in this time. */
  lookEveryMs?: number
  /** Every device is reviewed once in this time. */
  reviewEveryMs?: number
}

const LOOK_EVERY_MS = 60_000
/** It takes a login, so it is rare: small cameras are not to be worn out, and accounts not to be locked. */
const REVIEW_EVERY_MS = 6 * 3_600_000
/** A device that came back, or lost its events, is reviewed out of turn, but not more often than this. */
const REVIEW_AGAIN_MS = 60_000
/** A refused login is not tried again before the usual turn. */
const AFTER_REFUSAL_MS = 30 * 60_000
const LOOK_MS = 10_000
const ANSWER_MS = 60_000
const NO_DEVICE_MS = 60_000
const MAX_UNDER_WAY = 32
/** Less is the time the question took. */
const DRIFT_MS = 2_000
const DRIFT_TOLD_MS = 60_000

/** By what a device is known again. */
const MARKS = {
  serial: { registered: 'registeredSerial', found: 'foundSerial' },
  certificate: { registered: 'registeredCertificate', found: 'foundCertificate' },
} as const

/**
 * Looks at each ONVIF device every minute without login (time, certificate), and now and then with one (serial number).
 * Another certificate or serial number at the address of a registered device is an alarm `tamper`: somebody may have put
 * another device in its place.
 */
export class DeviceReview {
  readonly #deps: DeviceReviewDeps
  readonly #stop = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  /** By device, monotonic ms from which on it may be reviewed again. */
  readonly #notBeforeMs = new Map<string, number>()
  readonly #suspects = new Set<string>()
  #comparing: Promise<void> = Promise.resolve()
  #running: Promise<unknown> = Promise.resolve()

  constructor(deps: DeviceReviewDeps) {
    this.#deps = deps
  }

  start(): void {
    const { lookEveryMs = LOOK_EVERY_MS, reviewEveryMs = REVIEW_EVERY_MS } = this.#deps
    this.#running = Promise.all([
      this.#rounds('look', lookEveryMs, (device, signal) => this.#look(device, signal)),
      this.#rounds('review', reviewEveryMs, (device, signal) => this.#review(device, signal)),
    ])
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    await Promise.all(this.#underWay.values())
    await this.#comparing
  }

  /** Something happened after which it may be another device: it is reviewed at its next look. */
  suspect(deviceId: string): void {
    this.#suspects.add(deviceId)
  }

  /** Each device once in a round, evenly spaced; a slow one does not hold up the others. */
  async #rounds(
    kind: 'look' | 'review',
    everyMs: number,
    work: (device: ReviewedDevice, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { clock, database, lead, log } = this.#deps
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const devices = lead.isHeld() ? await readReviewed(database) : []
        if (devices.length === 0) await clock.sleep(Math.min(everyMs, NO_DEVICE_MS), signal)
        for (const device of devices) {
          await clock.sleep(everyMs / devices.length, signal)
          const key = `${kind} ${device.id}`
          if (this.#underWay.has(key) || this.#underWay.size >= MAX_UNDER_WAY) continue
          const running = work(device, signal)
            .catch((error: unknown) => {
              if (!signal.aborted && !isTimeout(error)) log.error({ err: error, device: device.id }, 'device review')
            })
            .finally(() => this.#underWay.delete(key))
          this.#underWay.set(key, running)
        }
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'device review')
        // A database that fails at once must not turn this into a busy loop.
        await clock.sleep(1_000, signal).catch(() => {})
      }
    }
  }

  async #look(device: ReviewedDevice, signal: AbortSignal): Promise<void> {
    const client = new OnvifClient({ ...clientOptions(this.#deps, device), timeoutMs: LOOK_MS })
    const time = await client.systemTime(signal)
    await this.#compare(device, 'certificate', device.certificateSha256, client.certificate)
    if (time.ok) await this.#noteClock(device, client.clockOffsetMs)
    if (time.ok && this.#suspects.delete(device.id)) await this.#review(device, signal)
  }

  async #review(device: ReviewedDevice, stop: AbortSignal): Promise<void> {
    const { profiles, clock } = this.#deps
    const now = clock.monotonicMs()
    if (now < (this.#notBeforeMs.get(device.id) ?? 0)) return
    this.#notBeforeMs.set(device.id, now + Math.min(REVIEW_AGAIN_MS, this.#deps.reviewEveryMs ?? REVIEW_AGAIN_MS))
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)])
    const profile = profileOf(profiles, device)
    const connected = await connectDevice(this.#deps, device, profile, signal)
    const information = connected.ok ? await connected.value.client.deviceInformation(signal) : connected
    if (!information.ok) {
      // That it is away is the watch's business; that it refuses the login must not lock the account.
      if (information.why.startsWith('login')) this.#notBeforeMs.set(device.id, now + AFTER_REFUSAL_MS)
      return
    }
    await this.#compare(device, 'serial', device.serial, information.value.serial)
    if (connected.ok) await this.#noteClock(device, connected.value.client.clockOffsetMs)
  }

  async #noteClock(device: ReviewedDevice, measuredMs: number): Promise<void> {
    const offsetMs = Math.round(measuredMs)
    if (Math.abs(offsetMs - (device.clockOffsetMs ?? 0)) < DRIFT_MS) return
    await noteClockOffset(this.#deps.database, device.id, offsetMs)
    if (Math.abs(offsetMs) >= DRIFT_TOLD_MS) {
      this.#deps.log.warn({ device: device.id, offsetMs }, 'the clock of a device is wrong')
    }
  }

  /** One at a time, so that two looks do not raise the same alarm twice. */
  #compare(
    device: ReviewedDevice,
    mark: keyof typeof MARKS,
    registered: string | null,
    found: string | undefined,
  ): Promise<void> {
    if (!registered || !found) return Promise.resolve()
    this.#comparing = this.#comparing.catch(() => {}).then(() => this.#tell(device, mark, registered, found))
    return this.#comparing
  }

  async #tell(
    { id, cameras }: ReviewedDevice,
    mark: keyof typeof MARKS,
    registered: string,
    found: string,
  ): Promise<void> {
    const { alarms, clock, linkedCameraIds } = this.#deps
    const linked = await linkedCameraIds(cameras.map((camera) => camera.id))
    const camera = cameras.find((one) => linked.has(one.id))
    if (camera === undefined) return
    const place = { cellCode: camera.cellCode, cameraId: camera.id }
    const open = (await alarms.openOwn('tamper')).filter(({ sourceKey }) => sourceKey.startsWith(`${mark}:${id}:`))
    const now = { type: 'tamper', occurredAt: toInstant(clock.now()) } as const
    if (found === registered) {
      for (const { sourceKey } of open) await alarms.raiseOwn(place, { ...now, id: sourceKey, state: 'cleared' })
    } else if (open.length === 0) {
      const data = { [MARKS[mark].registered]: registered, [MARKS[mark].found]: found }
      await alarms.raiseOwn(place, { ...now, id: `${mark}:${id}:${clock.now()}`, text: camera.name, data })
    }
  }
}

const isTimeout = (error: unknown): boolean => error instanceof DOMException && error.name === 'TimeoutError'
