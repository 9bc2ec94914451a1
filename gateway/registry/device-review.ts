import type { FastifyBaseLogger } from 'fastify'
import { toInstant } from '../contracts/common.ts'
import type { Database } from '../storage/database.ts'
import { type ConnectDeps, connectDevice } from './connect.ts'
import type { DeviceProfile } from './device-profile.ts'
import type { OwnAlarms } from './outages.ts'
import { noteClockOffset, type ReviewedDevice, readReviewed } from './store.ts'

export interface DeviceReviewDeps extends ConnectDeps {
  database: Database
  log: FastifyBaseLogger
  profiles: readonly DeviceProfile[]
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  alarms: OwnAlarms
  /** Every device is reviewed once in this time. */
  reviewEveryMs?: number
}

/** It takes a login, so it is rare: small cameras are not to be worn out, and accounts not to be locked. */
const EVERY_MS = 6 * 3_600_000
const ANSWER_MS = 60_000
/** Less is the time the question took. */
const DRIFT_MS = 2_000
const DRIFT_TOLD_MS = 60_000

/**
 * Asks each ONVIF device now and then who it is and what time it has. Another serial number at the address of a
 * registered device is an alarm `tamper`: somebody put another device in its place.
 */
export class DeviceReview {
  readonly #deps: DeviceReviewDeps
  readonly #stop = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(deps: DeviceReviewDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, database, log, reviewEveryMs = EVERY_MS } = this.#deps
    while (!signal.aborted) {
      try {
        const devices = await readReviewed(database)
        if (devices.length === 0) await clock.sleep(Math.min(reviewEveryMs, 60_000), signal)
        for (const device of devices) {
          await clock.sleep(reviewEveryMs / devices.length, signal)
          await this.#review(device, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
        }
      } catch (error) {
        if (!signal.aborted) log.error({ err: error }, 'device review')
        // A database that fails at once must not turn this into a busy loop.
        await clock.sleep(1_000, signal).catch(() => {})
      }
    }
  }

  async #review(device: ReviewedDevice, signal: AbortSignal): Promise<void> {
    const { profiles, log, database } = this.#deps
    const profile = profiles.find(({ id }) => id === device.deviceProfile)
    const connected = await connectDevice(this.#deps, device, profile, signal)
    if (!connected.ok) return // that it is away is the watch's business
    const { client } = connected.value
    const information = await client.deviceInformation(signal)
    if (!information.ok) return
    await this.#compareSerial(device, information.value.serial)
    const offsetMs = Math.round(client.clockOffsetMs)
    if (offsetMs === 0 || Math.abs(offsetMs - (device.clockOffsetMs ?? 0)) < DRIFT_MS) return
    await noteClockOffset(database, device.id, offsetMs)
    if (Math.abs(offsetMs) >= DRIFT_TOLD_MS) log.warn({ device: device.id, offsetMs }, 'the clock of a device is wrong')
  }

  async #compareSerial({ id, serial, cameras }: ReviewedDevice, found: string): Promise<void> {
    if (serial === null || serial === '' || found === '') return
    const { alarms, clock, linkedCameraIds } = this.#deps
    const linked = await linkedCameraIds(cameras.map((camera) => camera.id))
    const camera = cameras.find((one) => linked.has(one.id))
    if (camera === undefined) return
    const place = { cellCode: camera.cellCode, cameraId: camera.id }
    const open = (await alarms.openOwn('tamper')).filter(({ sourceKey }) => sourceKey.startsWith(`serial:${id}:`))
    const now = { type: 'tamper', occurredAt: toInstant(clock.now()) } as const
    if (found === serial) {
      for (const { sourceKey } of open) await alarms.raiseOwn(place, { ...now, id: sourceKey, state: 'cleared' })
    } else if (open.length === 0) {
      const data = { registeredSerial: serial, foundSerial: found }
      await alarms.raiseOwn(place, { ...now, id: `serial:${id}:${clock.now()}`, text: camera.name, data })
    }
  }
}
