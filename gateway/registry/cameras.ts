import type { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { NewAuditEntry } from '../contracts/audit.ts'
import {
  type Camera,
  type CameraChange,
  type CameraQuery,
  ForbiddenPlace,
  type NewCamera,
  type Position,
} from '../contracts/camera.ts'
import { toInstant } from '../contracts/common.ts'
import type { StreamRole } from '../contracts/device.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Polygon } from '../contracts/grid.ts'
import type { Principal } from '../contracts/identity.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import { coversCell } from '../identity/rights.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Words } from '../words.ts'
import { insertCamera, positionColumns, type Registration, sameGbId, updateSource } from './registration-store.ts'
import { openLogin } from './sealed-login.ts'
import { type Source, storableUri } from './source.ts'
import { readCamera, readCameras, readSource, StoredState, streamsOf, toCamera } from './store.ts'

export interface CamerasDeps {
  database: Database
  clock: Clock
  vault: Vault
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  events: { publish(tx: Tx, event: NewLiveEvent): Promise<unknown> }
  grid: {
    cell(code: string): Promise<{ code: string; polygon?: Polygon } | undefined>
    contains(polygon: Polygon, position: [lon: number, lat: number]): boolean
  }
  /** Those of the cameras whose link is in force now. */
  linkedCameraIds(cameraIds: readonly string[]): Promise<ReadonlySet<string>>
  /** A camera is no longer: relays and views of it end. */
  ended(cameraId: string): Promise<unknown>
}

export type Outcome<T> = { kind: 'done'; value: T } | { kind: 'refused'; why: ProblemCode; detail?: Words }

const refused = (why: ProblemCode, detail?: Words): Outcome<never> =>
  detail === undefined ? { kind: 'refused', why } : { kind: 'refused', why, detail }

/** For routes: a refusal is the problem it names. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'refused') throw new Problem(outcome.why, outcome.detail)
  return outcome.value
}

type Query = z.infer<typeof CameraQuery>

export interface WithStreams {
  camera: Camera
  streams: { id: string; role: StreamRole }[]
}

const READ_AT_ONCE = 500

/** The register of cameras. Who may act at all is the routes' business; in which cells, is checked here. */
export class Cameras {
  readonly #deps: CamerasDeps

  constructor(deps: CamerasDeps) {
    this.#deps = deps
  }

  /** Whether this place may be registered by this person; asked before a camera is disturbed. */
  async checkPlace(
    principal: Principal,
    {
      cellCode,
      position,
      placeClass,
    }: { cellCode: string; position?: Position | undefined; placeClass?: string | undefined },
  ): Promise<Outcome<undefined>> {
    if (ForbiddenPlace.safeParse(placeClass).success)
      return refused('forbidden-place', { zh: `${placeClass}（条例第八条）`, en: `${placeClass} (Article 8)` })
    if (!coversCell(principal, cellCode)) return refused('not-in-your-cells')
    const cell = await this.#deps.grid.cell(cellCode)
    if (cell === undefined)
      return refused('unknown-cell', { zh: `没有网格 ${cellCode}`, en: `there is no cell ${cellCode}` })
    if (position === undefined || cell.polygon === undefined) return { kind: 'done', value: undefined }
    const inside = this.#deps.grid.contains(cell.polygon, [position.lon, position.lat])
    return inside
      ? { kind: 'done', value: undefined }
      : refused('position-outside-cell', {
          zh: `${position.lon}, ${position.lat} 不在 ${cellCode} 内`,
          en: `${position.lon}, ${position.lat} lies outside ${cellCode}`,
        })
  }

  /** Stores a camera that was tried; device, camera, streams, audit entry and event are one transaction. */
  async register(principal: Principal, input: NewCamera, source: Source): Promise<Outcome<Camera>> {
    const { source: _, ...place } = input
    const registration: Registration = { input: place, ...source }
    const { database, vault, newId, clock } = this.#deps
    return database.transaction(async (tx) => {
      const stored = await insertCamera(tx, registration, { vault, newId, now: new Date(clock.now()) })
      if (stored.kind === 'conflict') return refused('conflict', stored.detail)
      const camera = toCamera(stored.row, false) // a new camera has no link yet
      await this.#record(tx, principal, 'camera-registered', camera, {
        name: camera.name,
        cellCode: camera.cellCode,
        ownership: camera.ownership,
        placeClass: camera.placeClass,
        address: camera.device.address,
        ...(camera.device.overrides === undefined ? {} : { overrides: camera.device.overrides }),
      })
      await this.#publish(tx, camera)
      return { kind: 'done', value: camera }
    })
  }

  async read(principal: Principal, id: string): Promise<Outcome<Camera>> {
    const row = await readCamera(this.#deps.database.client, id)
    if (row === undefined || !coversCell(principal, row.cellCode)) return refused('not-found')
    return { kind: 'done', value: toCamera(row, await this.#isLinked(id)) }
  }

  /** The camera with what the relay calls its streams. */
  async readWithStreams(principal: Principal, id: string): Promise<Outcome<WithStreams>> {
    const row = await readCamera(this.#deps.database.client, id)
    if (row === undefined || !coversCell(principal, row.cellCode)) return refused('not-found')
    return { kind: 'done', value: { camera: toCamera(row, await this.#isLinked(id)), streams: streamsOf(row) } }
  }

  /** Cameras of the principal's cells, by name; `state` is compared as it is answered. */
  list(principal: Principal, query: Query): Promise<{ items: Camera[]; nextCursor?: string }> {
    return this.#list(principal, query, ({ camera }) => camera)
  }

  /** As `list`, with what the relay calls the streams. @param pick undefined for a camera that is not meant */
  listWithStreams<T>(
    principal: Principal,
    query: Query,
    pick: (found: WithStreams) => T | undefined,
  ): Promise<{ items: T[]; nextCursor?: string }> {
    return this.#list(principal, query, pick)
  }

  async #list<T>(
    principal: Principal,
    { cell, state, q, limit, cursor }: Query,
    pick: (found: WithStreams) => T | undefined,
  ): Promise<{ items: T[]; nextCursor?: string }> {
    const cellCodes = cell === undefined ? principal.cellCodes : coversCell(principal, cell) ? [cell] : []
    const filter = { cellCodes, state: StoredState.safeParse(state).data, q }
    const items: T[] = []
    let last: string | undefined
    let after = cursor
    for (;;) {
      const rows = await readCameras(this.#deps.database, filter, after, READ_AT_ONCE)
      const linked = await this.#deps.linkedCameraIds(rows.map(({ id }) => id))
      for (const row of rows) {
        const camera = toCamera(row, linked.has(row.id))
        if (state !== undefined && camera.state !== state) continue
        const picked = pick({ camera, streams: streamsOf(row) })
        if (picked === undefined) continue
        if (items.length === limit && last !== undefined) return { items, nextCursor: last }
        items.push(picked)
        last = camera.id
      }
      if (rows.length < READ_AT_ONCE) return { items }
      after = rows.at(-1)?.id
    }
  }

  async change(principal: Principal, id: string, change: CameraChange): Promise<Outcome<Camera>> {
    const before = await this.read(principal, id)
    if (before.kind === 'refused') return before
    const { cellCode = before.value.cellCode, position = before.value.position } = change
    const place = await this.checkPlace(principal, {
      cellCode,
      position: position ?? undefined,
      placeClass: change.placeClass,
    })
    if (place.kind === 'refused') return place
    const isLinked = await this.#isLinked(id)
    const { database, clock } = this.#deps
    return database.transaction(async (tx) => {
      if ((await readCamera(tx, id)) === undefined) return refused('not-found')
      if (change.gbId && (await tx.camera.count({ where: { gbId: change.gbId, NOT: { id } } })) > 0) {
        return refused('conflict', sameGbId(change.gbId))
      }
      await tx.camera.update({
        where: { id },
        data: {
          cellCode,
          ...(change.name === undefined ? {} : { name: change.name }),
          ...(change.placeClass === undefined ? {} : { placeClass: change.placeClass }),
          ...(change.gbId === undefined ? {} : { gbId: change.gbId }),
          ...(change.position === undefined ? {} : positionColumns(change.position)),
          updatedAt: new Date(clock.now()),
        },
      })
      const row = await readCamera(tx, id)
      if (row === undefined) return refused('not-found')
      const camera = toCamera(row, isLinked)
      await this.#record(tx, principal, 'camera-changed', camera, { ...change })
      await this.#publish(tx, camera)
      return { kind: 'done', value: camera }
    })
  }

  /** Whether a source has another login, or other streams, than the camera is registered with. */
  async differsInSource(id: string, source: NewCamera['source']): Promise<boolean> {
    const { database, vault } = this.#deps
    const row = await readSource(database.client, id)
    if (row === undefined) return true
    const login = openLogin(vault, row.deviceId, row.sealedCredentials)
    const isOther = (said: string | undefined, known: string | undefined): boolean => !!said && said !== known
    if (isOther(source.username, login.username) || isOther(source.password, login.password)) return true
    if (source.kind === 'onvif') return false
    const sub = row.streams.find(({ role }) => role === 'sub')?.uri
    return source.subUri !== undefined && storableUri(source.subUri) !== sub
  }

  /** Takes another source for a camera that was tried: a new login, another address. Its history and links stay. */
  async replaceSource(principal: Principal, id: string, source: Source): Promise<Outcome<Camera>> {
    const before = await this.read(principal, id)
    if (before.kind === 'refused') return before
    const { database, vault, newId, clock } = this.#deps
    const isLinked = await this.#isLinked(id)
    return database.transaction(async (tx) => {
      const stored = await updateSource(tx, id, source, { vault, newId, now: new Date(clock.now()) })
      if (stored.kind === 'conflict') return refused('conflict', stored.detail)
      const camera = toCamera(stored.row, isLinked)
      const streams = camera.streams.map(({ uri }) => uri)
      const { address, overrides } = camera.device
      const said = overrides === undefined ? {} : { overrides }
      await this.#record(tx, principal, 'camera-changed', camera, { source: address, streams, ...said })
      await this.#publish(tx, camera)
      return { kind: 'done', value: camera }
    })
  }

  /** Marks the camera removed; its links and views stay in the register. Resolves when its media have ended. */
  async remove(principal: Principal, id: string): Promise<Outcome<undefined>> {
    const { database, clock } = this.#deps
    const outcome = await database.transaction(async (tx): Promise<Outcome<undefined>> => {
      const row = await readCamera(tx, id)
      if (row === undefined || !coversCell(principal, row.cellCode)) return refused('not-found')
      const now = new Date(clock.now())
      const camera = toCamera(row, true)
      const gone = { state: 'offline' as const, stateReason: 'removed', stateSince: now }
      await tx.camera.update({ where: { id }, data: { ...gone, removedAt: now, updatedAt: now, gbId: null } })
      await tx.cameraPhoto.deleteMany({ where: { cameraId: id } })
      const { name, cellCode, gbId } = camera
      await this.#record(tx, principal, 'camera-removed', camera, { name, cellCode, ...(gbId ? { gbId } : {}) })
      await this.#publish(tx, { ...camera, ...gone, stateSince: toInstant(now.getTime()) })
      return { kind: 'done', value: undefined }
    })
    if (outcome.kind === 'done') await this.#deps.ended(id)
    return outcome
  }

  async #isLinked(id: string): Promise<boolean> {
    return (await this.#deps.linkedCameraIds([id])).has(id)
  }

  async #record(
    tx: Tx,
    principal: Principal,
    action: NewAuditEntry['action'],
    camera: Camera,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const { kind, id, name, roles, sessionId } = principal
    const actor = { kind, id, name, roles, sessionId }
    await this.#deps.audit.append(tx, { action, actor, object: `camera:${camera.id}`, result: 'done', detail })
  }

  async #publish(tx: Tx, camera: Camera): Promise<void> {
    const { id, name, cellCode, state, stateSince: since, stateReason: reason } = camera
    const data = { id, name, cellCode, state, since, ...(reason === undefined ? {} : { reason }) }
    await this.#deps.events.publish(tx, { kind: 'camera', data, cellCode })
  }
}
