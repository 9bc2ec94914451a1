import { Chore } from '../chore.ts'
import type { NewLiveEvent, OutboxEvent } from '../contracts/event.ts'
import type { Role } from '../contracts/identity.ts'
import type { App } from '../http/route.ts'
import { afterCommit, type Tx } from '../storage/database.ts'
import { pruneDeadLetters } from './dead-letters.ts'
import { EventReader, type EventReaderDeps } from './event-reader.ts'
import { eventRoutes } from './routes.ts'
import { LiveConnections } from './sse.ts'
import { insertEvents, pruneEvents } from './store.ts'

const HOUR_MS = 3_600_000
const KEEP_DELIVERED_MS = 7 * 24 * HOUR_MS
/** A destination that never comes back must not fill the disk. */
const KEEP_ANYWAY_MS = 30 * 24 * HOUR_MS

export interface Events {
  /** Writes the event in the transaction of the change it tells; it is delivered once that is committed. */
  publish(tx: Tx, event: NewLiveEvent): Promise<void>
  /** The same for many, in order. */
  publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<void>
  /** Runs `listener` after every commit that wrote events, and for other nodes' events within a second. */
  onNews(listener: () => void): () => void
  /** The same with the events that were committed, in order, here and at other nodes. */
  onEvents(listener: (events: readonly OutboxEvent[]) => void): () => void
  /** Cuts the live connections of a session, or of a person or script, that has ended or has other rights now. */
  endSessions(ended: { sessionId?: string; principalId?: string }): void
  /** People of a role who listen to live events of this gateway now. */
  listening(role: Role): number
  routes(app: App): void
  start(): Promise<void>
  close(): Promise<void>
}

/** The outbox and its live readers (server-sent events); `createOutbox` brings the same events to MQTT. */
export function createEvents(deps: EventReaderDeps): Events {
  const { database, clock, log } = deps
  const reader = new EventReader(deps)
  const connections = new LiveConnections({ ...deps, reader })

  const publishAll = async (tx: Tx, events: readonly NewLiveEvent[]): Promise<void> => {
    await insertEvents(tx, events, new Date(clock.now()))
    afterCommit(tx, () => reader.wake())
  }

  const failed = 'old events could not be removed; trying again in an hour'
  const housekeeping = new Chore({ clock, log, everyMs: HOUR_MS, failed }, async () => {
    const now = clock.now()
    const deliveredBefore = new Date(now - KEEP_DELIVERED_MS)
    await pruneDeadLetters(database)
    await pruneEvents(database, { deliveredBefore, anywayBefore: new Date(now - KEEP_ANYWAY_MS) })
  })

  return {
    publish: (tx, event) => publishAll(tx, [event]),
    publishAll,
    onNews: (listener) => reader.listen(listener),
    onEvents: (listener) => reader.listen((stored) => listener(stored.map(({ event }) => event))),
    endSessions: (ended) => connections.endSessions(ended),
    listening: (role) => connections.count(role),
    routes: (app) => eventRoutes(app, { connections }),
    start: async () => {
      await reader.start()
      connections.start()
      housekeeping.start()
    },
    close: async () => {
      await Promise.all([housekeeping.close(), connections.close(), reader.close()])
    },
  }
}
