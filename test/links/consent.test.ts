import t from 'tap'
import type { Hours } from '../../gateway/contracts/link.ts'
import { isWithinHours, widerThanAsked } from '../../gateway/links/consent.ts'

const DAY = 24 * 60

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** The plain way: every minute of the day that a window holds. */
function minutes({ from, to }: Hours): Set<number> {
  const of = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  const all = new Set<number>()
  let minute = of(from)
  do {
    all.add(minute)
    minute = (minute + 1) % DAY
  } while (minute !== of(to))
  return all
}

t.test('a window lies in another when all its minutes do', async (t) => {
  const times = [0, 1, 360, 719, 720, 1080, 1439].map(clock)
  const windows = times.flatMap((from) => times.map((to) => ({ from, to, set: minutes({ from, to }) })))
  let checked = 0
  let wrong = 0
  for (const inner of windows) {
    for (const outer of windows) {
      const expected = [...inner.set].every((minute) => outer.set.has(minute))
      if (isWithinHours(inner, outer) !== expected) {
        wrong += 1
        t.fail(`${inner.from}-${inner.to} in ${outer.from}-${outer.to} should be ${expected}`)
      }
      checked += 1
    }
  }
  t.equal(checked, 49 * 49)
  t.equal(wrong, 0)
})

t.test('consent may be what was asked or less', async (t) => {
  const asked = {
    scopes: ['live', 'snapshot'] as const,
    hours: { from: '22:00', to: '06:00' },
    validUntil: '2027-01-01T00:00:00.000Z',
  }
  const given = { scopes: ['live'] as const, validUntil: '2026-06-01T00:00:00.000Z' }
  const cases: [string, Parameters<typeof widerThanAsked>[1], RegExp | undefined][] = [
    ['less', { ...given, scopes: ['live'] }, undefined],
    ['the same', { scopes: ['snapshot', 'live'], hours: asked.hours, validUntil: asked.validUntil }, undefined],
    [
      'the same moment in another offset',
      { ...given, scopes: ['live'], validUntil: '2027-01-01T08:00:00+08:00' },
      undefined,
    ],
    ['hours within, over midnight', { ...given, scopes: ['live'], hours: { from: '23:00', to: '05:00' } }, undefined],
    ['one more scope', { ...given, scopes: ['live', 'audio'] }, /audio/],
    ['a millisecond longer', { ...given, scopes: ['live'], validUntil: '2027-01-01T00:00:00.001Z' }, /2027/],
    ['a minute earlier', { ...given, scopes: ['live'], hours: { from: '21:59', to: '06:00' } }, /22:00/],
    ['the whole day', { ...given, scopes: ['live'], hours: { from: '00:00', to: '00:00' } }, /22:00/],
  ]
  for (const [name, consent, expected] of cases) {
    const what = widerThanAsked({ ...asked, scopes: [...asked.scopes] }, consent)
    if (expected === undefined) t.equal(what, undefined, name)
    else t.match(what, expected, name)
  }
  const open = widerThanAsked({ scopes: ['live'] }, { scopes: ['live'], validUntil: '2099-01-01T00:00:00Z' })
  t.equal(open, undefined, 'a link without end or hours sets no bound')
})
