import { type Mutant, on } from './mutant.ts'

const normalise = on('alarms/normalise.ts', 'test/alarms/routes.test.ts')
const storing = on('alarms/store-messages.ts', 'test/alarms/intake.test.ts')
const sources = on('alarms/sources.ts', 'test/alarms/intake.test.ts')
const load = on('alarms/load-watch.ts', 'test/alarms/load-watch.test.ts')
const collect = on('cases/collect.ts', 'test/cases/grouping.test.ts')
const acts = on('cases/actions.ts', 'test/cases/actions.test.ts')
const escalation = on('cases/actions.ts', 'test/cases/escalation.test.ts')
const clips = on('clips/clips.ts', 'test/clips/keeping.test.ts')
const clipRoutes = on('clips/routes.ts', 'test/clips/clips.test.ts')
const outbox = on('notify/outbox.ts', 'test/notify/outbox.test.ts')
const external = on('mqtt/external-client.ts', 'test/mqtt/broker-silent.test.ts')
const quiet = on('storage/quiet.ts', 'test/storage/quiet.test.ts')

/** From what a source says to who has heard of it. */
export const ALARM_PATH: readonly Mutant[] = [
  // In.
  on('alarms/routes.ts', 'test/alarms/routes.test.ts')(
    'webhook: any token',
    '!(await isWebhookToken(deps.database, sourceId, token))',
    'false',
  ),
  normalise(
    'webhook: the idempotency key stands for nothing',
    'json = { ...json, id: idempotencyKey }',
    'json = { ...json }',
  ),
  on('alarms/map-message.ts', 'test/alarms/mappings.test.ts')(
    'mappings: who somebody is is kept',
    'const clear = stripIdentity(named, mapping.identity)',
    'const clear = { ok: true, data: named } as const',
  ),
  on('alarms/mapping-files.ts', 'test/alarms/mappings.test.ts')(
    'mappings: examples are not tried',
    'const faults = tryExamples(parsed.data)',
    'const faults: string[] = []',
  ),
  on('panels/receiver.ts', 'test/panels/panels.test.ts')(
    'panels: acknowledged before the commit',
    'await desk.report(sourceId, {',
    'void desk.report(sourceId, {',
  ),
  on('panels/receiver.ts', 'test/panels/panels.test.ts')(
    'panels: in clear where a key is set',
    'if (key !== undefined && !frame.isEncrypted) {',
    'if (key === undefined && frame.isEncrypted) {',
  ),
  // Nothing lost.
  sources(
    'alarms: gaps in the numbers',
    'if (last !== undefined && sequence > last + 1) gaps',
    'if (last !== undefined && sequence > last + 1000) gaps',
  ),
  on('alarms/source-watch.ts', 'test/alarms/source-watch.test.ts')(
    'alarms: a silent source',
    'if (now - heardMs >= limitMs &&',
    'if (now - heardMs >= limitMs * 1000 &&',
  ),
  storing(
    'alarms: refused input is not kept',
    "steps.flatMap((step) => (step.kind === 'settled' ? rejectedOf(step, newId) : []))",
    "steps.flatMap((step) => (step.kind === 'begun' ? [] : []))",
  ),
  on('alarms/store.ts', 'test/alarms/intake.test.ts')(
    'alarms: refused input says who somebody is',
    'new Uint8Array(withoutIdentity(payload).subarray(',
    'new Uint8Array(Buffer.from(payload).subarray(',
  ),
  on('alarms/intake.ts', 'test/alarms/intake.test.ts')(
    'alarms: stored before what could not be',
    'for (const message of [...batch, ...this.#behind(batch)]) message.reject(error)',
    'for (const message of batch) message.reject(error)',
  ),
  on('mqtt/arrivals.ts', 'test/mqtt/acknowledgement.test.ts')(
    'alarms: what the store refused is tried again in any order',
    'return oldest < number ?',
    'return oldest < number - 1e9 ?',
  ),
  external(
    'broker: no answer is taken for a refusal of the version',
    "'syscall' in error || error.message === NO_ANSWER",
    "'syscall' in error",
  ),
  on('alarms/foreign.ts', 'test/mqtt/retained.test.ts')(
    'broker: what was retained is news at every connection',
    '!isRetained ||',
    'true ||',
  ),
  external('broker: said at every attempt', 'isAwaySaid = true', 'isAwaySaid = false'),
  on('mqtt/subscriptions.ts', 'test/mqtt/refused-topics.test.ts')(
    'broker: one topic that is refused silences others',
    'if (codes === undefined) throw error',
    'throw error',
  ),
  outbox(
    'outbox: what was not taken is passed over',
    'if (refused.times < MAX_REFUSALS && ',
    'if (refused.times > MAX_REFUSALS && ',
  ),
  outbox('outbox: what comes after a failure is told before it', 'hasFailed = true', 'hasFailed = false'),
  outbox(
    'outbox: a state that is refused holds everything up',
    'if (!isRefusal(error)) throw error',
    'if (error !== undefined) throw error',
  ),
  outbox('outbox: a topic that is not allowed holds everything up', 'if (isBarred) barred.add(message.topic)', ''),
  on('notify/outbox.ts', 'test/notify/dead-letters.test.ts')(
    'outbox: a dead letter that nobody sees',
    'await bury(number, message, reasonOf(outcome.reason))',
    '',
  ),
  // Storms.
  collect('cases: an urgent alarm among others', 'priority === 1 ? null', 'priority < 1 ? null'),
  collect(
    'cases: grouped whatever it is',
    '({ priority, sourceId, type, cellCode }: CollectedAlarm): string | null',
    "({ priority, sourceId, cellCode }: CollectedAlarm, type = ''): string | null",
  ),
  collect(
    'cases: a more urgent alarm stays on the shelf',
    'if (priority >= (most.get(caseId)?.priority ?? shelved.priority)) continue',
    'if (priority >= 1) continue',
  ),
  collect(
    'cases: any alarm takes a case off the shelf',
    'if (priority >= (most.get(caseId)?.priority ?? shelved.priority)) continue',
    'if (priority < 1) continue',
  ),
  collect(
    'cases: a dispatch is taken for a shelf',
    "if (dueAt === null || phase === 'dispatched') return place",
    'if (dueAt === null) return place',
  ),
  collect('cases: not as urgent as its alarms', 'MIN("priority", value ->> \'priority\')', '"priority"'),
  on('alarms/waiting-messages.ts', 'test/alarms/intake.test.ts')(
    'alarms: the urgent wait their turn',
    'this.#urgent.shift() ?? this.#next()',
    'this.#next() ?? this.#urgent.shift()',
  ),
  load(
    'load: a flood for all operators together',
    'const perOperator = cases / people',
    'const perOperator = cases / 1',
  ),
  load('load: chatter', 'export const CHATTERS_FROM = 3', 'export const CHATTERS_FROM = 30'),
  escalation(
    'cases: shelved for ever',
    "if (request.action === 'shelve') return new Date(now + request.minutes * 60_000)",
    "if (request.action === 'shelve') return null",
  ),
  on('contracts/case.ts', 'test/cases/routes.test.ts')(
    'cases: shelved without a reason',
    "action: z.literal('shelve'),\n    text: Line,",
    "action: z.literal('shelve'),\n    text: Line.optional(),",
  ),
  // Six steps.
  on('cases/steps.ts', 'test/cases/steps.test.ts')(
    'cases: closed without a check',
    "'request-close': 'close-requested',",
    "'request-close': 'closed',",
  ),
  acts(
    'cases: the same key acts twice',
    "if (known?.action === request.action && known.byId === id) return { kind: 'done', case: before }",
    '',
  ),
  acts('cases: a key of somebody else', ' && known.byId === id)', ')'),
  acts('cases: two owners', 'if (refused !== undefined) return refused', ''),
  acts(
    'cases: not by the clock of the phone',
    'deviceAt: deviceAt === undefined ? undefined : new Date(deviceAt)',
    'deviceAt: undefined',
  ),
  on('cases/collect.ts', 'test/cases/targets.test.ts')(
    'cases: no more urgent target',
    'MIN(COALESCE("respondBy", "openedAt" + (value ->> \'respondMs\')), "openedAt" + (value ->> \'respondMs\'))',
    '"respondBy"',
  ),
  // To people.
  on('cases/dispatch.ts', 'test/cases/escalation.test.ts')(
    'cases: sent to people off duty',
    'return people.filter(({ id }) => ids.has(id))',
    'return people.filter(() => ids.size >= 0)',
  ),
  on('cases/dispatch.ts', 'test/cases/escalation.test.ts')(
    'cases: never back to the centre',
    'if (lastDispatch?.by === GATEWAY_NAME) return undefined',
    '',
  ),
  on('cases/actions.ts', 'test/notify/channels.test.ts')(
    'notify: another channel for who went off duty',
    'if ((await dutySince(tx, toId)) === undefined) return false',
    '',
  ),
  on('cases/notifications.ts', 'test/notify/channels.test.ts')(
    'notify: what waits goes to who went off duty',
    ' && onDuty.has(one.toId)',
    '',
  ),
  // Clips.
  on('clips/recorder.ts', 'test/clips/span.test.ts')(
    'clips: kept though the gate says no',
    'if (!(await this.#deps.mayKeep({ cameraId, fromMs, toMs }))) {',
    'if ((await this.#deps.mayKeep({ cameraId, fromMs, toMs })) === undefined) {',
  ),
  on('clips/recorder.ts', 'test/clips/keeping.test.ts')(
    'clips: of cameras whose link does not cover it',
    'if (cameraId === undefined || !this.#preRolls.isMeant(cameraId)) return',
    'if (cameraId === undefined) return',
  ),
  on('contracts/clip.ts', 'test/clips/span.test.ts')(
    'clips: five seconds after the alarm',
    'export const CLIP_AFTER_MS = 20_000',
    'export const CLIP_AFTER_MS = 5_000',
  ),
  on('contracts/clip.ts', 'test/clips/span.test.ts')(
    'clips: nothing from before the alarm',
    'export const CLIP_BEFORE_MS = 10_000',
    'export const CLIP_BEFORE_MS = 0',
  ),
  on('clips/recorder.ts', 'test/clips/span.test.ts')(
    'clips: left on the disk without a register entry',
    'await this.#storage.remove(id)\n        throw error',
    'throw error',
  ),
  clips(
    'clips: deleted without proof',
    "await audit.append(tx, {\n        action: 'clip-deleted',",
    "await Promise.resolve({\n        action: 'clip-deleted',",
  ),
  clips(
    'clips: kept for ever',
    'await storage.remove(id)\n    await database.transaction',
    'await database.transaction',
  ),
  clipRoutes(
    'clips: handed out without an entry',
    "audit.append(tx, {\n            action: 'clip-exported',",
    "Promise.resolve({\n            action: 'clip-exported',",
  ),
  clipRoutes(
    'clips: handed out without a reason in words',
    "if (words === 'case' && !download)",
    "if (words === 'case')",
  ),
  // Figures.
  on('cases/receipts.ts', 'test/cases/targets.test.ts')(
    'figures: an alarm seen before it came',
    'const after = times.filter((ms) => ms >= receivedMs)',
    'const after = times',
  ),
  on('cases/figures.ts', 'test/cases/figures.test.ts')(
    'figures: a device’s clock that runs ahead',
    'if (before === undefined || before > at) continue',
    'if (before === undefined) continue',
  ),
  on('alarms/noisiest.ts', 'test/alarms/load-watch.test.ts')(
    'figures: the quietest sources',
    "orderBy: [{ _count: { sourceId: 'desc' } }",
    "orderBy: [{ _count: { sourceId: 'asc' } }",
  ),

  // Questions that are spared.
  quiet(
    'quiet: a commit during the question is missed',
    'this.#since = this.#asked',
    'this.#since = this.#database.commits?.()',
  ),
  quiet('quiet: what is due waits for a commit', '&& nowMs < this.#untilMs', ''),
]
