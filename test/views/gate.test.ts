import t from 'tap'
import { type Principal, Role } from '../../gateway/contracts/identity.ts'
import { LinkScope, LinkState } from '../../gateway/contracts/link.ts'
import { type ViewReason, ViewRefusal } from '../../gateway/contracts/view.ts'
import { PROBLEMS } from '../../gateway/errors.ts'
import {
  decide,
  type GateLink,
  type GateQuestion,
  missingRight,
  PRIVATE_VIEW_MS,
  PUBLIC_VIEW_MS,
} from '../../gateway/views/gate.ts'

/** 14:00 in Shanghai. */
const NOW = Date.parse('2026-03-02T06:00:00.000Z')
const at = (ms: number): string => new Date(NOW + ms).toISOString()
const HOUR = 60 * 60_000
const DAY = 24 * HOUR

const person = (roles: readonly Role[], more: Partial<Principal> = {}): Principal => ({
  kind: 'user',
  id: 'u1',
  name: '值班员',
  roles,
  cellCodes: undefined,
  sessionId: 's1',
  ...more,
})

const publicLink: GateLink = {
  id: 'l1',
  cameraId: 'c1',
  ownership: 'public',
  state: 'active',
  scopes: ['live', 'snapshot'],
  validFrom: at(-DAY),
}
const privateLink: GateLink = {
  ...publicLink,
  ownership: 'private',
  consent: { version: 3, scopes: ['live'], validUntil: at(DAY), agreedAt: at(-DAY) },
}
const linkOf = { public: publicLink, private: privateLink }

const question = (ownership: 'public' | 'private', more: Partial<GateQuestion> = {}): GateQuestion => ({
  principal: person(['operator']),
  camera: { id: 'c1', cellCode: 'cell-1', ownership, removed: false },
  link: linkOf[ownership],
  request: { use: 'live', reason: { kind: 'request', text: '派出所来电调看' } },
  now: NOW,
  timeZone: 'Asia/Shanghai',
  ...more,
})

const why = (asked: GateQuestion): string => {
  const answer = decide(asked)
  return answer.kind === 'refused' ? answer.why : 'granted'
}

const REASONS = {
  routine: { kind: 'routine' },
  'case without id': { kind: 'case' },
  case: { kind: 'case', caseId: '0d4f6c1a-5a53-4a8c-9f4e-0c8b3f0d9a11' },
  'request without text': { kind: 'request' },
  'request of 3 characters': { kind: 'request', text: '   看一下   ' },
  request: { kind: 'request', text: '有人报警' },
  alarm: { kind: 'alarm' },
  'call-for-help': { kind: 'call-for-help', text: '有' },
  'police-request': { kind: 'police-request' },
  'missing-person': { kind: 'missing-person' },
  maintenance: { kind: 'maintenance' },
} as const satisfies Record<string, ViewReason>
type ReasonName = keyof typeof REASONS

const ASKED_FOR = ['request', 'alarm', 'call-for-help', 'police-request', 'missing-person'] as const

/** The rules once more, said the other way round: who is let in, with which reason. */
const LET_IN: Partial<Record<Role, readonly ReasonName[]>> = {
  operator: ['routine', 'case', ...ASKED_FOR, 'maintenance'],
  'patrol-lead': ['routine', 'case', ...ASKED_FOR, 'maintenance'],
  installer: ['maintenance'],
  administrator: ['maintenance', ...ASKED_FOR],
}

t.test('role x ownership x state x reason x hours', async (t) => {
  const hours = { open: { from: '08:00', to: '18:00' }, shut: { from: '20:00', to: '06:00' }, none: undefined }
  let checked = 0
  let granted = 0
  const wrong: string[] = []
  for (const role of Role.options) {
    for (const ownership of ['public', 'private'] as const) {
      for (const state of LinkState.options) {
        for (const [name, reason] of Object.entries(REASONS) as [ReasonName, ViewReason][]) {
          for (const [window, value] of Object.entries(hours)) {
            const link = { ...linkOf[ownership], state, ...(value === undefined ? {} : { hours: value }) }
            const principal = person([role])
            const answer = decide(question(ownership, { principal, link, request: { use: 'live', reason } }))
            const mayPass =
              state === 'active' &&
              window !== 'shut' &&
              (LET_IN[role]?.includes(name) ?? false) &&
              !(ownership === 'private' && name === 'routine')
            if ((answer.kind === 'granted') !== mayPass) wrong.push(`${role} ${ownership} ${state} ${name} ${window}`)
            checked += 1
            granted += answer.kind === 'granted' ? 1 : 0
          }
        }
      }
    }
  }
  t.same(wrong, [])
  t.equal(checked, 6 * 2 * 8 * 11 * 3)
  t.equal(granted, 2 * (8 + 7) * 2 + 2 * 1 * 2 + 2 * 6 * 2, 'operators and leads, installers, administrators')
})

t.test('why a picture is refused', async (t) => {
  const operator = question('private')
  const reason = REASONS.request
  const cases: [string, GateQuestion, string][] = [
    ['all is well', operator, 'granted'],
    ['no link', { ...operator, link: undefined }, 'no-valid-link'],
    ['link of another camera', { ...operator, link: { ...privateLink, cameraId: 'c2' } }, 'no-valid-link'],
    ['camera removed', { ...operator, camera: { ...operator.camera, removed: true } }, 'no-valid-link'],
    ['private camera under a public link', { ...operator, link: publicLink }, 'no-valid-link'],
    ['private link without consent', { ...operator, link: { ...publicLink, ownership: 'private' } }, 'no-valid-link'],
    ['awaiting consent', { ...operator, link: { ...privateLink, state: 'awaiting-consent' } }, 'no-valid-link'],
    ['suspended', question('public', { link: { ...publicLink, state: 'suspended' } }), 'no-valid-link'],
    ['paused', { ...operator, link: { ...privateLink, state: 'paused' } }, 'link-paused'],
    ['expired', { ...operator, link: { ...privateLink, state: 'expired' } }, 'link-expired'],
    ['revoked', { ...operator, link: { ...privateLink, state: 'revoked' } }, 'link-revoked'],
    ['ended', question('public', { link: { ...publicLink, state: 'ended' } }), 'no-valid-link'],
    ['not yet valid', { ...operator, link: { ...privateLink, validFrom: at(1) } }, 'no-valid-link'],
    ['valid from this moment', { ...operator, link: { ...privateLink, validFrom: at(0) } }, 'granted'],
    ['over, but not yet written down', { ...operator, link: { ...privateLink, validUntil: at(0) } }, 'link-expired'],
    ['consent over', { ...operator, link: consent({ validUntil: at(0) }) }, 'link-expired'],
    ['asked for, not agreed to', { ...operator, request: { use: 'snapshot', reason } }, 'scope-missing'],
    [
      'agreed to, not asked for',
      { ...operator, link: { ...consent({ scopes: ['ptz'] }) }, request: { use: 'ptz', reason } },
      'scope-missing',
    ],
    [
      'hours of the consent',
      { ...operator, link: consent({ hours: { from: '20:00', to: '06:00' } }) },
      'outside-hours',
    ],
    [
      'hours of the link',
      {
        ...operator,
        link: { ...consent({ hours: { from: '00:00', to: '00:00' } }), hours: { from: '20:00', to: '06:00' } },
      },
      'outside-hours',
    ],
    ['another cell', { ...operator, principal: person(['operator'], { cellCodes: ['cell-2'] }) }, 'not-in-your-cells'],
    ['own cell', { ...operator, principal: person(['patrol-lead'], { cellCodes: ['cell-2', 'cell-1'] }) }, 'granted'],
    ['no cells at all', { ...operator, principal: person(['patrol-lead'], { cellCodes: [] }) }, 'not-in-your-cells'],
    ['a token of an operator', { ...operator, principal: person(['operator'], { kind: 'token' }) }, 'granted'],
    ['auditor and operator in one', { ...operator, principal: person(['operator', 'auditor']) }, 'role-may-not-watch'],
    [
      'owner of the very link',
      { ...operator, principal: person(['feed-owner'], { kind: 'owner', linkIds: ['l1'] }) },
      'role-may-not-watch',
    ],
    [
      'owner who claims to be an operator',
      { ...operator, principal: person(['operator'], { kind: 'owner' }) },
      'role-may-not-watch',
    ],
    ['the system itself', { ...operator, principal: person(['operator'], { kind: 'system' }) }, 'role-may-not-watch'],
    ['nobody', { ...operator, principal: person([]) }, 'role-may-not-watch'],
    [
      'routine on a private feed',
      { ...operator, request: { use: 'live', reason: REASONS.routine } },
      'reason-required',
    ],
    [
      'case without its id',
      { ...operator, request: { use: 'live', reason: REASONS['case without id'] } },
      'reason-required',
    ],
    [
      'reason of 3 characters',
      { ...operator, request: { use: 'live', reason: REASONS['request of 3 characters'] } },
      'reason-required',
    ],
    [
      'administrator, routine',
      question('public', { principal: person(['administrator']), request: { use: 'live', reason: REASONS.routine } }),
      'role-may-not-watch',
    ],
  ]
  for (const [name, asked, expected] of cases) t.equal(why(asked), expected, name)
  // Said of recordings only: recording.test.ts
  const seen = new Set(['recorded-outside-consent', ...cases.map(([, , expected]) => expected)])
  for (const refusal of ViewRefusal.options) t.ok(seen.has(refusal), `${refusal} has a case`)
})

function consent(more: Partial<NonNullable<GateLink['consent']>>): GateLink {
  const base = privateLink.consent
  if (base === undefined) throw new Error('the private link has a consent')
  return { ...privateLink, consent: { ...base, ...more } }
}

t.test('how long a view lasts', async (t) => {
  const cases: [string, GateQuestion, number, string][] = [
    ['private', question('private'), PRIVATE_VIEW_MS, 'expired'],
    ['public', question('public'), PUBLIC_VIEW_MS, 'expired'],
    ['consent ends first', question('private', { link: consent({ validUntil: at(60_000) }) }), 60_000, 'link-expired'],
    ['link ends first', question('public', { link: { ...publicLink, validUntil: at(HOUR) } }), HOUR, 'link-expired'],
    [
      'hours end first',
      question('public', { link: { ...publicLink, hours: { from: '08:00', to: '14:30' } } }),
      HOUR / 2,
      'outside-hours',
    ],
    [
      'the narrower hours',
      question('private', {
        link: { ...consent({ hours: { from: '13:00', to: '14:05' } }), hours: { from: '08:00', to: '18:00' } },
      }),
      5 * 60_000,
      'outside-hours',
    ],
  ]
  for (const [name, asked, ms, ends] of cases) {
    const answer = decide(asked)
    t.match(answer, { kind: 'granted', expiresAt: NOW + ms, endsWhy: ends }, name)
  }
})

t.test('a grant names the consent in force and what it covers', async (t) => {
  t.match(decide(question('private')), { consentVersion: 3, scopes: ['live'] })
  t.match(decide(question('public')), { consentVersion: undefined, scopes: ['live', 'snapshot'] })
})

t.test('each use needs its own scope', async (t) => {
  let checked = 0
  for (const use of LinkScope.options) {
    for (const given of LinkScope.options) {
      const link = { ...publicLink, scopes: [given] }
      const asked = question('public', { link, request: { use, reason: REASONS.routine } })
      t.equal(why(asked), use === given ? 'granted' : 'scope-missing', `${use} with ${given}`)
      checked += 1
    }
  }
  t.equal(checked, 25)
})

t.test('rights that are lost are missed at the next request', async (t) => {
  t.equal(missingRight(person(['operator']), 'cell-1', REASONS.routine), undefined)
  t.equal(missingRight(person(['installer']), 'cell-1', REASONS.routine), 'role-may-not-watch')
  t.equal(missingRight(person(['operator'], { cellCodes: ['cell-2'] }), 'cell-1', REASONS.routine), 'not-in-your-cells')
})

t.test('every refusal is a problem that people can read', async (t) => {
  for (const code of ViewRefusal.options) t.equal(PROBLEMS[code].status, 403, code)
})
