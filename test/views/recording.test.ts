import t from 'tap'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { wasAgreed } from '../../gateway/views/recording.ts'
import type { AgreedPeriod } from '../../gateway/views/sources.ts'
import { type LawfulAccess, lawfulAccess, newLink } from '../fakes/lawful-access.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** 14:00 in Shanghai. */
const NOON = Date.parse('2026-03-02T06:00:00.000Z')

const period = (more: Partial<AgreedPeriod> = {}): AgreedPeriod => ({
  fromMs: NOON,
  untilMs: NOON + HOUR,
  scopes: ['live', 'alarm-clip'],
  ...more,
})

t.test('every recorded moment must have been agreed to', async (t) => {
  const next = period({ fromMs: NOON + HOUR, untilMs: NOON + 2 * HOUR })
  const cases: readonly [string, AgreedPeriod[], number, number, boolean][] = [
    ['within', [period()], NOON + MINUTE, NOON + 2 * MINUTE, true],
    ['to the last millisecond', [period()], NOON, NOON + HOUR, true],
    ['a millisecond before', [period()], NOON - 1, NOON + MINUTE, false],
    ['a millisecond after', [period()], NOON, NOON + HOUR + 1, false],
    ['over two versions', [period(), next], NOON + 59 * MINUTE, NOON + 61 * MINUTE, true],
    ['over two, the second without clips', [period(), { ...next, scopes: ['live'] }], NOON, NOON + 61 * MINUTE, false],
    ['over a pause', [period(), { ...next, fromMs: NOON + HOUR + 1 }], NOON, NOON + 61 * MINUTE, false],
    ['wholly in the pause', [period()], NOON + 2 * HOUR, NOON + 3 * HOUR, false],
    ['no period', [], NOON, NOON, false],
    ['backwards', [period()], NOON + MINUTE, NOON, false],
    ['lasting', [period({ untilMs: Number.POSITIVE_INFINITY })], NOON + DAY, NOON + DAY, true],
    ['in hours', [period({ hours: { from: '13:00', to: '14:30' } })], NOON, NOON + 30 * MINUTE, true],
    ['past the hours', [period({ hours: { from: '13:00', to: '14:30' } })], NOON, NOON + 31 * MINUTE, false],
    ['outside the hours', [period({ hours: { from: '22:00', to: '06:00' } })], NOON, NOON + MINUTE, false],
  ]
  for (const [name, periods, fromMs, toMs, expected] of cases) {
    t.equal(wasAgreed({ fromMs, toMs }, periods, 'Asia/Shanghai'), expected, name)
  }
})

const principal: Principal = {
  kind: 'user',
  id: '7d0c6f7a-4f4c-4a9e-8c7e-1d3a8f8f3b11',
  name: '陈值班',
  unit: '综治中心',
  roles: ['operator'],
  cellCodes: undefined,
  sessionId: 's1',
}

const owner = async (f: LawfulAccess, cameraId: string) => {
  const more = { scopes: ['live', 'alarm-clip'] as const }
  const made = await f.app.inject({
    method: 'POST',
    url: '/api/v1/links',
    headers: await f.bearer(['installer']),
    payload: newLink(cameraId, 'private', { scopes: [...more.scopes] }),
  })
  const { id, ownerInvitation } = made.json()
  const opened = await f.app.inject({
    method: 'POST',
    url: '/api/v1/owner/session',
    payload: { token: ownerInvitation.token },
  })
  const [cookie] = opened.cookies
  const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': String(opened.json().csrfToken) }
  const act = async (name: string, payload?: object) => {
    const url = `/api/v1/owner/links/${id}/${name}`
    const reply = await f.app.inject({ method: 'POST', url, headers, ...(payload === undefined ? {} : { payload }) })
    if (reply.statusCode !== 200) throw new Error(reply.body)
  }
  const views = async () =>
    (await f.app.inject({ method: 'GET', url: `/api/v1/owner/links/${id}/views`, headers })).json().items
  return { act, views }
}

t.test('history follows the consent', async (t) => {
  const f = await lawfulAccess(t)
  const cameraId = await f.addCamera('private')
  const { act, views } = await owner(f, cameraId)
  const validUntil = new Date(f.clock.now() + 30 * DAY).toISOString()
  const reason = { kind: 'case', caseId: '0d4f6c1a-5a53-4a8c-9f4e-0c8b3f0d9a11' } as const
  const open = async (fromMs: number, toMs: number, recording = 'clip:1') => {
    const answer = await f.views.mayOpenRecording({ principal, cameraId, recording, reason, fromMs, toMs })
    return answer.kind === 'refused' ? answer.why : answer.kind
  }

  const beforeMs = f.clock.now()
  t.equal(
    await f.views.mayKeepRecording({ cameraId, fromMs: beforeMs, toMs: beforeMs }),
    false,
    'nobody has agreed yet',
  )
  await f.clock.advance(MINUTE)
  const agreedMs = f.clock.now()
  await act('consent', { scopes: ['live', 'alarm-clip'], validUntil })
  await f.clock.advance(MINUTE)
  const duringMs = f.clock.now()
  t.equal(await f.views.mayKeepRecording({ cameraId, fromMs: agreedMs, toMs: duringMs }), true)
  t.equal(await open(agreedMs, duringMs), 'granted')
  t.equal(await open(beforeMs, duringMs), 'recorded-outside-consent', 'what was recorded before the consent')
  t.equal(await open(agreedMs, duringMs), 'granted', 'a player seeks')
  t.match(await views(), [{ viewer: '陈值班', unit: '综治中心', kind: 'recording', watchingNow: false }], 'one opening')
  t.equal((await views()).length, 1)

  await act('pause', { untilAt: new Date(f.clock.now() + DAY).toISOString() })
  t.equal(await open(agreedMs, duringMs), 'link-paused', 'a pause closes history too')
  t.equal(await f.views.mayKeepRecording({ cameraId, fromMs: agreedMs, toMs: duringMs }), false)
  await f.clock.advance(MINUTE)
  const pausedMs = f.clock.now()
  await act('resume')
  await f.clock.advance(MINUTE)
  t.equal(await open(duringMs, f.clock.now()), 'recorded-outside-consent', 'over the pause')
  t.equal(await open(pausedMs - 1000, pausedMs - 1), 'recorded-outside-consent', 'within the pause')
  t.equal(await open(agreedMs, duringMs), 'granted', 'what was agreed to is open again')

  await act('consent', { scopes: ['live'], validUntil })
  t.equal(await open(agreedMs, duringMs), 'scope-missing', 'a narrower word narrows history')
  await act('consent', { scopes: ['live', 'alarm-clip'], validUntil })
  t.equal(await open(agreedMs, duringMs), 'granted')
  await act('revoke')
  t.equal(await open(agreedMs, duringMs), 'link-revoked')

  const trail = await f.database.client.auditEntry.findMany({ where: { object: `camera:${cameraId}` } })
  t.equal(trail.filter(({ action }) => action === 'recording-opened').length, 1)
  t.equal(trail.filter(({ action }) => action === 'view-refused').length, 6)
})

t.test('who may not watch opens no recording', async (t) => {
  const f = await lawfulAccess(t)
  const cameraId = await f.addCamera('private')
  const { act } = await owner(f, cameraId)
  await act('consent', { scopes: ['live', 'alarm-clip'], validUntil: new Date(f.clock.now() + DAY).toISOString() })
  const at = { fromMs: f.clock.now(), toMs: f.clock.now(), cameraId, recording: 'clip:1' }
  const reason = { kind: 'request', text: '派出所来电调看' } as const
  const ask = async (more: object) => {
    const answer = await f.views.mayOpenRecording({ principal, reason, ...at, ...more })
    return answer.kind === 'refused' ? answer.why : answer.kind
  }
  t.equal(await ask({ principal: { ...principal, roles: ['auditor'] } }), 'role-may-not-watch')
  t.equal(await ask({ principal: { ...principal, cellCodes: ['330106001001002'] } }), 'not-in-your-cells')
  t.equal(await ask({ reason: { kind: 'routine' } }), 'reason-required')
  t.equal(await ask({ cameraId: '0d4f6c1a-5a53-4a8c-9f4e-0c8b3f0d9a11' }), 'no-camera')
  f.breakAudit(true)
  await t.rejects(ask({}), /no space left/, 'nothing is opened that cannot be written down')
  f.breakAudit(false)
  t.equal(await ask({}), 'granted')
})
