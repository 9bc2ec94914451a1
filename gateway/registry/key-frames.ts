import type { FastifyBaseLogger } from 'fastify'
import type { StreamRole } from '../contracts/device.ts'
import type { OnvifClient } from '../onvif/client.ts'
import { chooseStreams } from '../onvif/media.ts'
import { askKeyFrame, askMedia, type OnvifMedia } from '../onvif/media-client.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { profileOf } from '../probe/effective-profile.ts'
import type { Database } from '../storage/database.ts'
import { type ConnectDeps, connectDevice } from './connect.ts'
import { type CameraRow, readCamera } from './store.ts'

export interface KeyFrameDeps extends ConnectDeps {
  database: Database
  log: FastifyBaseLogger
  profiles: readonly DeviceProfile[]
}

/** How a camera is asked. */
interface Way {
  client: OnvifClient
  media: Pick<OnvifMedia, 'version' | 'service'>
  /** Media profile of each stream. */
  tokens: ReadonlyMap<StreamRole, string>
}

interface Known {
  /** What was used to find it: another address, login or channel begins anew. */
  registeredAs: string
  foundMs: number
  way: Promise<Way | undefined>
}

const WAY_MS = 60 * 60_000
const MAX_KNOWN = 10_000
const REQUEST_MS = 10_000

/**
 * Asks cameras for a key frame when a stream begins to play. Without that a viewer waits for the next one, half the
 * key-frame interval on average. A camera that cannot do it, or refuses the login, is left in peace for an hour, and its
 * picture comes as it would have.
 */
export class KeyFrameRequests {
  readonly #deps: KeyFrameDeps
  readonly #known = new Map<string, Known>()
  readonly #stop = new AbortController()

  constructor(deps: KeyFrameDeps) {
    this.#deps = deps
  }

  /** Never rejects. @param signal aborted when a key frame has come by itself */
  async ask(cameraId: string, role: StreamRole, signal: AbortSignal): Promise<void> {
    const { database, clock, log } = this.#deps
    try {
      const row = await readCamera(database.client, cameraId)
      if (row === undefined || row.device.kind !== 'onvif' || signal.aborted) return
      const known = this.#knownOf(row)
      const way = await known.way
      const token = way?.tokens.get(role)
      if (way === undefined || token === undefined || signal.aborted) return
      const until = AbortSignal.any([signal, this.#stop.signal, AbortSignal.timeout(REQUEST_MS)])
      const answer = await askKeyFrame(way.client, way.media, token, until)
      if (answer.ok) return
      log.debug({ camera: cameraId, why: answer.why }, 'registry: the camera gave no key frame')
      this.#known.set(cameraId, { ...known, foundMs: clock.monotonicMs(), way: Promise.resolve(undefined) })
    } catch (error) {
      if (!signal.aborted && !this.#stop.signal.aborted) {
        log.warn({ camera: cameraId, err: error }, 'registry: no key frame was asked for')
      }
    }
  }

  close(): void {
    this.#stop.abort()
  }

  #knownOf(row: CameraRow): Known {
    const { address, sealedCredentials } = row.device
    const registeredAs = [address, row.channel, Buffer.from(sealedCredentials ?? []).toString('base64')].join(' ')
    const nowMs = this.#deps.clock.monotonicMs()
    const known = this.#known.get(row.id)
    if (known !== undefined && known.registeredAs === registeredAs && nowMs - known.foundMs < WAY_MS) return known
    const fresh = { registeredAs, foundMs: nowMs, way: this.#find(row) }
    this.#known.delete(row.id) // to the end: the oldest go first
    this.#known.set(row.id, fresh)
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest)
    return fresh
  }

  /** Undefined where it cannot be asked. */
  async #find(row: CameraRow): Promise<Way | undefined> {
    const until = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_MS)])
    const connected = await connectDevice(this.#deps, row.device, profileOf(this.#deps.profiles, row.device), until)
    if (!connected.ok) return undefined
    const { client, services } = connected.value
    const media = await askMedia(client, services, until)
    if (!media.ok) return undefined
    const streams = chooseStreams(media.value.profiles).find(({ token }) => token === row.channel)?.streams ?? []
    const tokens = new Map(streams.map(({ role, profile }) => [role, profile.token] as const))
    return { client, media: media.value, tokens }
  }
}
