import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { MUTANTS } from './list.ts'

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * Breaks one guard at a time and sees whether its test fails; a mutant that lives is a guard that nobody watches.
 *
 * usage: node scripts/mutants/mutants.ts [PART OF A NAME]
 */
const root = resolve(import.meta.dirname, '../..')
const wanted = MUTANTS.filter(({ name }) => name.includes(process.argv[2] ?? ''))
const run = (test: string, mutant: string | undefined) =>
  spawnSync(
    process.execPath,
    [...(mutant === undefined ? [] : ['--import', join(import.meta.dirname, 'break.ts')]), join(root, test)],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...(mutant === undefined ? {} : { GRIDLIGHT_MUTANT: mutant }) },
      maxBuffer: MAX_OUTPUT_BYTES,
    },
  )

// A test that fails on the whole gateway as well catches nothing.
const sound = new Map(
  [...new Set(wanted.map(({ test }) => test))].map((test) => [test, run(test, undefined).status === 0]),
)
let alive = 0
for (const { name, test } of wanted) {
  const ran = run(test, name)
  // A mutant whose place is gone breaks the run as well, and proves nothing.
  const isMissing = `${ran.stdout}${ran.stderr}`.includes('its place is not there once')
  const isCaught = ran.status !== 0 && !isMissing && sound.get(test) === true
  if (!isCaught) alive += 1
  const verdict = isMissing ? 'NO PLACE' : isCaught ? 'caught' : sound.get(test) ? 'ALIVE' : 'TEST IS BROKEN'
  console.log(`${verdict}  ${name}  (${test})`)
}
console.log(`${wanted.length - alive} of ${wanted.length} mutants caught`)
if (alive > 0) process.exitCode = 1
