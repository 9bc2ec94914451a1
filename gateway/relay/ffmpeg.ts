import { spawn } from 'node:child_process'

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024
const TIMEOUT_MS = 10_000
/** One run takes a core for a moment; viewers must not notice. */
const MAX_RUNNING = 2
const MAX_WAITING = 32

/** Runs ffmpeg with bounded time, output and number. */
export class FfmpegRunner {
  #running = 0
  readonly #waiting: (() => void)[] = []

  /** @returns what ffmpeg wrote, or undefined if it is missing, failed, took too long or too many runs wait */
  async run(args: readonly string[], input: readonly Buffer[], signal: AbortSignal): Promise<Buffer | undefined> {
    if (this.#running >= MAX_RUNNING) {
      if (this.#waiting.length >= MAX_WAITING) return undefined
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else {
      this.#running++
    }
    try {
      return signal.aborted
        ? undefined
        : await once(args, input, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

function once(args: readonly string[], input: readonly Buffer[], signal: AbortSignal): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const child = spawn('ffmpeg', args, { stdio: ['pipe', 'pipe', 'ignore'], signal, killSignal: 'SIGKILL' })
    const chunks: Buffer[] = []
    let sizeBytes = 0
    child.on('error', () => resolve(undefined)) // not installed, or aborted
    child.stdin.on('error', () => {}) // ffmpeg has what it needs and closed its input
    child.stdout.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes > MAX_OUTPUT_BYTES) child.kill('SIGKILL')
      else chunks.push(chunk)
    })
    child.on('close', (code) => resolve(code === 0 && sizeBytes > 0 ? Buffer.concat(chunks) : undefined))
    for (const buffer of input) child.stdin.write(buffer)
    child.stdin.end()
  })
}
