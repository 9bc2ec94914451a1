import type { FastifyBaseLogger } from 'fastify'
import type { AlarmMessage, AlarmType } from '../contracts/alarm.ts'
import type { App } from '../http/route.ts'
import type { Delivery } from '../mqtt/topics.ts'
import type { Tx } from '../storage/database.ts'
import { Foreign, type TopicReceipt } from './foreign.ts'
import { Intake, type IntakeDeps, type OwnAlarm } from './intake.ts'
import { type LoadRoutesDeps, loadRoutes } from './load-routes.ts'
import { LoadWatch, type LoadWatchDeps } from './load-watch.ts'
import { MappedSources } from './mapped-sources.ts'
import type { Mapping } from './mapping.ts'
import { mappingRoutes } from './mapping-routes.ts'
import { normaliseMessage } from './normalise.ts'
import { createPanelDesk, type PanelDesk } from './panel-desk.ts'
import { type AlarmRoutesDeps, alarmRoutes } from './routes.ts'
import { DEFAULT_SILENCE_MS, SourceWatch } from './source-watch.ts'
import {
  ensureSystemSource,
  isMqttPassword,
  type OpenAlarm,
  openAlarmsOf,
  SYSTEM_SOURCE_ID,
  sourceNames,
} from './sources.ts'
import { pruneRejected } from './store.ts'
import type { Receipt } from './store-messages.ts'
import { pruneTakenAhead } from './taken-ahead.ts'

const HOUSEKEEPING_MS = 60_000
/** A panel gone mad must not push out what others sent. */
const KEEP_REJECTED = { all: 10_000, ofOne: 1_000 }
const KEEP_REJECTED_MS = 30 * 24 * 3_600_000

export interface AlarmsDeps extends Omit<IntakeDeps, 'count'>, Omit<AlarmRoutesDeps, 'receive' | 'mapped'> {
  log: FastifyBaseLogger
  /** Makes of devices whose own messages are understood. */
  mappings: readonly Mapping[]
  /** Cases that were opened after this, and operators who listen: what flood detection counts. */
  casesOpened: LoadWatchDeps['casesOpened']
  operators: LoadWatchDeps['operators']
  nodeId: string
  openCases: LoadRoutesDeps['openCases']
  /** How long a source that sends heartbeats may say nothing. */
  silenceMs?: number
}

export interface Alarms {
  /** A message of a source; resolves when it is on disk, rejects when it is not: acknowledge after this only. */
  receive(sourceId: string, payload: Uint8Array, delivery?: Delivery): Promise<Receipt>
  heartbeat(sourceId: string): void
  /** The same for a message on a topic of a device's own choice, once for every source registered there. */
  receiveTopic(topic: string, payload: Uint8Array, delivery?: Delivery): Promise<readonly TopicReceipt[]>
  /** A message on any topic that comes again in its order; what must not wait is told now. Never rejects. */
  receiveAhead(topic: string, payload: Uint8Array): Promise<void>
  /** Where the listener of panels puts what it reads. */
  readonly panels: PanelDesk
  /** Which topics beside Gridlight's own are listened to, and who may speak there. */
  readonly topics: Pick<MappedSources, 'filters' | 'onChange' | 'claim'>
  /** An alarm that the gateway itself raises or clears; the same key again is the same alarm. */
  raise(alarm: OwnAlarm): Promise<Receipt>
  /** What a camera tells, in the words of a source: normalised and stripped as those are. The camera is its source. */
  raiseFrom(camera: { id: string; cellCode: string }, message: AlarmMessage): Promise<Receipt>
  /** What the gateway finds out itself, normalised like the rest. */
  raiseOwn(place: { cellCode: string; cameraId?: string }, message: AlarmMessage): Promise<Receipt>
  /** The gateway's own alarms of a type that have not been cleared yet. */
  openOwn(type: AlarmType): Promise<OpenAlarm[]>
  /** Alarms of cameras that have not been cleared yet. */
  openFrom(cameraIds: readonly string[]): Promise<OpenAlarm[]>
  /** What sources are called, by their ids; those that are retired too. */
  sourceNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  authenticateSource(sourceId: string, password: string): Promise<boolean>
  /** What became of messages since the start. */
  readonly counts: Readonly<Record<Receipt['kind'], number>>
  routes(app: App): void
  start(): Promise<void>
  close(): Promise<void>
}

/** Alarms from any transport: taken, stored, told, listed; and the sources they come from. */
export function createAlarms(deps: AlarmsDeps): Alarms {
  const { database, clock, log } = deps
  const counts: Record<Receipt['kind'], number> = { stored: 0, repeated: 0, rejected: 0, ignored: 0 }
  const count = (outcome: Receipt['kind'], messages: number): void => {
    counts[outcome] += messages
  }
  const intake = new Intake({ ...deps, count })
  const watch = new SourceWatch({ ...deps, intake, silenceMs: deps.silenceMs ?? DEFAULT_SILENCE_MS })
  const load = new LoadWatch(deps)
  const stop = new AbortController()
  let housekeeping: Promise<void> = Promise.resolve()

  const mapped = new MappedSources(database, deps.mappings)
  const foreign = new Foreign({ clock, intake, mapped, count, heard: (sourceId) => watch.heard(sourceId) })

  const receive = async (sourceId: string, payload: Uint8Array, delivery?: Delivery): Promise<Receipt> => {
    const receipt = await foreign.receiveOwn(sourceId, payload, delivery)
    if (receipt.kind !== 'rejected') watch.heard(sourceId)
    return receipt
  }

  const take = async (
    message: AlarmMessage,
    place: Pick<OwnAlarm, 'cellCode' | 'cameraId' | 'sourceId'>,
  ): Promise<Receipt> => {
    const read = normaliseMessage(message)
    if (read.ok) return intake.raise({ ...read.alarm, ...place })
    count('rejected', 1)
    return { kind: 'rejected', reason: read.reason, at: new Date(clock.now()).toISOString() }
  }

  const prune = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(HOUSEKEEPING_MS, stop.signal).catch(() => {})
      try {
        await mapped.refresh()
        await pruneRejected(database, KEEP_REJECTED, new Date(clock.now() - KEEP_REJECTED_MS))
        await pruneTakenAhead(database, clock.now())
      } catch (error) {
        log.error({ err: error }, 'the housekeeping of alarm sources failed; trying again in a minute')
      }
    }
  }

  return {
    receive,
    heartbeat: (sourceId) => watch.beat(sourceId),
    receiveTopic: (topic, payload, delivery) => foreign.receiveTopic(topic, payload, delivery),
    receiveAhead: (topic, payload) => foreign.receiveAhead(topic, payload),
    topics: mapped,
    panels: createPanelDesk({ database, clock, intake, watch, vault: deps.vault }),
    raise: (alarm) => intake.raise(alarm),
    raiseFrom: ({ id, cellCode }, message) => take(message, { sourceId: id, cameraId: id, cellCode }),
    raiseOwn: ({ cellCode, cameraId }, message) => take(message, { cellCode, cameraId }),
    openOwn: async (type) => (await openAlarmsOf(database, [SYSTEM_SOURCE_ID])).filter((alarm) => alarm.type === type),
    openFrom: (cameraIds) => openAlarmsOf(database, cameraIds),
    sourceNames,
    authenticateSource: (sourceId, password) => isMqttPassword(database, sourceId, password),
    counts,
    routes: (app) => {
      alarmRoutes(app, { ...deps, mapped, receive })
      loadRoutes(app, { ...deps, load })
      mappingRoutes(app, { mappings: deps.mappings, mapped, clock })
    },
    start: async () => {
      await ensureSystemSource(database, new Date(clock.now()))
      await mapped.refresh()
      watch.start()
      load.start()
      housekeeping = prune()
    },
    close: async () => {
      stop.abort()
      await Promise.all([watch.close(), load.close()])
      await Promise.all([housekeeping, intake.close()])
    },
  }
}
