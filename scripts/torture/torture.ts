import { parseArgs } from 'node:util'
import { feed } from './feed.ts'
import { killUnderLoad } from './kills.ts'
import { MEDIA_PARSERS } from './media-parsers.ts'
import { MESSAGE_PARSERS } from './message-parsers.ts'
import { PLAYER_PARSERS } from './player-parsers.ts'

/**
 * A million broken inputs for each parser of what somebody outside sends, and a thousand kills of a gateway under load.
 * An input that fails is printed in hexadecimal with the seed that makes it again; keep it as a test.
 *
 * usage: node scripts/torture/torture.ts [--inputs 1000000] [--seed 1] [--kills 1000] [--only "rtp h264"]
 */
const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '1000' },
    only: { type: 'string' },
  },
})
const inputs = Number(values.inputs)
for (const parser of [...MEDIA_PARSERS, ...MESSAGE_PARSERS, ...PLAYER_PARSERS]) {
  if (values.only !== undefined && parser.name !== values.only) continue
  const { seconds, worstMs, heapGrowthBytes, reached } = await feed(parser, inputs, Number(values.seed))
  const figures = [
    `${inputs} inputs in ${seconds.toFixed(1)} s`,
    `${Math.round(inputs / seconds)} a second`,
    `worst ${worstMs.toFixed(1)} ms`,
    `heap ${(heapGrowthBytes / 2 ** 20).toFixed(1)} MB`,
    Object.entries(reached)
      .map(([what, times]) => `${times} ${what}`)
      .join(', '),
  ]
  console.log(`${parser.name}: ${figures.join('; ')}`)
}

if (values.only === undefined || values.only === 'kills') {
  const startedMs = performance.now()
  const report = await killUnderLoad(Number(values.kills), (kill) => {
    if (kill % 100 === 0) console.log(`kills: ${kill}`)
  })
  console.log(
    `${values.kills} kills in ${((performance.now() - startedMs) / 1000).toFixed(0)} s: ${JSON.stringify(report)}`,
  )
  if (report.lost.length + report.doubled + report.mistold > 0 || report.integrity !== 'ok') process.exitCode = 1
}
