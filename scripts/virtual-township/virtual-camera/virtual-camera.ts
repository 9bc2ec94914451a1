import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Clock } from '../../../gateway/clock.ts'
import type { ChannelMedia } from '../media.ts'
import type { Device, Make } from '../township-data.ts'
import { loadClip } from './clip.ts'
import { placeScopes } from './device-operations.ts'
import type { Announced } from './discovery.ts'
import { Encoder } from './encoder.ts'
import { type MediaProfile, mediaProfiles } from './media-profile.ts'
import { Microphone } from './microphone.ts'
import { OnvifServer } from './onvif-server.ts'
import { RtspServer } from './rtsp-server.ts'

/** What can be wrong with a camera: unplugged, sending nothing, refusing every login, or nothing at all. */
export const FAULTS = ['none', 'drop-out', 'stall', 'refuse'] as const
export type Fault = (typeof FAULTS)[number]

/** `real`: as the make has them (ports below 1024 need rights); `high`: those raised by 8000; `free`: whatever is free. */
export const PORT_CHOICES = ['real', 'high', 'free'] as const
export type PortChoice = (typeof PORT_CHOICES)[number]

const HIGH_PORT_STEP = 8000

/** Where a camera is found, as an installer needs it. */
export interface CameraAddress {
  id: string
  /** Host and port; null where ONVIF is off. */
  onvif: string | null
  channels: { id: string; sourceToken: string; mainUri: string; subUri: string }[]
}

export interface VirtualCameraOptions {
  device: Device
  make: Make
  address: string
  ports: PortChoice
  media: ReadonlyMap<string, ChannelMedia>
  clock: Clock
  signal: AbortSignal
}

/** One device of the township: an ONVIF port, an RTSP port, and an encoder for each stream of each channel. */
export class VirtualCamera {
  readonly id: string
  readonly address: string
  readonly profiles: readonly MediaProfile[]
  readonly #options: VirtualCameraOptions
  readonly #uuid: string
  #clockOffsetMs: number
  readonly #encoders: Encoder[] = []
  readonly #microphone: Microphone | undefined
  #onvif: OnvifServer | undefined
  #rtsp: RtspServer | undefined
  #httpPort = 0
  #pullPort = 0
  #rtspPort = 0
  readonly #askedForKeyFrame: MediaProfile[] = []
  #isUp = false
  #fault: Fault = 'none'

  constructor(options: VirtualCameraOptions) {
    this.#options = options
    this.id = options.device.id
    this.address = options.address
    this.profiles = mediaProfiles(options.device, options.make)
    this.#clockOffsetMs = options.device.clockOffsetSeconds * 1000
    const { clock, signal } = options
    this.#microphone = options.device.hasSound
      ? new Microphone({ clock, clockOffsetMs: this.clockOffsetMs, signal })
      : undefined
    this.#uuid = uuidOf(`${options.address} ${this.id}`)
  }

  get device(): Device {
    return this.#options.device
  }

  get make(): Make {
    return this.#options.make
  }

  get currentFault(): Fault {
    return this.#fault
  }

  /** Pull points that are open; 0 without ONVIF. */
  get subscriptions(): number {
    return this.#onvif?.events.subscriptions ?? 0
  }

  get ptz(): OnvifServer['ptz'] | undefined {
    return this.#onvif?.ptz
  }

  /** How often each of its streams was played since it was switched on, by the stream's path. */
  get plays(): ReadonlyMap<string, number> {
    return this.#rtsp?.plays ?? new Map()
  }

  /** Streams of which a key frame was asked for, whether it was given or not, one after the other. */
  get askedForKeyFrame(): readonly MediaProfile[] {
    return this.#askedForKeyFrame
  }

  /** Passwords for ONVIF that were wrong. */
  get refusedLogins(): number {
    return this.#onvif?.refusedLogins ?? 0
  }

  /** Clients that play one of its streams. */
  get viewers(): number {
    return this.#rtsp?.playing ?? 0
  }

  /** Known once it has started. Stream addresses hold no credentials, unless the make keeps them in the path. */
  get found(): CameraAddress {
    return {
      id: this.id,
      onvif: this.make.onvif === undefined ? null : `${this.address}:${this.#httpPort}`,
      channels: this.device.channels.map(({ id }) => {
        const [main, sub] = this.profiles.filter(({ channel }) => channel.id === id)
        const uri = (target: string | undefined): string => `rtsp://${this.address}:${this.#rtspPort}${target}`
        return {
          id,
          sourceToken: main?.sourceToken ?? '',
          mainUri: uri(main?.rtspTarget),
          subUri: uri(sub?.rtspTarget),
        }
      }),
    }
  }

  /** The camera's clock less ours. */
  readonly clockOffsetMs = (): number => this.#clockOffsetMs

  async start(): Promise<void> {
    const { device, make, address, media, clock, signal } = this.#options
    const streams = []
    const encoders = new Map<MediaProfile, Encoder>()
    const snapshots = new Map<string, Buffer>()
    for (const profile of this.profiles) {
      const files = media.get(profile.channel.id)
      if (files === undefined) throw new Error(`${profile.channel.id} has no clips`)
      const clip = await loadClip(files[profile.stream])
      const rtpBase = createHash('sha256').update(profile.rtspPath).digest().readUInt32BE()
      const encoder = new Encoder(clip, { clock, clockOffsetMs: this.clockOffsetMs, rtpBase, signal })
      this.#encoders.push(encoder)
      encoders.set(profile, encoder)
      streams.push({ path: profile.rtspPath, encoder, microphone: this.#microphone })
      if (profile.snapshotPath !== undefined) snapshots.set(profile.snapshotPath, await readFile(files.snapshotFile))
    }
    const { username, password } = device
    this.#rtsp = new RtspServer({ address, habits: make.rtsp, username, password, streams, clock })
    const habits = make.onvif
    if (habits !== undefined) {
      const facts = {
        device,
        make,
        habits,
        serial: this.#uuid.replaceAll('-', '').slice(0, 15).toUpperCase(),
        uuid: this.#uuid,
        profiles: this.profiles,
        clock,
        clockOffsetMs: this.clockOffsetMs,
        setClock: (nowMs: number) => {
          this.#clockOffsetMs = nowMs - clock.now()
        },
        keyFrame: (profile: MediaProfile) => {
          this.#askedForKeyFrame.push(profile)
          if (habits.hasKeyFrameRequests) encoders.get(profile)?.keyFrame()
          return habits.hasKeyFrameRequests
        },
        httpBase: () => `http://${hostPort(address, this.#httpPort, 80)}`,
        pullBase: () => `http://${hostPort(address, this.#pullPort, 80)}`,
        rtspBase: () => `rtsp://${hostPort(address, this.#rtspPort, 554)}`,
      }
      this.#onvif = new OnvifServer(facts, snapshots)
    }
    await this.#plugIn()
  }

  async close(): Promise<void> {
    await this.#unplug()
  }

  announced(): Announced | undefined {
    const { device, make, address } = this.#options
    if (make.onvif === undefined) return undefined
    return {
      address,
      uuid: this.#uuid,
      xaddr: `http://${hostPort(address, this.#httpPort, 80)}${make.onvif.paths.device}`,
      habits: make.onvif.discovery,
      scopes: placeScopes({ device }),
      isUp: () => this.#isUp,
    }
  }

  async fault(kind: Fault): Promise<void> {
    this.#fault = kind
    for (const encoder of this.#encoders) encoder.stall(kind === 'stall')
    this.#microphone?.stall(kind === 'stall')
    if (this.#rtsp !== undefined) this.#rtsp.refusesLogins = kind === 'refuse'
    if (this.#onvif !== undefined) this.#onvif.refusesLogins = kind === 'refuse'
    if (kind === 'drop-out') await this.#unplug()
    else await this.#plugIn()
  }

  setMotion(channelId: string, isMoving: boolean, more: Readonly<Record<string, string>> = {}): void {
    const source = this.profiles.find((profile) => profile.channel.id === channelId)?.sourceToken
    if (source !== undefined) this.#onvif?.events.setMotion(source, isMoving, more)
  }

  /** Listens; a camera that comes back has the ports it had before. */
  async #plugIn(): Promise<void> {
    if (this.#isUp || this.#options.signal.aborted) return
    this.#isUp = true
    const { make, address } = this.#options
    this.#rtspPort = (await this.#rtsp?.start(this.#port(this.#rtspPort, make.rtsp.port))) ?? 0
    if (this.#onvif === undefined || make.onvif === undefined) return
    this.#httpPort = await this.#onvif.listen(address, this.#port(this.#httpPort, make.onvif.port))
    const { pullPort } = make.onvif.events
    this.#pullPort =
      pullPort === undefined ? this.#httpPort : await this.#onvif.listen(address, this.#port(this.#pullPort, pullPort))
  }

  async #unplug(): Promise<void> {
    if (!this.#isUp) return
    this.#isUp = false
    await Promise.all([this.#onvif?.close(), this.#rtsp?.close()])
  }

  #port(earlier: number, made: number): number {
    if (earlier !== 0) return earlier
    const choice = { real: made, high: made < 1024 ? made + HIGH_PORT_STEP : made, free: 0 }
    return choice[this.#options.ports]
  }
}

const hostPort = (host: string, port: number, usual: number): string => (port === usual ? host : `${host}:${port}`)

/** The same camera is the same device after a restart. */
function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
