import { type Camera, type CameraImportAnswer, type CameraImportRow, NewCamera } from '../contracts/camera.ts'
import type { Principal } from '../contracts/identity.ts'
import type { ProblemCode } from '../errors.ts'
import { splitAddress } from '../onvif/uri.ts'
import type { Cameras, Outcome } from './cameras.ts'
import { decodeCsv, parseCsv } from './csv.ts'
import { inWords, PROBE_CODES } from './probe-codes.ts'
import type { Tried } from './source.ts'

export const IMPORT_COLUMNS = [
  'name',
  'cellCode',
  'placeClass',
  'ownership',
  'lon',
  'lat',
  'headingDeg',
  'gbId',
  'kind',
  'address',
  'channel',
  'mainUri',
  'subUri',
  'username',
  'password',
] as const
type Column = (typeof IMPORT_COLUMNS)[number]

export interface ImportDeps {
  cameras: Cameras
  /** The camera that has this source already, if any. */
  findRegistered(source: NewCamera['source']): Promise<string | undefined>
  trySource(source: NewCamera['source'], signal: AbortSignal): Promise<Tried>
}

/** Hosts asked at once; the rows of one host, a recorder's say, one after the other. */
const HOSTS_AT_ONCE = 4

interface Row {
  row: number
  name: string | undefined
  input: NewCamera | undefined
  /** Why there is no input. */
  fault: string
}

/** Registers what a table (CSV) names; `why` says what is wrong with the table as a whole. */
export type ImportTable = (
  bytes: Uint8Array,
  principal: Principal,
  acceptLanguage: string | undefined,
  signal: AbortSignal,
) => Promise<{ ok: true; answer: CameraImportAnswer } | { ok: false; why: string }>

export const importTable =
  (deps: ImportDeps): ImportTable =>
  async (bytes, principal, acceptLanguage, signal) => {
    const table = readTable(bytes)
    if (!table.ok) return table
    return { ok: true, answer: await importCameras(table.rows, principal, deps, acceptLanguage, signal) }
  }

/** Reads the table; a row that is not valid is a problem of its own, an unknown column is one of the table. */
function readTable(bytes: Uint8Array): { ok: true; rows: Row[] } | { ok: false; why: string } {
  const csv = parseCsv(decodeCsv(bytes))
  if (!csv.ok) return csv
  const [heading = [], ...lines] = csv.rows
  const unknown = heading.filter((name) => !IMPORT_COLUMNS.some((column) => column === name))
  if (unknown.length > 0) return { ok: false, why: `unknown columns: ${unknown.slice(0, 5).join(', ')}` }
  const missing = ['name', 'cellCode', 'kind'].filter((name) => !heading.includes(name))
  if (missing.length > 0) return { ok: false, why: `missing columns: ${missing.join(', ')}` }
  return { ok: true, rows: lines.map((values, at) => toRow(heading as Column[], values, at + 2)) }
}

function toRow(heading: readonly Column[], values: readonly string[], row: number): Row {
  const text = new Map(heading.map((column, at) => [column, values[at] || undefined]))
  const number = (column: Column): number | undefined => {
    const value = text.get(column)
    return value === undefined ? undefined : Number(value)
  }
  const take = (...columns: readonly Column[]): object =>
    Object.fromEntries(
      columns.flatMap((column) =>
        text.has(column) && text.get(column) !== undefined ? [[column, text.get(column)]] : [],
      ),
    )
  const headingDeg = number('headingDeg')
  const position =
    number('lon') === undefined
      ? {}
      : { position: { lon: number('lon'), lat: number('lat'), ...(headingDeg === undefined ? {} : { headingDeg }) } }
  const isOnvif = text.get('kind') === 'onvif'
  const source = isOnvif
    ? { username: '', password: '', ...take('kind', 'address', 'channel', 'username', 'password') }
    : take('kind', 'mainUri', 'subUri', 'username', 'password')
  const parsed = NewCamera.safeParse({
    ...take('name', 'cellCode', 'placeClass', 'ownership', 'gbId'),
    ...position,
    source,
  })
  const fault =
    parsed.error?.issues.map(({ path, message }) => `${String(path.at(-1) ?? 'row')}: ${message}`).join('; ') ?? ''
  return { row, name: text.get('name'), input: parsed.data, fault }
}

/** Registers what is new and brings the rest up to date; safe to run again. Rejects only with the signal's reason. */
async function importCameras(
  rows: readonly Row[],
  principal: Principal,
  deps: ImportDeps,
  acceptLanguage: string | undefined,
  signal: AbortSignal,
): Promise<CameraImportAnswer> {
  const byHost = Map.groupBy(rows, ({ input }) => (input === undefined ? '' : hostOf(input.source)))
  const queue = [...byHost.values()]
  const results: CameraImportRow[] = []
  const worker = async (): Promise<void> => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      for (const row of group) results.push(await importRow(row, principal, deps, acceptLanguage, signal))
    }
  }
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, worker))
  const count = (wanted: CameraImportRow['result']): number => results.filter(({ result }) => result === wanted).length
  return {
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    problems: count('problem'),
    rows: results.toSorted((a, b) => a.row - b.row),
  }
}

function hostOf(source: NewCamera['source']): string {
  if (source.kind === 'onvif') return splitAddress(source.address).host
  return /^rtsp:\/\/(\[[^\]]*\]|[^/:?]+)/.exec(source.mainUri)?.[1] ?? ''
}

async function importRow(
  { row, name, input, fault }: Row,
  principal: Principal,
  { cameras, findRegistered, trySource }: ImportDeps,
  acceptLanguage: string | undefined,
  signal: AbortSignal,
): Promise<CameraImportRow> {
  signal.throwIfAborted()
  const about = { row, ...(name === undefined ? {} : { name }) }
  const problem = (code: ProblemCode, detail: string | undefined, nextStep?: string): CameraImportRow => ({
    ...about,
    result: 'problem',
    code,
    ...(detail === undefined ? {} : { detail }),
    ...(nextStep === undefined ? {} : { nextStep }),
  })
  const answer = (result: 'created' | 'updated', outcome: Outcome<Camera>): CameraImportRow =>
    outcome.kind === 'refused' ? problem(outcome.why, outcome.detail) : { ...about, result, cameraId: outcome.value.id }

  if (input === undefined) return problem('invalid-request', fault)
  const place = await cameras.checkPlace(principal, input)
  if (place.kind === 'refused') return problem(place.why, place.detail)
  const known = await findRegistered(input.source)
  if (known !== undefined) {
    const stored = await cameras.read(principal, known)
    if (stored.kind === 'refused') return problem('conflict', 'this camera is registered in a cell that is not yours')
    if (stored.value.ownership !== input.ownership)
      return problem('conflict', 'the ownership of a camera cannot be changed')
    const change = differences(stored.value, input)
    if (Object.keys(change).length === 0) return { ...about, result: 'unchanged', cameraId: known }
    return answer('updated', await cameras.change(principal, known, change))
  }
  const tried = await trySource(input.source, signal)
  if (tried.kind === 'works') return answer('created', await cameras.register(principal, input, tried.source))
  const failed = tried.checks.find(({ ok }) => !ok)
  if (failed?.code === undefined) return problem('camera-not-usable', 'no stream was found')
  const { detail, nextStep } = inWords(failed, acceptLanguage)
  return problem(PROBE_CODES[failed.code].problem, detail, nextStep)
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
