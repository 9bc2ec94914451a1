import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

export interface Sample {
  cpuMs: number
  memoryBytes: number
}

/** Processes that a bench compares with; what they cost is read from /proc, with the children they have. */
export class Compared {
  readonly #children: ChildProcess[] = []

  start(command: string, args: readonly string[], options: SpawnOptions = {}): void {
    this.#children.push(spawn(command, args, { stdio: 'ignore', ...options }))
  }

  sample(): Sample {
    const pids = this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...childrenOf(pid)]))
    const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0)
    return { cpuMs: sum(cpuMs), memoryBytes: sum(pssBytes) }
  }

  async stop(): Promise<void> {
    const gone = this.#children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit'))
    for (const child of this.#children) child.kill('SIGKILL')
    await Promise.all(gone)
  }
}

function childrenOf(pid: number): number[] {
  const own = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number)
  return own.flatMap((child) => [child, ...childrenOf(child)])
}

/** User and system time of a process (proc(5): fields 14 and 15, in hundredths of a second). */
function cpuMs(pid: number): number {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10
}

export const pssBytes = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024

/** Empty of a process that has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address === null || typeof address === 'string' ? 0 : address.port
}
