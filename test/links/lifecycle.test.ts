import t from 'tap'
import type { Ownership } from '../../gateway/contracts/common.ts'
import { LinkState } from '../../gateway/contracts/link.ts'
import { CLOSED_STATES, dueAct, LINK_ACTS, type LinkAct, nextState, type Timed } from '../../gateway/links/lifecycle.ts'

/** Written down once more, as a list: ownership, state, act, state after. */
const LEGAL: readonly [Ownership, LinkState, LinkAct, LinkState][] = [
  ['public', 'draft', 'open', 'active'],
  ['public', 'active', 'suspend', 'suspended'],
  ['public', 'active', 'end', 'ended'],
  ['public', 'active', 'expire', 'expired'],
  ['public', 'suspended', 'restore', 'active'],
  ['public', 'suspended', 'end', 'ended'],
  ['public', 'suspended', 'expire', 'expired'],
  ['private', 'draft', 'open', 'awaiting-consent'],
  ['private', 'awaiting-consent', 'consent', 'active'],
  ['private', 'awaiting-consent', 'revoke', 'revoked'],
  ['private', 'awaiting-consent', 'expire', 'expired'],
  ['private', 'active', 'consent', 'active'],
  ['private', 'active', 'pause', 'paused'],
  ['private', 'active', 'revoke', 'revoked'],
  ['private', 'active', 'expire', 'expired'],
  ['private', 'active', 'hold', 'awaiting-consent'],
  ['private', 'paused', 'consent', 'paused'],
  ['private', 'paused', 'pause', 'paused'],
  ['private', 'paused', 'resume', 'active'],
  ['private', 'paused', 'end-pause', 'active'],
  ['private', 'paused', 'revoke', 'revoked'],
  ['private', 'paused', 'expire', 'expired'],
  ['private', 'paused', 'hold', 'awaiting-consent'],
]

t.test('every state takes the listed acts and no other', async (t) => {
  let checked = 0
  for (const ownership of ['public', 'private'] as const) {
    for (const state of LinkState.options) {
      for (const act of LINK_ACTS) {
        const legal = LEGAL.find(([o, s, a]) => o === ownership && s === state && a === act)
        t.equal(nextState(ownership, state, act), legal?.[3], `${ownership} ${state} ${act}`)
        checked += 1
      }
    }
  }
  t.equal(checked, 2 * 8 * 11)
})

t.test('a link never leaves the states of its ownership, and never leaves a closed one', async (t) => {
  const own = {
    public: ['draft', 'active', 'suspended', 'ended', 'expired'],
    private: ['draft', 'awaiting-consent', 'active', 'paused', 'expired', 'revoked'],
  }
  for (const [ownership, , , after] of LEGAL) t.ok(own[ownership].includes(after), `${ownership} ${after}`)
  for (const state of CLOSED_STATES) {
    for (const act of LINK_ACTS) {
      t.equal(nextState('public', state, act), undefined, `public ${state} ${act}`)
      t.equal(nextState('private', state, act), undefined, `private ${state} ${act}`)
    }
  }
})

t.test('nothing but the owner’s act makes a private link active', async (t) => {
  const ways = LEGAL.filter(([o, s, , after]) => o === 'private' && s !== 'active' && after === 'active')
  t.same(
    ways.map(([, , act]) => act),
    ['consent', 'resume', 'end-pause'],
  )
})

t.test('what is due', async (t) => {
  const NOW = Date.parse('2026-03-02T06:00:00.000Z')
  const at = (ms: number): string => new Date(NOW + ms).toISOString()
  const cases: [string, Timed, ReturnType<typeof dueAct>][] = [
    ['without an end', { ownership: 'public', state: 'active' }, undefined],
    ['a millisecond before', { ownership: 'public', state: 'active', validUntil: at(1) }, undefined],
    ['at the very moment', { ownership: 'public', state: 'active', validUntil: at(0) }, 'expire'],
    ['suspended', { ownership: 'public', state: 'suspended', validUntil: at(-1) }, 'expire'],
    ['already ended', { ownership: 'public', state: 'ended', validUntil: at(-1) }, undefined],
    ['consent over', { ownership: 'private', state: 'active', consent: { validUntil: at(0) } }, 'expire'],
    [
      'link over, consent not',
      { ownership: 'private', state: 'active', validUntil: at(0), consent: { validUntil: at(9) } },
      'expire',
    ],
    ['pause goes on', { ownership: 'private', state: 'paused', pausedUntil: at(1) }, undefined],
    ['pause over', { ownership: 'private', state: 'paused', pausedUntil: at(0) }, 'end-pause'],
    ['pause without an end', { ownership: 'private', state: 'paused' }, undefined],
    [
      'pause and consent over',
      { ownership: 'private', state: 'paused', pausedUntil: at(0), consent: { validUntil: at(0) } },
      'expire',
    ],
    ['nobody opened it', { ownership: 'private', state: 'awaiting-consent', unopenedUntil: at(0) }, 'expire'],
    ['still to be opened', { ownership: 'private', state: 'awaiting-consent', unopenedUntil: at(1) }, undefined],
    [
      'an unopened invitation of an active link',
      { ownership: 'private', state: 'active', unopenedUntil: at(0) },
      undefined,
    ],
    ['revoked', { ownership: 'private', state: 'revoked', validUntil: at(-1) }, undefined],
  ]
  for (const [name, link, due] of cases) t.equal(dueAct(link, NOW), due, name)
})
