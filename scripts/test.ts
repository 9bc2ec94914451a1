import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Runs types, lint and tap one after the other and closes with one line that counts them all. */
const root = new URL('..', import.meta.url).pathname
const files = process.argv.slice(2)
const totals = { passed: 0, failed: 0, skipped: 0 }

/** Runs a command with its output shown; resolves with its exit status. */
function run(command: string, args: readonly string[], onLine?: (line: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'] })
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
  totals[status === 0 ? 'passed' : 'failed'] += 1
}

async function tap(): Promise<void> {
  let counted = false
  const args = ['node_modules/tap/dist/esm/run.mjs', 'run', '--reporter=tap', '--disable-coverage', ...files]
  const status = await run(process.execPath, args, (line) => {
    const counts = /^# \{ total: .*\}$/.test(line) ? countsOf(line) : undefined
    if (counts === undefined) return
    counted = true
    totals.passed += counts.pass
    totals.failed += counts.fail
    totals.skipped += counts.skip + counts.todo
  })
  if (!counted || (status !== 0 && totals.failed === 0)) {
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
await tap()
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
process.exitCode = totals.failed === 0 ? 0 : 1
