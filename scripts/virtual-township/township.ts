import { type Clock, systemClock } from '../../gateway/clock.ts'
import { prepareMedia } from './media.ts'
import { loadTownship, type TownshipData } from './township-data.ts'
import { DiscoveryResponder } from './virtual-camera/discovery.ts'
import { type Fault, type PortChoice, VirtualCamera } from './virtual-camera/virtual-camera.ts'

const MOTION_HOLD_MS = 8_000

export type Log = (entry: { event: string; [key: string]: unknown }) => void

export interface TownshipOptions {
  /** Another township than the one that comes with the project. */
  file?: string
  /** Where clips are kept from one run to the next. */
  mediaDir: string
  signal: AbortSignal
  clock?: Clock
  /** `127.0.2.0` puts host 1 at 127.0.2.1, so that several townships live on one machine. */
  addressBase?: string
  ports?: PortChoice
  /** Ids of the devices to start; all of them when absent. */
  only?: readonly string[]
  /** Shorter loops than the township's own are drawn faster, for tests. */
  loopSeconds?: number
  log?: Log
}

/** A running township. Cameras are named by the id of the device or of one of its channels. */
export interface Township {
  data: TownshipData
  cameras: readonly VirtualCamera[]
  camera(id: string): VirtualCamera
  fault(id: string, kind: Fault): Promise<void>
  /** Motion for a while before one camera. */
  raiseMotion(id: string): void
  close(): Promise<void>
}

/** Makes the clips that are missing, opens every camera and answers discovery. @throws when a port is taken */
export async function startTownship(options: TownshipOptions): Promise<Township> {
  const { mediaDir, clock = systemClock, ports = 'high', only, log = () => {} } = options
  const all = await loadTownship(options.file)
  const data = { ...all, devices: all.devices.filter(({ id }) => only === undefined || only.includes(id)) }
  const loopSeconds = options.loopSeconds ?? data.loopSeconds
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const media = await prepareMedia(data.devices, { mediaDir, loopSeconds, signal, log })

  const base = (options.addressBase ?? data.addressBase).replace(/0$/, '')
  const cameras = data.devices.map((device) => {
    const make = data.makes.get(device.make)
    if (make === undefined) throw new Error(`${device.id}: no make ${device.make}`)
    return new VirtualCamera({ device, make, address: `${base}${device.host}`, ports, media, clock, signal })
  })
  const camera = (id: string): VirtualCamera => {
    const found = cameras.find(({ device }) => device.id === id || device.channels.some((channel) => channel.id === id))
    if (found === undefined) throw new Error(`no camera ${id} in ${data.name}`)
    return found
  }
  let discovery: DiscoveryResponder | undefined
  const close = async (): Promise<void> => {
    stop.abort()
    await Promise.all([discovery?.close(), ...cameras.map((one) => one.close())])
  }

  try {
    for (const one of cameras) {
      await one.start()
      log({ event: 'camera', make: one.make.id, ...one.found })
    }
    discovery = new DiscoveryResponder(cameras.flatMap((one) => one.announced() ?? []))
    await discovery.start()
  } catch (error) {
    await close()
    throw error
  }
  for (const one of cameras) if (one.device.dropsOut !== undefined) void dropOut(one, one.device.dropsOut)

  /** Up and down, for as long as the township runs and nobody gives it another fault. */
  async function dropOut(one: VirtualCamera, times: { upSeconds: number; downSeconds: number }): Promise<void> {
    const has = (kind: Fault): boolean => one.currentFault === kind
    await forever(async () => {
      await clock.sleep(times.upSeconds * 1000, signal)
      if (!has('none')) return
      await one.fault('drop-out')
      log({ event: 'drop-out', id: one.id, seconds: times.downSeconds })
      await clock.sleep(times.downSeconds * 1000, signal)
      if (has('drop-out')) await one.fault('none')
      log({ event: 'back', id: one.id })
    })
  }

  async function forever(step: () => Promise<void>): Promise<void> {
    try {
      while (!signal.aborted) await step()
    } catch (error) {
      if (!signal.aborted) log({ event: 'error', detail: String(error) })
    }
  }

  return {
    data,
    cameras,
    camera,
    fault: async (id, kind) => {
      await camera(id).fault(kind)
      log({ event: 'fault', id, kind })
    },
    raiseMotion: (id) => {
      const one = camera(id)
      const channel = one.device.channels.find((entry) => entry.id === id) ?? one.device.channels[0]
      if (channel === undefined) return
      one.setMotion(channel.id, true)
      log({ event: 'motion', id: channel.id })
      clock.sleep(MOTION_HOLD_MS, signal).then(
        () => one.setMotion(channel.id, false),
        () => {},
      )
    },
    close,
  }
}
