import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { AlarmMessage } from '../contracts/alarm.ts'
import { toInstant } from '../contracts/common.ts'

/** Alarms the gateway raises for what it finds out itself. */
export interface OwnAlarms {
  raiseOwn(place: { cellCode: string; cameraId?: string }, message: AlarmMessage): Promise<unknown>
  openOwn(type: 'device-offline' | 'tamper'): Promise<{ sourceKey: string; cellCode: string }[]>
}

export interface OutagesDeps {
  alarms: OwnAlarms
  clock: Clock
  log: FastifyBaseLogger
  /** Devices behind one dead switch are found out one after the other, within this time of the first. */
  gatherMs: number
}

export interface OutCamera {
  id: string
  name: string
  cellCode: string
  /** RTSP URI of a stream; its host says which network it is in. */
  uri: string
}

interface Outage {
  sinceMs: number
  /** Undefined while it still gathers. */
  alarm: { key: string; cellCode: string } | undefined
  cameras: Map<string, OutCamera>
}

const MAX_TEXT_CHARS = 500

/**
 * Cameras that went away become alarms `device-offline`: one for each network and moment, however many cameras it
 * took down, and over when the last of them is back. A camera back before the rest is gathered raises nothing.
 */
export class Outages {
  readonly #deps: OutagesDeps
  readonly #stop = new AbortController()
  readonly #open = new Set<Outage>()
  #devicesIn: ReadonlyMap<string, number> = new Map()
  #telling: Promise<void> = Promise.resolve()

  constructor(deps: OutagesDeps) {
    this.#deps = deps
  }

  /** Outages told by the process before this one go on, with those cameras of their networks that are still away. */
  async start(offline: readonly OutCamera[]): Promise<void> {
    for (const { sourceKey, cellCode } of await this.#deps.alarms.openOwn('device-offline')) {
      const network = /^offline:(.*):\d+$/.exec(sourceKey)?.[1]
      const cameras = offline.filter(({ uri }) => networkOf(uri) === network)
      const alarm = { key: sourceKey, cellCode }
      const outage: Outage = { sinceMs: 0, alarm, cameras: new Map(cameras.map((camera) => [camera.id, camera])) }
      this.#open.add(outage)
      this.#endIfOver(outage)
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#telling
  }

  /** What is registered: a device that is alone in its network is told at once, a camera that is gone is missed no more. */
  know(devices: readonly { uri: string; cameras: readonly { id: string }[] }[]): void {
    const counts = new Map<string, number>()
    for (const { uri } of devices) counts.set(networkOf(uri), (counts.get(networkOf(uri)) ?? 0) + 1)
    this.#devicesIn = counts
    const known = new Set(devices.flatMap(({ cameras }) => cameras.map(({ id }) => id)))
    const out = [...this.#open].flatMap(({ cameras }) => [...cameras.keys()])
    this.cameBack(out.filter((id) => !known.has(id)))
  }

  /** @param offline all cameras that are away by the database, whoever saw them go; those it knew nothing of have just gone */
  settle(offline: readonly OutCamera[]): void {
    const away = new Set(offline.map(({ id }) => id))
    const told = new Set([...this.#open].flatMap(({ cameras }) => [...cameras.keys()]))
    this.cameBack([...told].filter((id) => !away.has(id)))
    this.wentAway(offline.filter(({ id }) => !told.has(id)))
  }

  wentAway(cameras: readonly OutCamera[]): void {
    for (const [network, members] of Map.groupBy(cameras, ({ uri }) => networkOf(uri))) {
      const gathering = [...this.#open].find(
        (outage) =>
          outage.alarm === undefined && [...outage.cameras.values()].some(({ uri }) => networkOf(uri) === network),
      )
      if (gathering !== undefined) {
        for (const camera of members) gathering.cameras.set(camera.id, camera)
        continue
      }
      const sinceMs = this.#deps.clock.now()
      const outage: Outage = { sinceMs, alarm: undefined, cameras: new Map(members.map((one) => [one.id, one])) }
      this.#open.add(outage)
      if ((this.#devicesIn.get(network) ?? 1) <= 1) this.#raise(network, outage)
      else void this.#gather(network, outage)
    }
  }

  cameBack(cameraIds: readonly string[]): void {
    for (const outage of [...this.#open]) {
      const before = outage.cameras.size
      for (const id of cameraIds) outage.cameras.delete(id)
      if (outage.cameras.size < before) this.#endIfOver(outage)
    }
  }

  async #gather(network: string, outage: Outage): Promise<void> {
    const { clock, gatherMs } = this.#deps
    await clock.sleep(gatherMs, this.#stop.signal).catch(() => {})
    if (!this.#stop.signal.aborted && this.#open.has(outage)) this.#raise(network, outage)
  }

  #endIfOver(outage: Outage): void {
    if (outage.cameras.size > 0) return
    this.#open.delete(outage)
    const { alarm } = outage
    if (alarm === undefined) return
    const occurredAt = toInstant(this.#deps.clock.now())
    this.#tell(alarm, { id: alarm.key, type: 'device-offline', occurredAt, state: 'cleared' })
  }

  #raise(network: string, outage: Outage): void {
    const cameras = [...outage.cameras.values()]
    const [first] = cameras
    if (first === undefined) return
    const key = `offline:${network}:${outage.sinceMs}`
    const byCell = [...Map.groupBy(cameras, ({ cellCode }) => cellCode)].sort(([, a], [, b]) => b.length - a.length)
    const cellCode = byCell[0]?.[0] ?? first.cellCode
    outage.alarm = { key, cellCode }
    const names = cameras.map(({ name }) => name).join(', ')
    const text = cameras.length === 1 ? first.name : `${network} (${cameras.length}): ${names}`
    const place = cameras.length === 1 ? { cellCode, cameraId: first.id } : { cellCode }
    this.#tell(place, {
      id: key,
      type: 'device-offline',
      occurredAt: toInstant(outage.sinceMs),
      text: text.slice(0, MAX_TEXT_CHARS),
      data: { network, cameras: cameras.length, cellCodes: byCell.map(([code]) => code) },
    })
  }

  /** In the order of what happened. */
  #tell(place: { cellCode: string; cameraId?: string }, message: AlarmMessage): void {
    this.#telling = this.#telling.then(async () => {
      try {
        await this.#deps.alarms.raiseOwn(place, message)
      } catch (error) {
        this.#deps.log.error({ err: error, alarm: message.id }, 'an outage could not be told')
      }
    })
  }
}

/** IPv4 /24, IPv6 /64 as written, else the name itself: what most often fails as one. */
function networkOf(uri: string): string {
  const host = /^rtsps?:\/\/(\[[^\]]*\]|[^/:?]+)/.exec(uri)?.[1] ?? ''
  const ipv4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(host)?.[1]
  if (ipv4 !== undefined) return `${ipv4}.0/24`
  return host.startsWith('[') ? `${host.slice(1, -1).split(':').slice(0, 4).join(':')}::/64` : host.slice(0, 64)
}
