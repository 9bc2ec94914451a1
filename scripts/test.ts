import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { postgresqlBinaries, SHARED_SERVER, startServer } from '../test/fakes/postgresql.ts'

/**
 * Runs types, lint and tap and closes with one line that counts them all. Test files run side by side; those that
 * package.json names as serial, because they measure time, come last and alone.
 */
const root = new URL('..', import.meta.url).pathname
const files = process.argv.slice(2)
const totals = { passed: 0, failed: 0, skipped: 0 }
const tookMs = new Map<string, number>()
const SLOWEST_SHOWN = 10
/** What failed, each assertion before the tests around it: among thousands of lines nobody finds it. */
const failures: string[] = []
const FAILURES_SHOWN = 60
/** The command that runs now; who is told to end passes it on, and then tidies up. */
let running: ChildProcess | undefined
let isOver = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    isOver = true
    running?.kill(signal)
  })
}

// What bootstrap.mjs has built need not be built again, nor is the same source compiled by every process.
process.env.CONSOLE_IS_BUILT = '1'
process.env.NODE_COMPILE_CACHE = `${root}node_modules/.cache/node-compile`
/** tap notes every file that a test loads, for `--changed` alone; without, a file starts a third of a second sooner. */
const WITHOUT_NOTES = '--test-env=_TAPJS_PROCESSINFO_EXCLUDE_=/./'

/** Runs a command with its output shown; resolves with its exit status. */
function run(command: string, args: readonly string[], onLine?: (line: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    if (isOver) return resolve(1)
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'] })
    running = child
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
    if (child.stdout === null || onLine === undefined) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(line)
      onLine(line)
    })
  })
}

async function step(name: string, command: string, args: readonly string[]): Promise<void> {
  const status = await run(command, args)
  console.log(`${status === 0 ? 'ok' : 'NOT OK'} - ${name}`)
  if (status !== 0) failures.push(`not ok - ${name}`)
  totals[status === 0 ? 'passed' : 'failed'] += 1
}

async function tap(testFiles: readonly string[]): Promise<void> {
  let counted = false
  const failedBefore = totals.failed
  const options = ['--reporter=tap', '--disable-coverage', WITHOUT_NOTES]
  const args = ['node_modules/tap/dist/esm/run.mjs', 'run', ...options, ...testFiles]
  const status = await run(process.execPath, args, (line) => {
    const [, file, time] = /^(?:not )?ok \d+ - (\S+\.test\.ts) # time=([\d.]+)ms/.exec(line) ?? []
    if (file !== undefined) tookMs.set(file, Number(time))
    if (/^ *not ok /.test(line) && !/# (?:skip|todo)\b/i.test(line)) failures.push(line)
    const counts = /^# \{ total: .*\}$/.test(line) ? countsOf(line) : undefined
    if (counts === undefined) return
    counted = true
    totals.passed += counts.pass
    totals.failed += counts.fail
    totals.skipped += counts.skip + counts.todo
  })
  if (!counted || (status !== 0 && totals.failed === failedBefore)) {
    console.log(`NOT OK - tap ended with status ${status}${counted ? '' : ' and no counts'}`)
    totals.failed += 1
  }
}

/** tap's closing comment, such as `# { total: 9, pass: 8, fail: 1 }`; counts are assertions. */
function countsOf(line: string): Record<'pass' | 'fail' | 'skip' | 'todo', number> {
  const count = (name: string): number => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0)
  return { pass: count('pass'), fail: count('fail'), skip: count('skip'), todo: count('todo') }
}

if (files.length === 0) {
  await step('types of gateway, scripts and tests', process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'])
  await step('types of the console', process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'web-console'])
  await step('lint and format', './scripts/biome', ['check', '--error-on-warnings', '.'])
}
const ends: (() => Promise<void>)[] = []
const binaries = await postgresqlBinaries()
try {
  // One for all, a database for each test.
  if (binaries !== undefined)
    process.env[SHARED_SERVER] = await startServer({ teardown: (end) => void ends.push(end) }, binaries)
  if (files.length > 0) await tap(files)
  else {
    const { serial }: { serial: string[] } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).tap
    const all = globSync('test/**/*.test.ts', { cwd: root })
    await tap(all.filter((file) => !serial.includes(file)))
    await tap(serial)
  }
} finally {
  for (const end of ends) await end()
}
const slowest = [...tookMs].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN)
console.log(`# slowest: ${slowest.map(([file, ms]) => `${file} ${(ms / 1000).toFixed(1)} s`).join(', ')}`)
for (const line of failures.slice(0, FAILURES_SHOWN)) console.log(`# ${line}`)
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed === 0 ? 0 : 1
