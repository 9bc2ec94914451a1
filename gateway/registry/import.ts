import type { Camera, CameraImportAnswer, CameraImportRow, NewCamera } from '../contracts/camera.ts'
import type { Principal } from '../contracts/identity.ts'
import { nextStepOf, type ProblemCode } from '../errors.ts'
import { splitAddress } from '../onvif/uri.ts'
import { inWords } from '../probe/check.ts'
import { PROBE_CODES } from '../probe/probe-codes.ts'
import { asGiven, inLanguage, type Words } from '../words.ts'
import type { Cameras, Outcome } from './cameras.ts'
import { type Row, readTable } from './import-table.ts'
import type { Tried } from './source.ts'

export interface ImportDeps {
  cameras: Cameras
  /** The camera a row means, if it is registered: by its source, its GB/T 28181 ID, or its name in its cell. */
  findRegistered(input: NewCamera): Promise<{ id: string; hasSource: boolean } | undefined>
  trySource(source: NewCamera['source'], signal: AbortSignal): Promise<Tried>
}

export interface ImportRequest {
  principal: Principal
  acceptLanguage: string | undefined
  /** Says what would be done, writes nothing and asks no device. */
  dryRun?: boolean
  /** Called with each row as it is done. */
  onRow?: (row: CameraImportRow, done: number, total: number) => void
}

/** Hosts asked at once; the rows of one host, a recorder's say, one after the other. */
const HOSTS_AT_ONCE = 6

/** Registers what a table (CSV) names; `why` says what is wrong with the table as a whole. */
export type ImportTable = (
  bytes: Uint8Array,
  request: ImportRequest,
  signal: AbortSignal,
) => Promise<{ ok: true; answer: CameraImportAnswer } | { ok: false; why: string }>

export const importTable =
  (deps: ImportDeps): ImportTable =>
  async (bytes, request, signal) => {
    const table = readTable(bytes)
    if (!table.ok) return table
    return { ok: true, answer: await importCameras(table.rows, request, deps, signal) }
  }

/** Registers what is new and brings the rest up to date; safe to run again. Rejects only with the signal's reason. */
async function importCameras(
  rows: readonly Row[],
  request: ImportRequest,
  deps: ImportDeps,
  signal: AbortSignal,
): Promise<CameraImportAnswer> {
  const twins = twinRows(rows)
  const byHost = Map.groupBy(rows, ({ input }) => (input === undefined ? '' : hostOf(input.source)))
  const queue = [...byHost.values()]
  const results: CameraImportRow[] = []
  const worker = async (): Promise<void> => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      for (const row of group) {
        signal.throwIfAborted()
        const result = await new RowImport(row, twins.get(row.row), request, deps).run(signal)
        results.push(result)
        request.onRow?.(result, results.length, rows.length)
      }
    }
  }
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, worker))
  const count = (wanted: CameraImportRow['result']): number => results.filter(({ result }) => result === wanted).length
  return {
    ...(request.dryRun === true ? { dryRun: true } : {}),
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    problems: count('problem'),
    rows: results.toSorted((a, b) => a.row - b.row),
  }
}

/** Rows that name a camera an earlier row has named, with that row: both done would undo each other at each import. */
function twinRows(rows: readonly Row[]): ReadonlyMap<number, number> {
  const first = new Map<string, number>()
  const twins = new Map<number, number>()
  for (const { row, input } of rows) {
    if (input === undefined) continue
    const { source } = input
    const key = source.kind === 'onvif' ? `${source.address} ${source.channel ?? ''}` : source.mainUri
    const before = first.get(key)
    if (before === undefined) first.set(key, row)
    else twins.set(row, before)
  }
  return twins
}

function hostOf(source: NewCamera['source']): string {
  if (source.kind === 'onvif') return splitAddress(source.address).host
  return /^rtsps?:\/\/(\[[^\]]*\]|[^/:?]+)/.exec(source.mainUri)?.[1] ?? ''
}

/** One row, to its result. */
class RowImport {
  readonly #row: Row
  readonly #twin: number | undefined
  readonly #request: ImportRequest
  readonly #deps: ImportDeps

  constructor(row: Row, twin: number | undefined, request: ImportRequest, deps: ImportDeps) {
    this.#row = row
    this.#twin = twin
    this.#request = request
    this.#deps = deps
  }

  async run(signal: AbortSignal): Promise<CameraImportRow> {
    const { input, fault } = this.#row
    const { principal } = this.#request
    if (input === undefined) {
      return this.#problem('invalid-request', fault)
    }
    if (this.#twin !== undefined) {
      const words = { zh: `与第 ${this.#twin} 行是同一路`, en: `row ${this.#twin} names the same camera` }
      return this.#problem('conflict', words)
    }
    const place = await this.#deps.cameras.checkPlace(principal, input)
    if (place.kind === 'refused') return this.#problem(place.why, place.detail)
    const known = await this.#deps.findRegistered(input)
    return known === undefined ? this.#create(input, signal) : this.#update(input, known, signal)
  }

  async #create(input: NewCamera, signal: AbortSignal): Promise<CameraImportRow> {
    if (this.#request.dryRun === true) return this.#done('created')
    const tried = await this.#deps.trySource(input.source, signal)
    if (tried.kind === 'failed') return this.#failed(tried)
    return this.#answer('created', await this.#deps.cameras.register(this.#request.principal, input, tried.source))
  }

  async #update(
    input: NewCamera,
    { id, hasSource }: { id: string; hasSource: boolean },
    signal: AbortSignal,
  ): Promise<CameraImportRow> {
    const { cameras, trySource } = this.#deps
    const { principal, dryRun = false } = this.#request
    const stored = await cameras.read(principal, id)
    if (stored.kind === 'refused') {
      const words = { zh: '已登记在不归您管的网格', en: 'it is registered in a cell that is not yours' }
      return this.#problem('conflict', words)
    }
    if (stored.value.ownership !== input.ownership) {
      const words = { zh: '已登记摄像头的权属不能更改', en: 'the ownership of a camera cannot be changed' }
      return this.#problem('conflict', words)
    }
    const change = differences(stored.value, input)
    const isOther = !hasSource || (await cameras.differsInSource(id, input.source))
    if (!isOther && Object.keys(change).length === 0) return this.#done('unchanged', id)
    if (dryRun) return this.#done('updated', id)
    if (isOther) {
      const tried = await trySource(input.source, signal)
      if (tried.kind === 'failed') return this.#failed(tried)
      const renewed = await cameras.replaceSource(principal, id, tried.source)
      if (renewed.kind === 'refused') return this.#problem(renewed.why, renewed.detail)
    }
    if (Object.keys(change).length === 0) return this.#done('updated', id)
    return this.#answer('updated', await cameras.change(principal, id, change))
  }

  #failed({ checks }: Tried & { kind: 'failed' }): CameraImportRow {
    const failed = checks.find(({ ok }) => !ok)
    if (failed?.code === undefined) return this.#problem('camera-not-usable', undefined)
    const { detail, nextStep } = inWords(failed, this.#request.acceptLanguage)
    return this.#problem(PROBE_CODES[failed.code].problem, asGiven(detail), nextStep)
  }

  #answer(result: 'created' | 'updated', outcome: Outcome<Camera>): CameraImportRow {
    return outcome.kind === 'refused'
      ? this.#problem(outcome.why, outcome.detail)
      : this.#done(result, outcome.value.id)
  }

  #done(result: 'created' | 'updated' | 'unchanged', cameraId?: string): CameraImportRow {
    return { ...this.#about(), result, ...(cameraId === undefined ? {} : { cameraId }) }
  }

  #problem(
    code: ProblemCode,
    detail: Words | undefined,
    nextStep = nextStepOf(code, this.#request.acceptLanguage),
  ): CameraImportRow {
    return {
      ...this.#about(),
      result: 'problem',
      code,
      ...(detail === undefined ? {} : { detail: inLanguage(detail, this.#request.acceptLanguage) }),
      ...(nextStep === undefined ? {} : { nextStep }),
    }
  }

  #about(): { row: number; name?: string } {
    const { row, name } = this.#row
    return { row, ...(name === undefined ? {} : { name }) }
  }
}

/** What the row says otherwise than the register; what the row leaves open stays. */
function differences(stored: Camera, input: NewCamera): Parameters<Cameras['change']>[2] {
  const { name, cellCode, placeClass, position, gbId } = input
  const moved =
    position !== undefined &&
    (position.lon !== stored.position?.lon ||
      position.lat !== stored.position.lat ||
      position.headingDeg !== stored.position.headingDeg)
  return {
    ...(name === stored.name ? {} : { name }),
    ...(cellCode === stored.cellCode ? {} : { cellCode }),
    ...(placeClass === stored.placeClass ? {} : { placeClass }),
    ...(moved ? { position } : {}),
    ...(gbId === undefined || gbId === stored.gbId ? {} : { gbId }),
  }
}
