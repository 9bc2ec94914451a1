/** A guard taken out, and the test that must notice. */
export interface Mutant {
  name: string
  /** Below gateway/. */
  file: string
  find: string
  put: string
  test: string
}

const chain = (name: string, find: string, put: string): Mutant => ({
  name: `chain: ${name}`,
  file: 'audit/verify.ts',
  find,
  put,
  test: 'test/audit/chain.test.ts',
})

const gate = (name: string, find: string, put: string): Mutant => ({
  name: `gate: ${name}`,
  file: 'views/gate.ts',
  find,
  put,
  test: 'test/views/gate.test.ts',
})

/** What stands between a private picture and whoever may not see it, between a trail and its edits, between an acknowledgement and a loss. */
export const MUTANTS: readonly Mutant[] = [
  gate('any state', "if (link.state !== 'active') return", "if (link.state === 'draft') return"),
  gate('not yet valid', 'if (Date.parse(link.validFrom) > now) return', 'if (false) return'),
  gate('after its end', 'if (untilMs <= now) return', 'if (false) return'),
  gate('without consent', 'if (isPrivate && consent === undefined) return', 'if (false) return'),
  gate('any scope', 'if (!agreements.every(({ scopes }) => scopes.includes(request.use))) return', 'if (false) return'),
  gate('any hour', "if (endMs === undefined) return refused('outside-hours')", 'if (endMs === undefined) continue'),
  gate('no reason', 'if (!hasReason(request.reason, link.ownership)) return', 'if (false) return'),
  gate('any role', "if (!isWatcher) return 'role-may-not-watch'", ''),
  gate('any cell', "return coversCell(principal, cellCode) ? undefined : 'not-in-your-cells'", 'return undefined'),
  gate('auditors watch', '!hasRole(principal, ...NEVER_WATCH) &&', ''),
  gate('no end of ten minutes', 'isPrivate ? PRIVATE_VIEW_MS : PUBLIC_VIEW_MS', 'PUBLIC_VIEW_MS'),
  {
    name: 'lifecycle: revoked links come back',
    file: 'links/lifecycle.ts',
    find: "    'awaiting-consent': { consent: 'active', revoke: 'revoked', expire: 'expired' },",
    put: "    revoked: { consent: 'active' },\n    'awaiting-consent': { consent: 'active', revoke: 'revoked', expire: 'expired' },",
    test: 'test/links/lifecycle.test.ts',
  },
  {
    name: 'lifecycle: nothing expires',
    file: 'links/lifecycle.ts',
    find: ".some(isOver)) return 'expire'",
    put: ".some(isOver) && nowMs < 0) return 'expire'",
    test: 'test/links/lifecycle.test.ts',
  },
  {
    name: 'latched time: the clock goes back',
    file: 'links/latched-time.ts',
    find: 'this.#latestMs = Math.round(wasSetBack ? expectedMs : Math.max(this.#latestMs, wallMs))',
    put: 'this.#latestMs = wasSetBack ? wallMs : wallMs',
    test: 'test/links/latched-time.test.ts',
  },
  {
    name: 'consent: wider than asked',
    file: 'links/consent.ts',
    find: 'if (extra.length > 0) return',
    put: 'if (false) return',
    test: 'test/links/consent.test.ts',
  },
  {
    name: 'paper: one person is enough',
    file: 'links/paper.ts',
    find: "if (paper.recordedBy.id === by.id) return { kind: 'same-person' }",
    put: '',
    test: 'test/links/paper.test.ts',
  },
  {
    name: 'paper: any document',
    file: 'links/paper.ts',
    find: "if (paper.documentHash !== documentHash) return { kind: 'document-differs' }",
    put: '',
    test: 'test/links/paper.test.ts',
  },
  {
    name: 'paper: over the owner',
    file: 'links/paper.ts',
    find: "if (link.state !== 'awaiting-consent' || link.waitingPaper !== undefined) {",
    put: 'if (link.waitingPaper !== undefined) {',
    test: 'test/links/paper.test.ts',
  },
  {
    name: 'recordings: a pause is no gap',
    file: 'links/periods.ts',
    find: "if (state !== 'active') return",
    put: '',
    test: 'test/views/recording.test.ts',
  },
  {
    name: 'recordings: history without consent',
    file: 'views/recording.ts',
    find: "if (answer.kind === 'refused' || wasAgreed(recorded, periods, question.timeZone)) return answer",
    put: 'if (answer.kind !== undefined) return answer',
    test: 'test/views/recording.test.ts',
  },
  {
    name: 'trail: views go on without it',
    file: 'views/views.ts',
    find: 'if (await this.#deps.audit.canWrite()) return',
    put: 'if (await Promise.resolve(true)) return',
    test: 'test/views/audit-unwritable.test.ts',
  },
  chain(
    'a checkpoint proves nothing',
    'if (!same(checkpoint.hash, entry.hash)) {',
    'if (checkpoint.hash.length === 0) {',
  ),
  chain('anybody signs', 'return signatureHolds(checkpoint)\n    ?', 'return checkpoint.signature.length > 0\n    ?'),
  chain('any key', 'if (trustedKeys !== undefined && !trustedKeys', 'if (trustedKeys === null && !trustedKeys'),
  chain('fields are not hashed', 'if (!same(entryHash(entry), entry.hash))', 'if (false)'),
  chain('entries are not linked', 'if (!same(entry.previousHash, previousHash)) {', 'if (false) {'),
  chain('a gap is no fault', 'if (entry.sequence > expected) return', 'if (false) return'),
  chain('a cut tail is no fault', '  if (checkpoint !== undefined) {', '  if (checkpoint === null) {'),
  chain('a detail is not hashed', 'return detailIsWhole(entry) ? undefined :', 'return entry !== null ? undefined :'),
  {
    name: 'trail: the chain is written without links',
    file: 'audit/store.ts',
    find: 'previousHash: previous?.hash ?? NO_HASH,',
    put: 'previousHash: NO_HASH,',
    test: 'test/audit/audit.test.ts',
  },
  {
    name: 'trail: reading it leaves nothing',
    file: 'audit/routes.ts',
    find: "await append(tx, {\n          action: 'audit-read',\n          actor: readerOf(request),\n          object: 'audit',",
    put: "await Promise.resolve({\n          action: 'audit-read',\n          actor: readerOf(request),\n          object: 'audit',",
    test: 'test/audit/routes.test.ts',
  },
  {
    name: 'trail: reading the checkpoints leaves nothing',
    file: 'audit/routes.ts',
    find: "await append(tx, {\n          action: 'audit-read',\n          actor: readerOf(request),\n          object: 'audit-checkpoints',",
    put: "await Promise.resolve({\n          action: 'audit-read',\n          actor: readerOf(request),\n          object: 'audit-checkpoints',",
    test: 'test/audit/routes.test.ts',
  },
  {
    name: 'trail: the owner’s page is opened from nowhere',
    file: 'links/links.ts',
    find: 'detail: { address },\n      })\n      return { session,',
    put: '})\n      return { session,',
    test: 'test/links/links.test.ts',
  },
  {
    name: 'owner: who opened another’s page',
    file: 'links/owner-routes.ts',
    find: 'const owner = ownerOf(request.params.id, principalOf(request))\n      return { items',
    put: 'const owner = principalOf(request)\n      return { items',
    test: 'test/links/links.test.ts',
  },
  {
    name: 'views: right by URL alone',
    file: 'views/views.ts',
    find: "if (view.principal.sessionId !== principal.sessionId) return { kind: 'unknown' }",
    put: '',
    test: 'test/views/watching.test.ts',
  },
  {
    name: 'sessions: writes from elsewhere',
    file: 'http/server.ts',
    find: "!sameText(request.headers['x-csrf-token'], found.csrfToken)",
    put: 'false',
    test: 'test/links/links.test.ts',
  },
  {
    name: 'storage: synchronous=NORMAL',
    file: 'storage/database.ts',
    find: 'PRAGMA synchronous = FULL;',
    put: 'PRAGMA synchronous = NORMAL;',
    test: 'test/storage/database.test.ts',
  },
  {
    name: 'storage: nobody asks whether it is FULL',
    file: 'storage/database.ts',
    find: '|| Number(synchronous?.synchronous) !== 2',
    put: '',
    test: 'test/storage/sqlite.test.ts',
  },
  {
    name: 'storage: a write within another’s transaction',
    file: 'storage/serial-sqlite.ts',
    find: '    await before\n',
    put: '',
    test: 'test/storage/sqlite.test.ts',
  },
  {
    name: 'alarms: acknowledged before the commit',
    file: 'mqtt/embedded-broker.ts',
    find: 'take(account.sourceId, packet).then(',
    put: 'take(account.sourceId, packet).catch(() => {})\n      Promise.resolve().then(',
    test: 'test/mqtt/brokers.test.ts',
  },
  {
    name: 'alarms: acknowledged to the outside broker before the commit',
    file: 'mqtt/late-acknowledgement.ts',
    find: 'const isTaken = await taken\n',
    put: 'const isTaken = await Promise.resolve(true)\n',
    test: 'test/mqtt/brokers.test.ts',
  },
  {
    name: 'alarms: an unbounded queue',
    file: 'alarms/intake.ts',
    find: 'if (this.#waiting.length >= MAX_WAITING_MESSAGES) {',
    put: 'if (this.#waiting.length < 0) {',
    test: 'test/alarms/intake.test.ts',
  },
  {
    name: 'owner: a still of another camera',
    file: 'links/owner-ledger-routes.ts',
    find: "if (!principal.linkIds?.includes(linkId)) throw new Problem('not-found', 'there is no such link')",
    put: '',
    test: 'test/links/links.test.ts',
  },
]
