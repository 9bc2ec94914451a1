import type { Clock } from '../clock.ts'
import { type AlarmSource, type AlarmSourceChange, MAX_PAUSE_DAYS, type NewAlarmSource } from '../contracts/alarm.ts'
import { type AuditAction, actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Principal } from '../contracts/identity.ts'
import { noSuch, Problem } from '../errors.ts'
import { coversCell } from '../identity/rights.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import { asGiven } from '../words.ts'
import { isReserved, type MappedSources, noMapping, topicsOf } from './mapped-sources.ts'
import { insertPanelAccount, removePanelAccount } from './panel-accounts.ts'
import { findSource, insertSource, renewSecrets, type SourceRow, type SourceSecrets, toSource } from './sources.ts'
import { endStates } from './store.ts'

export interface SourceRegisterDeps {
  database: Database
  clock: Clock
  newId: () => string
  /** 256 random bits, base64url. */
  newSecret: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  events: { publishAll(tx: Tx, events: readonly NewLiveEvent[]): Promise<void> }
  /** Ends what a source keeps open with its credentials, on every node, once `tx` is committed. */
  endConnections(tx: Tx, sourceId: string): Promise<void>
  /** What the registers know; a source stands in a cell that exists. */
  directory: { cellExists(cellCode: string): Promise<boolean>; cameraExists(id: string): Promise<boolean> }
  mapped: MappedSources
  /** Seals the keys of panels. */
  vault: Vault
}

/** Panels send their supervision message every few minutes at the most. */
const PANEL_SILENCE_SECONDS = 600
const DAY_MS = 24 * 3_600_000

/** A registered source, with what it shows to be let in. */
export interface SourceWithSecrets {
  source: AlarmSource
  secrets: SourceSecrets
}

/** @throws Problem where the registration cannot be */
export async function registerSource(
  deps: SourceRegisterDeps,
  principal: Principal,
  asked: NewAlarmSource,
): Promise<SourceWithSecrets> {
  await check(deps, principal, asked)
  const silenceSeconds = asked.silenceSeconds ?? usualSilence(deps, asked, asked.dc09 !== undefined)
  const id = deps.newId()
  const secrets = newSecrets(deps)
  const source = await deps.database.transaction(async (tx) => {
    const createdAt = new Date(deps.clock.now())
    await checkFree(tx, asked)
    if (asked.dc09 !== undefined) await insertPanel(tx, deps, id, asked.dc09)
    const stored = await insertSource(tx, { ...asked, silenceSeconds, id, createdAt }, secrets)
    const { name, kind, cellCode } = stored
    await deps.audit.append(tx, entryOf(principal, 'alarm-source-created', id, { name, kind, cellCode }))
    return stored
  })
  await deps.mapped.refresh()
  return { source, secrets }
}

/** What a person may change; a pause is two of them. */
const CHANGEABLE = [
  'name',
  'kind',
  'cellCode',
  'cameraId',
  'mapping',
  'topic',
  'device',
  'alarmType',
  'priority',
  'silenceSeconds',
  'pausedUntil',
  'pauseReason',
] as const satisfies (keyof SourceRow)[]
type Changeable = Pick<SourceRow, (typeof CHANGEABLE)[number]>

/** After one of these changes another device speaks, or none: the end of what is open would not be heard. */
const SPEAKERS: readonly string[] = ['mapping', 'topic', 'device', 'pausedUntil'] satisfies (keyof Changeable)[]

/** @throws Problem where it cannot be so */
export async function changeSource(
  deps: SourceRegisterDeps,
  principal: Principal,
  id: string,
  change: AlarmSourceChange,
): Promise<AlarmSource> {
  const nowMs = deps.clock.now()
  const before = await sourceOf(deps, principal, id)
  const { dc09 } = change
  const after = changed(before, change, nowMs)
  const registration = registrationOf(after)
  await check(deps, principal, registration, id)
  if (change.silenceSeconds === null) {
    const isPanel = dc09 === undefined ? await hasPanel(deps.database, id) : dc09 !== null
    after.silenceSeconds = usualSilence(deps, registration, isPanel) ?? null
  }
  const fields = CHANGEABLE.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]))
  if (fields.length === 0 && dc09 === undefined) return toSource(before, nowMs)
  const source = await deps.database.transaction(async (tx) => {
    if (fields.some((field) => ['mapping', 'topic', 'device'].includes(field))) await checkFree(tx, registration, id)
    const data = pick(after, fields)
    await update(tx, before, data)
    if (dc09 !== undefined) await removePanelAccount(tx, id)
    if (dc09 !== undefined && dc09 !== null) await insertPanel(tx, deps, id, dc09)
    await deps.audit.append(
      tx,
      entryOf(principal, 'alarm-source-changed', id, {
        before: pick(before, fields),
        after: data,
        ...(dc09 === undefined ? {} : { dc09: dc09?.account ?? 'removed' }),
      }),
    )
    if (fields.some((field) => SPEAKERS.includes(field))) await tellEnds(tx, deps, id)
    return toSource({ ...before, ...data }, nowMs)
  })
  await deps.mapped.refresh()
  return source
}

/** @throws Problem where there is no such source */
export async function renewCredentials(
  deps: SourceRegisterDeps,
  principal: Principal,
  id: string,
): Promise<SourceWithSecrets> {
  const row = await sourceOf(deps, principal, id)
  const secrets = newSecrets(deps)
  await deps.database.transaction(async (tx) => {
    await update(tx, row, {})
    await renewSecrets(tx, id, secrets)
    await deps.audit.append(tx, entryOf(principal, 'alarm-source-credentials-renewed', id, { name: row.name }))
    await deps.endConnections(tx, id)
  })
  return { source: toSource(row, deps.clock.now()), secrets }
}

/**
 * The source may not speak any more, and its topic and account are free. The row stays, as alarms and cases are told
 * under its name. @throws Problem where there is no such source
 */
export async function retireSource(deps: SourceRegisterDeps, principal: Principal, id: string): Promise<void> {
  const row = await sourceOf(deps, principal, id)
  await deps.database.transaction(async (tx) => {
    await update(tx, row, { retiredAt: new Date(deps.clock.now()), pausedUntil: null, pauseReason: null })
    await removePanelAccount(tx, id)
    const { name, cellCode } = row
    await deps.audit.append(tx, entryOf(principal, 'alarm-source-retired', id, { name, cellCode }))
    await tellEnds(tx, deps, id)
    await deps.endConnections(tx, id)
  })
  await deps.mapped.refresh()
}

/** A source in use, of the asker's cells. */
async function sourceOf({ database }: SourceRegisterDeps, principal: Principal, id: string): Promise<SourceRow> {
  const row = await findSource(database.client, id)
  if (row === undefined) throw noSuch('alarm-source')
  if (!coversCell(principal, row.cellCode)) throw new Problem('not-in-your-cells')
  if (row.retiredAt !== null) throw new Problem('conflict', { zh: '该告警源已停用', en: 'the alarm source is retired' })
  return row
}

const newSecrets = ({ newSecret }: SourceRegisterDeps): SourceSecrets => ({
  mqttPassword: newSecret(),
  webhookToken: newSecret(),
})

const entryOf = (
  principal: Principal,
  action: AuditAction,
  sourceId: string,
  detail: NonNullable<NewAuditEntry['detail']>,
): NewAuditEntry => ({
  action,
  actor: actorOf(principal),
  object: `alarm-source:${sourceId}`,
  result: 'done',
  detail,
})

/** Changes the source, unless somebody else has retired it or moved it to another cell since it was looked at. */
async function update(tx: Tx, { id, cellCode }: SourceRow, data: Partial<SourceRow>): Promise<void> {
  const { count } = await tx.alarmSource.updateMany({ where: { id, cellCode, retiredAt: null }, data: { id, ...data } })
  if (count === 0)
    throw new Problem('conflict', {
      zh: '该告警源刚被他人修改，请重新查看',
      en: 'the alarm source was changed by somebody else; look at it again',
    })
}

async function tellEnds(tx: Tx, { database, events }: SourceRegisterDeps, sourceId: string): Promise<void> {
  const ended = await endStates(tx, database.provider, sourceId)
  await events.publishAll(
    tx,
    ended.map((alarm) => ({ kind: 'alarm', cellCode: alarm.cellCode, data: alarm })),
  )
}

/** The source as it will be. */
function changed(before: SourceRow, change: AlarmSourceChange, nowMs: number): Changeable {
  const { pause } = change
  const mapping = change.mapping === undefined ? before.mapping : change.mapping
  const ofMapping = <T>(asked: T | null | undefined, had: T | null): T | null =>
    asked === undefined ? (mapping === null ? null : had) : asked
  const or = <T>(asked: T | null | undefined, had: T | null): T | null => (asked === undefined ? had : asked)
  return {
    name: change.name ?? before.name,
    kind: change.kind ?? before.kind,
    cellCode: change.cellCode ?? before.cellCode,
    cameraId: or(change.cameraId, before.cameraId),
    mapping,
    topic: ofMapping(change.topic, before.topic),
    device: ofMapping(change.device, before.device),
    alarmType: ofMapping(change.alarmType, before.alarmType),
    priority: or(change.priority, before.priority),
    silenceSeconds: or(change.silenceSeconds, before.silenceSeconds),
    pausedUntil: pause === undefined ? before.pausedUntil : pause === null ? null : pauseEnd(pause.until, nowMs),
    pauseReason: pause === undefined ? before.pauseReason : (pause?.reason ?? null),
  }
}

function pauseEnd(until: string, nowMs: number): Date {
  const end = new Date(until)
  if (end.getTime() <= nowMs || end.getTime() > nowMs + MAX_PAUSE_DAYS * DAY_MS) {
    throw new Problem('invalid-request', {
      zh: `pause.until：须在将来，且不超过 ${MAX_PAUSE_DAYS} 天`,
      en: `pause.until: must lie ahead, and no more than ${MAX_PAUSE_DAYS} days`,
    })
  }
  return end
}

type Registration = Pick<NewAlarmSource, 'cellCode' | 'cameraId' | 'mapping' | 'topic' | 'device'>

const registrationOf = ({ cellCode, cameraId, mapping, topic, device }: Changeable): Registration => ({
  cellCode,
  cameraId: cameraId ?? undefined,
  mapping: mapping ?? undefined,
  topic: topic ?? undefined,
  device: device ?? undefined,
})

const pick = (source: Changeable, fields: readonly (keyof Changeable)[]): Partial<Changeable> =>
  Object.fromEntries(fields.map((field) => [field, source[field]]))

/** @param ownId of a source that is there already */
async function check(
  { directory, mapped }: SourceRegisterDeps,
  principal: Principal,
  { cellCode, cameraId, mapping: mappingId, topic }: Registration,
  ownId?: string,
): Promise<void> {
  if (!coversCell(principal, cellCode)) throw new Problem('not-in-your-cells')
  if (!(await directory.cellExists(cellCode))) throw new Problem('unknown-cell', asGiven(cellCode))
  if (cameraId !== undefined && !(await directory.cameraExists(cameraId))) {
    throw new Problem('invalid-request', {
      zh: `cameraId：没有摄像头 ${cameraId}`,
      en: `cameraId: there is no camera ${cameraId}`,
    })
  }
  const mapping = mappingId === undefined ? undefined : mapped.mapping(mappingId)
  if (mapping === undefined && mappingId !== undefined) {
    throw noMapping(mappingId)
  }
  if (topic === undefined) return
  if (mapping === undefined)
    throw new Problem('invalid-request', { zh: 'topic：须同时选择映射', en: 'topic: needs a mapping' })
  if (topicsOf(mapping, topic).some(isReserved)) {
    throw new Problem('invalid-request', {
      zh: 'topic：该主题留给格明或消息代理使用',
      en: 'topic: is kept for Gridlight or for the broker',
    })
  }
  // Whoever registers a topic within another's could take that one's alarms to a cell of their own.
  if (mapped.sharing(mapping, topic, ownId).some((other) => !coversCell(principal, other.cellCode))) {
    throw new Problem('not-in-your-cells', {
      zh: 'topic：与其他网格的主题重叠',
      en: 'topic: overlaps one of another cell',
    })
  }
}

/** After which silence a source is missed, where nobody says. */
const usualSilence = (
  { mapped }: SourceRegisterDeps,
  { mapping }: Registration,
  isPanel: boolean,
): number | undefined =>
  mapping === undefined ? (isPanel ? PANEL_SILENCE_SECONDS : undefined) : mapped.mapping(mapping)?.silenceSeconds

async function hasPanel({ client }: Database, sourceId: string): Promise<boolean> {
  return (await client.panelAccount.count({ where: { sourceId } })) > 0
}

async function insertPanel(
  tx: Tx,
  { vault }: SourceRegisterDeps,
  sourceId: string,
  dc09: NonNullable<NewAlarmSource['dc09']>,
): Promise<void> {
  const known = await tx.panelAccount.findUnique({ where: { account: dc09.account.toUpperCase() } })
  if (known !== null)
    throw new Problem('conflict', {
      zh: `dc09：账号 ${dc09.account} 已登记`,
      en: `dc09: account ${dc09.account} is registered already`,
    })
  await insertPanelAccount(tx, vault, sourceId, dc09)
}

async function checkFree(tx: Tx, { topic, device, mapping }: Registration, ownId?: string): Promise<void> {
  if (topic === undefined) return
  const other = await tx.alarmSource.findFirst({
    where: {
      topic,
      device: device ?? null,
      mapping: mapping ?? null,
      retiredAt: null,
      ...(ownId === undefined ? {} : { id: { not: ownId } }),
    },
  })
  if (other !== null)
    throw new Problem('conflict', {
      zh: `topic：已登记为“${other.name}”`,
      en: `topic: is registered already, as ${other.name}`,
    })
}
