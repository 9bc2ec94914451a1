import type { Clock } from '../clock.ts'
import { toInstant } from '../contracts/common.ts'
import { Availability, type AvailabilityItem, AvailabilityQuery } from '../contracts/health.ts'
import { StaffRole } from '../contracts/identity.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import type { StoredState } from './store.ts'
import { readAvailabilityCameras, readStateChanges, type StateChange } from './watch-store.ts'

const DAY_MS = 24 * 3_600_000

/** Milliseconds in each state. */
export type Spent = Record<StoredState, number>

/**
 * How long a camera was in which state between two moments; before its first change it was in the state it changed
 * from. @param changes those from `fromMs` on, oldest first @param state as it is now
 */
export function timeSpent(changes: readonly StateChange[], state: StoredState, fromMs: number, toMs: number): Spent {
  const spent: Spent = { online: 0, stalled: 0, offline: 0 }
  let sinceMs = fromMs
  for (const { at, fromState } of changes) {
    const atMs = Math.min(Math.max(at.getTime(), sinceMs), toMs)
    spent[fromState] += atMs - sinceMs
    sinceMs = atMs
  }
  spent[changes.at(-1)?.toState ?? state] += Math.max(0, toMs - sinceMs)
  return spent
}

const seconds = (ms: number): number => Math.round(ms / 1000)

function toItem(key: string, all: readonly Spent[]): AvailabilityItem {
  const sum = (state: StoredState): number => all.reduce((total, spent) => total + spent[state], 0)
  const [online, stalled, offline] = [sum('online'), sum('stalled'), sum('offline')]
  const whole = online + stalled + offline
  return {
    key,
    cameras: all.length,
    availability: whole === 0 ? 1 : online / whole,
    onlineSeconds: seconds(online),
    stalledSeconds: seconds(stalled),
    offlineSeconds: seconds(offline),
  }
}

export function availabilityRoute(app: App, { database, clock }: { database: Database; clock: Clock }): void {
  app.get(
    '/api/v1/health/availability',
    {
      config: { access: { roles: StaffRole.options } },
      schema: {
        summary: 'How much of the time the cameras of your cells could be reached',
        querystring: AvailabilityQuery,
        response: { 200: Availability },
      },
    },
    async (request) => {
      const { by, days } = request.query
      const toMs = clock.now()
      const fromMs = toMs - days * DAY_MS
      const groups = new Map<string, Spent[]>()
      for (const camera of await readAvailabilityCameras(database.client, principalOf(request).cellCodes)) {
        const sinceMs = Math.min(Math.max(fromMs, camera.createdAt.getTime()), toMs)
        const changes = await readStateChanges(database.client, camera.id, new Date(sinceMs))
        const key = by === 'cell' ? camera.cellCode : camera.ownership
        groups.set(key, [...(groups.get(key) ?? []), timeSpent(changes, camera.state, sinceMs, toMs)])
      }
      const items = [...groups].map(([key, all]) => toItem(key, all)).sort((a, b) => (a.key < b.key ? -1 : 1))
      return { by, from: toInstant(fromMs), to: toInstant(toMs), items }
    },
  )
}
