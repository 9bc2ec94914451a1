/** A guard taken out, and the test that must notice. */
export interface Mutant {
  name: string
  /** Below gateway/. */
  file: string
  find: string
  put: string
  test: string
}

const gate = (name: string, find: string, put: string): Mutant => ({
  name: `gate: ${name}`,
  file: 'views/gate.ts',
  find,
  put,
  test: 'test/views/gate.test.ts',
})

/** What stands between a private picture and whoever may not see it. */
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
  {
    name: 'trail: a checkpoint proves nothing',
    file: 'audit/verify.ts',
    find: 'if (!same(checkpoint.hash, entry.hash)) {',
    put: 'if (checkpoint.hash.length === 0) {',
    test: 'test/audit/chain.test.ts',
  },
  {
    name: 'owner: a still of another camera',
    file: 'links/owner-ledger-routes.ts',
    find: "if (!principal.linkIds?.includes(linkId)) throw new Problem('not-found', 'there is no such link')",
    put: '',
    test: 'test/links/links.test.ts',
  },
]
