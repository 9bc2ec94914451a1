import type { FastifyBaseLogger } from 'fastify'
import type { Clock } from '../clock.ts'
import type { NewCamera } from '../contracts/camera.ts'
import type { Codec } from '../contracts/device.ts'
import type { CameraEvent } from '../contracts/event.ts'
import type { Dialer } from '../dial.ts'
import type { App } from '../http/route.ts'
import { withPathSecrets } from '../onvif/uri.ts'
import type { DiscoveryTiming } from '../onvif/ws-discovery.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { Discoveries } from '../probe/discover.ts'
import { profileOf } from '../probe/effective-profile.ts'
import { type InterviewRequest, interview } from '../probe/interview.ts'
import type { DescribeStream } from '../probe/stream-check.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Lead } from '../storage/leading-node.ts'
import type { Vault } from '../vault.ts'
import { availabilityRoute } from './availability.ts'
import { type CameraAlarms, CameraEvents } from './camera-events.ts'
import { CameraWork } from './camera-work.ts'
import { Cameras, type CamerasDeps } from './cameras.ts'
import { chooseStream, type Screen } from './choose-stream.ts'
import { DeviceActs } from './device-acts.ts'
import { DeviceReview } from './device-review.ts'
import { deviceRoutes } from './device-routes.ts'
import { discoveryRoutes } from './discovery-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { type ImportTable, importTable } from './import.ts'
import { importRoutes } from './import-routes.ts'
import { KeyFrameRequests } from './key-frames.ts'
import type { OwnAlarms } from './outages.ts'
import { photoRoutes } from './photo-routes.ts'
import { PtzControl } from './ptz.ts'
import { type MayTurn, ptzRoutes } from './ptz-routes.ts'
import { registryRoutes } from './routes.ts'
import { openLogin } from './sealed-login.ts'
import { type Known, storedAddresses, type Tried, tryChannels, trySource } from './source.ts'
import {
  type CameraBasics,
  findCameraNamed,
  findCameraOf,
  findCameraWithGbId,
  pinStream,
  readCamera,
  readCameraBasics,
  readCamerasAt,
  readPins,
  readSource,
  readStreamPin,
  StoredState,
} from './store.ts'
import type { StreamFigures } from './stream-health.ts'
import { cameraData, cameraEvent, type RelayReport, Watch } from './watch.ts'

export interface RegistryDeps extends Omit<CamerasDeps, 'database' | 'vault'> {
  random: () => number
  /** Of the gateways on a database one watches the cameras and listens to them. */
  lead: Pick<Lead, 'isHeld'>
  alarms: CameraAlarms & OwnAlarms
  mayTurn: MayTurn
  database: Database
  vault: Vault
  dialer: Dialer
  clock: Clock
  log: FastifyBaseLogger
  randomBytes: (count: number) => Buffer
  profiles: readonly DeviceProfile[]
  describeStream: DescribeStream
  /** What the media plane knows of a stream, if it ever fetched it. */
  streamFigures?: (streamId: string) => StreamFigures | undefined
  discoveryTiming?: DiscoveryTiming
  /** Every device is asked for its time and certificate once in this time. */
  lookEveryMs?: number
  /** Every device is asked who it is once in this time. */
  reviewEveryMs?: number
  /** Every device is asked whether it is there once in this time. */
  watchEveryMs?: number
}

/** What a relay needs of a stream; the login is opened anew for every connection. */
export interface StreamSource {
  streamId: string
  role: 'main' | 'sub'
  codec: Codec
  source: () => Promise<{
    uri: string
    username?: string
    password?: string
    transport: 'tcp' | 'udp'
    pin?: string
    onFirstCertificate?(sha256: string): void
    askKeyFrame?(signal: AbortSignal): void
  }>
}

export interface RegistryFeature {
  routes(app: App): void
  importTable: ImportTable
  /** `auto`: main where browsers can play it, else an H.264 sub; undefined if there is no such camera or stream. */
  streamSource(cameraId: string, want: 'auto' | 'main' | 'sub', screen?: Screen): Promise<StreamSource | undefined>
  camera(id: string): Promise<CameraBasics | undefined>
  /** A relay's view of its stream, stored and told at once. */
  noteRelayState(streamId: string, report: RelayReport): Promise<void>
  /** Tells a camera's state after its link has come or gone, in the transaction of that change. */
  publishState(tx: Tx, cameraId: string, isLinked: boolean): Promise<void>
  /** What became of cameras' events since the start, and how many devices are listened to now. */
  eventCounts(): Readonly<Record<string, number>>
  /** All registered cameras as they are now. */
  states(): Promise<CameraEvent[]>
  start(): void
  /** Ends searches, probes and the watch. */
  close(): Promise<void>
}

export function createRegistry(deps: RegistryDeps): RegistryFeature {
  const { database, vault, events } = deps
  const stop = new AbortController()
  const cameras = new Cameras(deps)
  const ptz = new PtzControl(deps)
  const keyFrames = new KeyFrameRequests(deps)
  const review = new DeviceReview(deps)
  const suspect = (deviceId: string): void => review.suspect(deviceId)
  const cameraEvents = new CameraEvents({ ...deps, suspect })
  const watch = new Watch({
    ...deps,
    suspect,
    ...(deps.watchEveryMs === undefined ? {} : { everyMs: deps.watchEveryMs }),
  })
  const discoveries = new Discoveries({
    ...deps,
    ...(deps.discoveryTiming === undefined ? {} : { timing: deps.discoveryTiming }),
    camerasAt: (addresses) => readCamerasAt(database, addresses),
  })
  /** What is known of an address before it is asked: its announcement, and certificates of devices registered there. */
  const knownAt = async (address: string): Promise<Pick<InterviewRequest, 'announced' | 'pins'>> => {
    const announced = discoveries.announced(address)
    const pins = await readPins(database, storedAddresses({ kind: 'onvif', address }))
    return { pins, ...(announced === undefined ? {} : { announced }) }
  }

  const known = async (source: NewCamera['source']): Promise<Known> => {
    if (source.kind === 'onvif') return knownAt(source.address)
    const streamPin = await readStreamPin(database, storedAddresses(source))
    return streamPin === undefined ? {} : { streamPin }
  }
  const pinTo = (deviceId: string) => (sha256: string) =>
    void pinStream(database, deviceId, sha256).catch((error: unknown) =>
      deps.log.error({ err: error }, 'registry: a certificate was not pinned'),
    )

  const tryAt = async (source: NewCamera['source'], signal: AbortSignal): Promise<Tried> =>
    trySource(source, await known(source), deps, signal)

  const work = new CameraWork(stop.signal)
  const acts = new DeviceActs({
    ...deps,
    cameras,
    knownAt,
  })
  const importer = importTable({
    cameras,
    trySource: tryAt,
    findRegistered: async ({ source, gbId, cellCode, name }) => {
      const bySource = await findCameraOf(database, {
        kind: source.kind,
        addresses: storedAddresses(source),
        channel: source.kind === 'onvif' ? source.channel : '',
      })
      if (bySource !== undefined) return { id: bySource, hasSource: true }
      const id =
        (gbId === undefined ? undefined : await findCameraWithGbId(database, gbId)) ??
        (await findCameraNamed(database, cellCode, name))
      return id === undefined ? undefined : { id, hasSource: false }
    },
  })

  return {
    importTable: importer,
    routes: (app) => {
      registryRoutes(app, {
        cameras,
        work,
        trySource: tryAt,
        cameraIdsAt: async (address) =>
          [...(await readCamerasAt(database, storedAddresses({ kind: 'onvif', address }))).values()].flat(),
        tryChannels: async (source, channels, signal) =>
          tryChannels(source, channels, await knownAt(source.address), deps, signal),
        probe: async (request, signal) => interview({ ...(await knownAt(request.address)), ...request }, deps, signal),
      })
      healthRoutes(app, { cameras, streamFigures: deps.streamFigures ?? (() => undefined) })
      discoveryRoutes(app, { discoveries, clock: deps.clock, stopping: stop.signal })
      deviceRoutes(app, { acts, work, profiles: deps.profiles })
      importRoutes(app, { importTable: importer, work })
      availabilityRoute(app, deps)
      photoRoutes(app, { ...deps, cameras })
      ptzRoutes(app, { ptz, mayTurn: deps.mayTurn, camera: (id) => readCameraBasics(database.client, id) })
    },
    streamSource: async (cameraId, want, screen) => {
      const row = await readSource(database.client, cameraId)
      const chosen = row && chooseStream(row.streams, want, screen)
      if (row === undefined || chosen === undefined) return undefined
      const { id, role, codec } = chosen
      return {
        streamId: id,
        role: role === 'sub' ? 'sub' : 'main',
        codec,
        source: async () => {
          const now = (await readSource(database.client, cameraId)) ?? row
          const { username, password, pathSecrets } = openLogin(vault, now.deviceId, now.sealedCredentials)
          const uri = now.streams.find((stream) => stream.id === id)?.uri ?? chosen.uri
          const profile = profileOf(deps.profiles, now)
          const pin = now.rtspCertificateSha256
          return {
            uri: withPathSecrets(uri, pathSecrets),
            ...(pin === null ? {} : { pin }),
            ...(pin === null && uri.startsWith('rtsps:') ? { onFirstCertificate: pinTo(now.deviceId) } : {}),
            transport: profile?.streams?.transport ?? 'tcp',
            ...(username === undefined ? {} : { username }),
            ...(password === undefined ? {} : { password }),
            askKeyFrame: (signal) => void keyFrames.ask(cameraId, role, signal),
          }
        },
      }
    },
    camera: (id) => readCameraBasics(database.client, id),
    noteRelayState: (streamId, report) => watch.noteRelayState(streamId, report),
    publishState: async (tx, cameraId, isLinked) => {
      const row = await readCamera(tx, cameraId)
      if (row === undefined) return
      const state = isLinked ? StoredState.parse(row.state) : 'unlinked'
      await events.publish(tx, cameraEvent(row, state, row.stateSince, row.stateReason ?? undefined))
    },
    states: async () => {
      const rows = await database.client.camera.findMany({ where: { removedAt: null } })
      const linked = await deps.linkedCameraIds(rows.map(({ id }) => id))
      return rows.map((row) => {
        const state = linked.has(row.id) ? StoredState.parse(row.state) : 'unlinked'
        return cameraData(row, state, row.stateSince, row.stateReason ?? undefined)
      })
    },
    eventCounts: () => ({ ...cameraEvents.counts, following: cameraEvents.following }),
    start: () => {
      watch.start()
      cameraEvents.start()
      review.start()
    },
    close: async () => {
      stop.abort()
      keyFrames.close()
      await Promise.all([discoveries.close(), watch.close(), cameraEvents.close(), review.close(), ptz.close()])
    },
  }
}
