import { randomBytes, randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import type { AlarmMessage } from '../../gateway/contracts/alarm.ts'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { NewLiveEvent } from '../../gateway/contracts/event.ts'
import type { Role } from '../../gateway/contracts/identity.ts'
import { createDialer, type Dialer } from '../../gateway/dial.ts'
import { createGrid } from '../../gateway/grid/grid.ts'
import type { App } from '../../gateway/http/route.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'
import { createRegistry, type RegistryDeps, type RegistryFeature } from '../../gateway/registry/registry.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { LEADS_ALWAYS } from '../../gateway/storage/leading-node.ts'
import { createVault } from '../../gateway/vault.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { quietServer } from '../fakes/quiet-server.ts'

export const CELL = '990123101001001'
export const OTHER_CELL = '990123101001002'

export interface Harness {
  app: App
  database: Database
  registry: RegistryFeature
  entries: NewAuditEntry[]
  events: NewLiveEvent[]
  linked: Set<string>
  /** Alarms the gateway raised itself. */
  alarms: (AlarmMessage & { place: { cellCode: string; cameraId?: string } })[]
  ended: string[]
  /** All log lines, for what must never be in them. */
  logged: string[]
  call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, as?: Who): Promise<Answer>
}

interface Who {
  role?: Role
  cells?: string
  language?: string
}

// The body is JSON of whatever route was called; each test looks at what it needs.
type Answer = { status: number; body: ReturnType<typeof JSON.parse>; text: string }

/** The register over a real database, vault, dialer and server; with two cells side by side in it. */
export async function harness(t: Test, more: Partial<RegistryDeps> = {}): Promise<Harness> {
  const database = await temporaryDatabase(t)
  const entries: NewAuditEntry[] = []
  const events: NewLiveEvent[] = []
  const linked = new Set<string>()
  const ended: string[] = []
  const logged: string[] = []
  const alarms: Harness['alarms'] = []
  const audit = { append: async (_tx: unknown, entry: NewAuditEntry) => void entries.push(entry) }
  const grid = createGrid({ database, cellCodePattern: /^\d{15}$/, audit })
  const square = (west: number) => [
    [west, 29],
    [west + 1, 29],
    [west + 1, 30],
    [west, 30],
    [west, 29],
  ]
  const feature = (code: string, west: number) => ({
    type: 'Feature',
    properties: { code, name: code, level: 'cell', lead: 'lead' },
    geometry: { type: 'Polygon', coordinates: [square(west)] },
  })
  const system = { kind: 'system', id: 's', name: 's', roles: [], cellCodes: undefined, sessionId: 's' } as const
  await grid.replace([feature(CELL, 119), feature(OTHER_CELL, 120)], system)
  entries.length = 0

  const profiles = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
  if (!profiles.ok) throw new Error(profiles.faults.join('\n'))
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  const dialer: Dialer = createDialer(['127.0.0.0/8'])
  const clock: Clock = systemClock
  const registry = createRegistry({
    database,
    dialer,
    clock,
    log: logger,
    newId: randomUUID,
    randomBytes,
    random: () => 0,
    lead: LEADS_ALWAYS,
    alarms: {
      raiseFrom: async () => undefined,
      openFrom: async () => [],
      raiseOwn: async (place, message) => void alarms.push({ ...message, place }),
      openOwn: async () => [],
    },
    mayTurn: async () => ({ kind: 'granted' }),
    vault: createVault([randomBytes(32)]),
    audit,
    events: { publish: async (_tx, event) => void events.push(event) },
    grid,
    profiles: profiles.profiles,
    linkedCameraIds: async (ids) => new Set(ids.filter((id) => linked.has(id))),
    ended: async (id) => void ended.push(id),
    describeStream: async () => ({ ok: false, code: 'unreachable', detail: 'no media plane in this test' }),
    discoveryTiming: { roundGapMs: 50, listenMs: 300, pacePerSecond: 2_000, connectsPerSecond: 2_000 },
    ...more,
  })
  const app = await quietServer(({ role, cells }) => ({
    kind: 'user',
    id: 'u1',
    name: 'tester',
    roles: [role as Role],
    cellCodes: typeof cells === 'string' ? cells.split(',') : undefined,
    sessionId: 's1',
  }))
  registry.routes(app)
  t.teardown(async () => {
    await registry.close()
    await app.close()
  })
  const call: Harness['call'] = async (method, url, payload, as = {}) => {
    const { role = 'installer', cells, language = 'en' } = as
    const answer = await app.inject({
      method,
      url: `/api/v1${url}`,
      headers: { role, 'accept-language': language, ...(cells === undefined ? {} : { cells }) },
      ...(payload === undefined ? {} : { payload }),
    })
    return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json(), text: answer.body }
  }
  return { app, database, registry, entries, events, linked, ended, logged, alarms, call }
}
