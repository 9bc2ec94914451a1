import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a program that we did not write to its end. @returns its exit code and what it said */
export async function runTool(
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: unknown; out: string; errors: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
  let [out, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const [code] = await once(child, 'close')
  return { code, out, errors }
}
