import t from 'tap'
import { feed, MAX_HEAP_GROWTH_BYTES } from '../scripts/torture/feed.ts'
import { MEDIA_PARSERS } from '../scripts/torture/media-parsers.ts'
import { MESSAGE_PARSERS } from '../scripts/torture/message-parsers.ts'
import { checkHeld } from '../scripts/torture/parser.ts'
import { PLAYER_PARSERS } from '../scripts/torture/player-parsers.ts'

const INPUTS = 100_000
/** XML takes ten times as long as anything else. */
const FEWER: Readonly<Record<string, number>> = { discovery: 20_000, soap: 20_000 }
/** Inputs of which fewer come so far test nothing but the door. */
const LEAST_REACHED = 50

for (const parser of [...MEDIA_PARSERS, ...MESSAGE_PARSERS, ...PLAYER_PARSERS]) {
  const inputs = FEWER[parser.name] ?? INPUTS
  t.test(`${inputs} broken inputs: ${parser.name}`, async (t) => {
    const { worstMs, reached } = await feed(parser, inputs, 20260302)
    t.comment(`worst ${worstMs.toFixed(1)} ms, ${JSON.stringify(reached)}`)
    t.ok(Object.keys(reached).length > 0)
    for (const [what, times] of Object.entries(reached)) t.ok(times >= LEAST_REACHED, `${times} ${what}`)
  })
}

t.test('nothing was put into the prototype of all objects', async (t) => {
  t.same(Object.keys(Object.prototype), [])
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('a parser that throws, one that dawdles and two that hoard are found', async (t) => {
  const seeds = [Buffer.from('seed')]
  const throws = { name: 'throws', seeds, start: () => () => Buffer.alloc(1).readUInt32BE(0) }
  await t.rejects(feed(throws, 10, 1), /throws, seed 1, input 0: /)
  const dawdle = (): void => {
    for (const until = performance.now() + 60; performance.now() < until; );
  }
  await t.rejects(feed({ name: 'dawdles', seeds, start: () => dawdle }, 10, 1), /slow: \d+ ms, dawdles/)
  t.throws(() => checkHeld({ usedBytes: 1e9, freeBytes: 0 }), /1000000000 bytes of media held/)
  const kept: number[][] = []
  const keep = (): void => void kept.push(new Array<number>(MAX_HEAP_GROWTH_BYTES / 8).fill(0))
  await t.rejects(feed({ name: 'keeps', seeds, start: () => keep }, 4, 1), /hoards: keeps/)
})
