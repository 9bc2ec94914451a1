import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { lacksFfmpeg, MEDIA_DIR } from './running.ts'

const MAIN = resolve(import.meta.dirname, '../../scripts/virtual-township/main.ts')

t.test('the township as a process', { skip: lacksFfmpeg }, async (t) => {
  const args = ['--media', MEDIA_DIR, '--address', '127.0.25.0', '--ports', 'free', '--quiet', '--only', 'cam-dongjie']
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const next = lines(child)

  t.match(await next('camera'), { id: 'cam-dongjie', make: 'hikvision', onvif: /^127\.0\.25\.1:\d+$/ })
  t.match(await next('ready'), { cameras: 1 })
  child.stdin?.write('{"do":"motion","camera":"dongjiekou"}\n')
  t.match(await next('motion'), { id: 'dongjiekou' })
  child.stdin?.write('{"do":"fault","camera":"dongjiekou","kind":"stall"}\n')
  t.match(await next('fault'), { kind: 'stall' })
  child.stdin?.write('{"do":"dance"}\nnonsense\n')
  await next('error')
  await next('error')

  const startMs = performance.now()
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
  t.ok(performance.now() - startMs < 2000, 'within two seconds')
})

/** Waits for the next line of one event. */
function lines(child: ChildProcess): (event: string) => Promise<unknown> {
  const seen: { event: string }[] = []
  const waiting = new Map<string, (line: unknown) => void>()
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text)
      const wake = waiting.get(line.event)
      if (wake === undefined) seen.push(line)
      else {
        waiting.delete(line.event)
        wake(line)
      }
    })
  }
  return (event) => {
    const at = seen.findIndex((line) => line.event === event)
    if (at !== -1) return Promise.resolve(seen.splice(at, 1)[0])
    return new Promise((resolve) => waiting.set(event, resolve))
  }
}
