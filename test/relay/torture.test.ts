import t from 'tap'
import { feed } from '../../scripts/torture/feed.ts'
import { MEDIA_PARSERS } from '../../scripts/torture/media-parsers.ts'

const INPUTS = 100_000

for (const parser of MEDIA_PARSERS) {
  t.test(`${INPUTS} broken inputs: ${parser.name}`, async (t) => {
    t.doesNotThrow(() => feed(parser, INPUTS, 20260302))
  })
}

t.test('the broken inputs come deep: many a part is made of them', async (t) => {
  const muxers = MEDIA_PARSERS.filter(({ figures }) => figures !== undefined)
  t.equal(muxers.length, 3)
  for (const parser of muxers) {
    feed(parser, 10_000, 7)
    const parts = parser.figures?.().parts ?? 0
    t.ok(parts > 10, `${parser.name}: ${parts} parts`)
  }
})

t.test('a parser that throws, and one that hoards, are found', async (t) => {
  const seeds = [Buffer.from('seed')]
  const throws = { name: 'throws', seeds, start: () => () => Buffer.alloc(1).readUInt32BE(0) }
  t.throws(() => feed(throws, 10, 1), /throws, seed 1, input 0: /)
  t.throws(
    () => feed({ name: 'hoards', seeds, start: () => () => {}, figures: () => ({ heldBytes: 1e9, parts: 0 }) }, 10, 1),
    /hoards/,
  )
})
