import { ALARM_PATH } from './alarm-path.ts'
import { type Mutant, on } from './mutant.ts'
import { PICTURES } from './pictures.ts'

const gate = on('views/gate.ts', 'test/views/gate.test.ts')
const chain = on('audit/verify.ts', 'test/audit/chain.test.ts')

/** What stands between a private picture and whoever may not see it, between a trail and its edits, between an acknowledgement and a loss. */
export const MUTANTS: readonly Mutant[] = [
  gate('gate: any state', "if (link.state !== 'active') return", "if (link.state === 'draft') return"),
  gate('gate: not yet valid', 'if (Date.parse(link.validFrom) > now) return', 'if (false) return'),
  gate('gate: after its end', 'if (untilMs <= now) return', 'if (false) return'),
  gate('gate: without consent', 'if (isPrivate && consent === undefined) return', 'if (false) return'),
  gate(
    'gate: any scope',
    'if (!agreements.every(({ scopes }) => scopes.includes(request.use))) return',
    'if (false) return',
  ),
  gate(
    'gate: any hour',
    "if (endMs === undefined) return refused('outside-hours')",
    'if (endMs === undefined) continue',
  ),
  gate('gate: no reason', 'if (!hasReason(request.reason, link.ownership)) return', 'if (false) return'),
  gate('gate: any role', "if (!isWatcher) return 'role-may-not-watch'", ''),
  gate(
    'gate: any cell',
    "return coversCell(principal, cellCode) ? undefined : 'not-in-your-cells'",
    'return undefined',
  ),
  gate('gate: auditors watch', '!hasRole(principal, ...NEVER_WATCH) &&', ''),
  gate('gate: no end of ten minutes', 'isPrivate ? PRIVATE_VIEW_MS : PUBLIC_VIEW_MS', 'PUBLIC_VIEW_MS'),
  on('links/lifecycle.ts', 'test/links/lifecycle.test.ts')(
    'lifecycle: revoked links come back',
    "    'awaiting-consent': { consent: 'active', revoke: 'revoked', expire: 'expired' },",
    "    revoked: { consent: 'active' },\n    'awaiting-consent': { consent: 'active', revoke: 'revoked', expire: 'expired' },",
  ),
  on('links/lifecycle.ts', 'test/links/lifecycle.test.ts')(
    'lifecycle: nothing expires',
    ".some(isOver)) return 'expire'",
    ".some(isOver) && nowMs < 0) return 'expire'",
  ),
  on('links/latched-time.ts', 'test/links/latched-time.test.ts')(
    'latched time: the clock goes back',
    'this.#latestMs = Math.round(wasSetBack ? expectedMs : Math.max(this.#latestMs, wallMs))',
    'this.#latestMs = wasSetBack ? wallMs : wallMs',
  ),
  on('links/consent.ts', 'test/links/consent.test.ts')(
    'consent: wider than asked',
    'if (extra.length > 0) return',
    'if (false) return',
  ),
  on('links/paper.ts', 'test/links/paper.test.ts')(
    'paper: one person is enough',
    "if (paper.recordedBy.id === by.id) return { kind: 'same-person' }",
    '',
  ),
  on('links/paper.ts', 'test/links/paper.test.ts')(
    'paper: any document',
    "if (paper.documentHash !== documentHash) return { kind: 'document-differs' }",
    '',
  ),
  on('links/paper.ts', 'test/links/paper.test.ts')(
    'paper: over the owner',
    "if (link.state !== 'awaiting-consent' || link.waitingPaper !== undefined) {",
    'if (link.waitingPaper !== undefined) {',
  ),
  on('links/periods.ts', 'test/views/recording.test.ts')(
    'recordings: a pause is no gap',
    "if (state !== 'active') return",
    '',
  ),
  on('views/recording.ts', 'test/views/recording.test.ts')(
    'recordings: history without consent',
    "if (answer.kind === 'refused' || wasAgreed(recorded, periods, question.timeZone)) return answer",
    'if (answer.kind !== undefined) return answer',
  ),
  on('views/views.ts', 'test/views/audit-unwritable.test.ts')(
    'trail: views go on without it',
    'if (await this.#deps.audit.canWrite()) return',
    'if (await Promise.resolve(true)) return',
  ),
  chain(
    'chain: a checkpoint proves nothing',
    'if (!same(checkpoint.hash, entry.hash)) {',
    'if (checkpoint.hash.length === 0) {',
  ),
  chain(
    'chain: anybody signs',
    'return signatureHolds(checkpoint)\n    ?',
    'return checkpoint.signature.length > 0\n    ?',
  ),
  chain('chain: any key', 'if (trustedKeys !== undefined && !trustedKeys', 'if (trustedKeys === null && !trustedKeys'),
  chain('chain: fields are not hashed', 'if (!same(entryHash(entry), entry.hash))', 'if (false)'),
  chain('chain: entries are not linked', 'if (!same(entry.previousHash, previousHash)) {', 'if (false) {'),
  chain('chain: a gap is no fault', 'if (entry.sequence > expected) return', 'if (false) return'),
  chain('chain: a cut tail is no fault', '  if (checkpoint !== undefined) {', '  if (checkpoint === null) {'),
  chain(
    'chain: a detail is not hashed',
    'return detailIsWhole(entry) ? undefined :',
    'return entry !== null ? undefined :',
  ),
  on('audit/store.ts', 'test/audit/audit.test.ts')(
    'trail: the chain is written without links',
    'previousHash: previous?.hash ?? NO_HASH,',
    'previousHash: NO_HASH,',
  ),
  on('audit/routes.ts', 'test/audit/routes.test.ts')(
    'trail: reading it leaves nothing',
    "await append(tx, {\n          action: 'audit-read',\n          actor: actorOf(principalOf(request)),\n          object: 'audit',",
    "await Promise.resolve({\n          action: 'audit-read',\n          actor: actorOf(principalOf(request)),\n          object: 'audit',",
  ),
  on('audit/routes.ts', 'test/audit/routes.test.ts')(
    'trail: reading the checkpoints leaves nothing',
    "await append(tx, {\n          action: 'audit-read',\n          actor: actorOf(principalOf(request)),\n          object: 'audit-checkpoints',",
    "await Promise.resolve({\n          action: 'audit-read',\n          actor: actorOf(principalOf(request)),\n          object: 'audit-checkpoints',",
  ),
  on('links/links.ts', 'test/links/owner.test.ts')(
    'trail: the owner’s page is opened from nowhere',
    'detail: { address },\n      })\n      return { session,',
    '})\n      return { session,',
  ),
  on('links/owner-routes.ts', 'test/links/owner.test.ts')(
    'owner: who opened another’s page',
    'const owner = ownerOf(request.params.id, principalOf(request))\n      return { items',
    'const owner = principalOf(request)\n      return { items',
  ),
  on('views/views.ts', 'test/views/watching.test.ts')(
    'views: right by URL alone',
    "if (view.principal.sessionId !== principal.sessionId) return { kind: 'unknown' }",
    '',
  ),
  on('http/server.ts', 'test/links/owner.test.ts')(
    'sessions: writes from elsewhere',
    "!sameText(request.headers['x-csrf-token'], found.csrfToken())",
    'false',
  ),
  on('storage/database.ts', 'test/storage/database.test.ts')(
    'storage: synchronous=NORMAL',
    'PRAGMA synchronous = FULL;',
    'PRAGMA synchronous = NORMAL;',
  ),
  on('storage/database.ts', 'test/storage/sqlite.test.ts')(
    'storage: nobody asks whether it is FULL',
    '|| Number(synchronous?.synchronous) !== 2',
    '',
  ),
  on('storage/serial-sqlite.ts', 'test/storage/sqlite.test.ts')(
    'storage: a write within another’s transaction',
    '    await before\n',
    '',
  ),
  on('mqtt/embedded-broker.ts', 'test/mqtt/acknowledgement.test.ts')(
    'alarms: acknowledged before the commit',
    'take(account.sourceId, packet).then(',
    'take(account.sourceId, packet).catch(() => {})\n      Promise.resolve().then(',
  ),
  on('mqtt/late-acknowledgement.ts', 'test/mqtt/acknowledgement.test.ts')(
    'alarms: acknowledged to the outside broker before the commit',
    'const isTaken = await taken\n',
    'const isTaken = await Promise.resolve(true)\n',
  ),
  on('alarms/intake.ts', 'test/alarms/intake.test.ts')(
    'alarms: an unbounded queue',
    'if (this.#waiting.size >= MAX_WAITING_MESSAGES) {',
    'if (this.#waiting.size < 0) {',
  ),
  on('alarms/open-states.ts', 'test/alarms/mapped-alarms.test.ts')(
    'alarms: what was told ahead is told again in its order',
    'told.row.messageHash === unnamed?.messageHash',
    "told.row.messageHash === 'never'",
  ),
  on('alarms/source-register.ts', 'test/alarms/source-register.test.ts')(
    'alarms: a retired source leaves a state that nobody can end',
    'await tellEnds(tx, deps, id)\n    await deps.endConnections(tx, id)',
    'await deps.endConnections(tx, id)',
  ),
  on('links/owner-ledger-routes.ts', 'test/links/owner.test.ts')(
    'owner: a still of another camera',
    "if (!principal.linkIds?.includes(linkId)) throw noSuch('link')",
    '',
  ),
  ...ALARM_PATH,
  ...PICTURES,
]
