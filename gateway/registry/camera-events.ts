import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import type { AlarmMessage, AlarmType } from '../contracts/alarm.ts'
import { toInstant } from '../contracts/common.ts'
import type { Dialer } from '../dial.ts'
import type { Notification } from '../onvif/events.ts'
import { type EventStreamDeps, followEvents } from '../onvif/pull-point.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { profileOf } from '../probe/effective-profile.ts'
import type { Database } from '../storage/database.ts'
import type { Lead } from '../storage/leading-node.ts'
import type { Vault } from '../vault.ts'
import { connectDevice } from './connect.ts'
import { type Meaning, rulesOf, SignalStates } from './signal-states.ts'
import { untilStored } from './until-stored.ts'
import { type EventDevice, readEventDevices } from './watch-store.ts'

/** What cameras tell becomes alarms here; the gateway's alarms are the consumer. */
export interface CameraAlarms {
  raiseFrom(camera: { id: string; cellCode: string }, message: AlarmMessage): Promise<unknown>
  openFrom(cameraIds: readonly string[]): Promise<{ sourceId: string; sourceKey: string; type: AlarmType }[]>
}

export interface CameraEventsDeps {
  database: Database
  vault: Vault
  dialer: Dialer
  clock: Clock
  log: FastifyBaseLogger
  random: () => number
  randomBytes: (count: number) => Buffer
  profiles: readonly DeviceProfile[]
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  alarms: CameraAlarms
  /** Of the gateways on a database one listens. */
  lead: Pick<Lead, 'isHeld'>
  /** A device broke off: what answers next may be another one. */
  suspect?: (deviceId: string) => void
  /** How soon a new camera or link is followed. */
  everyMs?: number
}

const EVERY_MS = 5_000
const TERMINATION_SECONDS = 600
const PULL_SECONDS = 20

type EventCamera = EventDevice['cameras'][number]

interface Follower {
  device: EventDevice
  stop: AbortController
  running: Promise<void>
  states: SignalStates
  /** By signal, monotonic ms until which a stateless one is held. */
  held: Map<string, number>
}

/**
 * Listens to every ONVIF device that has a camera whose link is active, and to no other: without a link the centre
 * has no business with what happens before a camera.
 */
export class CameraEvents extends Chore {
  readonly #deps: CameraEventsDeps
  readonly #followers = new Map<string, Follower>()
  readonly counts = { raised: 0, cleared: 0, unassigned: 0, unlinked: 0 }

  constructor(deps: CameraEventsDeps) {
    super({ ...deps, everyMs: deps.everyMs ?? EVERY_MS, failed: 'camera events' }, (signal) => this.#reconcile(signal))
    this.#deps = deps
  }

  /** Devices that are listened to now. */
  get following(): number {
    return this.#followers.size
  }

  /** Resolves when every pull point has been given back, or has had its chance. */
  override async close(): Promise<void> {
    await super.close()
    const all = [...this.#followers.values()]
    for (const { stop } of all) stop.abort()
    await Promise.all(all.map(({ running }) => running))
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const devices = this.#deps.lead.isHeld() ? await readEventDevices(this.#deps.database) : []
    const linked = await this.#deps.linkedCameraIds(devices.flatMap(({ cameras }) => cameras.map(({ id }) => id)))
    const wanted = new Map(
      devices
        .filter(({ cameras }) => cameras.some(({ id }) => linked.has(id)))
        .filter((device) => this.#profileOf(device)?.events?.mode !== 'none')
        .map((device) => [device.id, device]),
    )
    for (const [id, follower] of this.#followers) {
      const device = wanted.get(id)
      if (device === undefined || device.version !== follower.device.version) {
        follower.stop.abort()
        await follower.running
        this.#followers.delete(id)
      } else follower.device = device
    }
    for (const device of wanted.values()) {
      if (!this.#followers.has(device.id) && !signal.aborted) await this.#follow(device, signal)
    }
  }

  #profileOf(device: EventDevice): DeviceProfile | undefined {
    return profileOf(this.#deps.profiles, device)
  }

  async #follow(device: EventDevice, signal: AbortSignal): Promise<void> {
    const { profiles, log } = this.#deps
    const generic = profiles.find(({ id }) => id === 'generic')
    const profile = this.#profileOf(device) ?? generic
    const states = new SignalStates(profile === undefined ? [] : rulesOf(profile, generic))
    const stop = new AbortController()
    await this.#adopt(device, states, signal)
    const follower: Follower = { device, stop, states, held: new Map(), running: Promise.resolve() }
    follower.running = followEvents(this.#streamOf(follower, profile), stop.signal).catch((error: unknown) => {
      // Storage failed under it: the next round starts anew, from what the database says.
      log.error({ err: error, device: device.id }, 'camera events')
      this.#followers.delete(device.id)
    })
    this.#followers.set(device.id, follower)
  }

  #streamOf(follower: Follower, profile: DeviceProfile | undefined): EventStreamDeps {
    const { clock, random, log } = this.#deps
    const { terminationSeconds = TERMINATION_SECONDS, pullSeconds = PULL_SECONDS, renew } = profile?.events ?? {}
    return {
      clock,
      random,
      habits: { terminationSeconds, pullSeconds, renew },
      connect: (signal) => connectDevice(this.#deps, follower.device, profile, signal),
      take: async (notifications, offsetMs) => {
        // Whoever leads now is told the same; this pull point is given back in the next round.
        if (!this.#deps.lead.isHeld()) return
        for (const notification of notifications) await this.#take(follower, notification, offsetMs)
      },
      lost: (why, detail) => {
        follower.states.forget()
        this.#deps.suspect?.(follower.device.id)
        log.info({ device: follower.device.id, why, detail }, 'camera events: lost')
      },
    }
  }

  /** Alarms that were open when the last process ended: a stateless one ends now, a state waits for the camera. */
  async #adopt({ cameras }: EventDevice, states: SignalStates, signal: AbortSignal): Promise<void> {
    const open = await this.#deps.alarms.openFrom(cameras.map(({ id }) => id))
    for (const { sourceId, sourceKey, type } of open) {
      const camera = cameras.find(({ id }) => id === sourceId)
      if (camera !== undefined && sourceKey.startsWith('once:')) await this.#clear(camera, sourceKey, type, signal)
      else states.adopt(sourceKey, type)
    }
  }

  async #take(follower: Follower, notification: Notification, offsetMs: number): Promise<void> {
    const { clock } = this.#deps
    const camera = cameraOf(follower.device.cameras, notification)
    if (camera === undefined) {
      this.counts.unassigned += 1
      return
    }
    const meaning = follower.states.apply(notification, offsetMs, clock.now())
    if (meaning.kind === 'clear') await this.#clear(camera, meaning.key, meaning.type, follower.stop.signal)
    if (meaning.kind !== 'raise') return
    const { signal, holdMs } = meaning
    const isHeld = follower.held.has(signal)
    if (!isHeld) {
      if (!(await this.#deps.linkedCameraIds([camera.id])).has(camera.id)) {
        this.counts.unlinked += 1
        follower.states.release(signal)
        return
      }
      this.counts.raised += 1
      await this.#tell(camera, meaning, notification, follower.stop.signal)
    }
    if (holdMs === undefined) return
    follower.held.set(signal, clock.monotonicMs() + holdMs)
    if (!isHeld) void this.#endHold(follower, camera, signal)
  }

  /** Stateless signals have no end of their own: the gateway's comes when none has followed for the hold time. */
  async #endHold(follower: Follower, camera: EventCamera, signal: string): Promise<void> {
    const { clock, log } = this.#deps
    try {
      for (;;) {
        const leftMs = (follower.held.get(signal) ?? 0) - clock.monotonicMs()
        if (leftMs <= 0) break
        await clock.sleep(leftMs, follower.stop.signal)
      }
      follower.held.delete(signal)
      const meaning = follower.states.release(signal)
      if (meaning.kind === 'clear') await this.#clear(camera, meaning.key, meaning.type, follower.stop.signal)
    } catch (error) {
      if (!follower.stop.signal.aborted) log.error({ err: error }, 'camera events')
    }
  }

  /** However many a camera tells: grouping makes them one case, and its pull point waits meanwhile. */
  #store(camera: EventCamera, message: AlarmMessage, signal: AbortSignal): Promise<void> {
    const { alarms, clock } = this.#deps
    return untilStored(() => alarms.raiseFrom(camera, message), clock, signal)
  }

  async #clear(camera: EventCamera, key: string, type: AlarmType, signal: AbortSignal): Promise<void> {
    this.counts.cleared += 1
    const occurredAt = toInstant(this.#deps.clock.now())
    await this.#store(camera, { id: key, type, occurredAt, state: 'cleared' }, signal)
  }

  async #tell(
    camera: EventCamera,
    { key, type, occurredAtMs }: Meaning & { kind: 'raise' },
    { topic, source, data }: Notification,
    signal: AbortSignal,
  ): Promise<void> {
    const values = (items: Notification['data']): object =>
      Object.fromEntries(items.map(({ name, value }) => [name, value]))
    const message: AlarmMessage = {
      id: key,
      type,
      occurredAt: toInstant(occurredAtMs),
      state: 'active',
      text: camera.name,
      data: { topic, source: values(source), data: values(data) },
    }
    await this.#store(camera, message, signal)
  }
}

/** The camera whose video source is named; a device with one camera means that one, whatever it calls its parts. */
function cameraOf(cameras: readonly EventCamera[], { source }: Notification): EventCamera | undefined {
  const named = cameras.find(({ channel }) => channel !== '' && source.some(({ value }) => value === channel))
  return named ?? (cameras.length === 1 ? cameras[0] : undefined)
}
