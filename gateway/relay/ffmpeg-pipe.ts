import { type ChildProcess, spawn } from 'node:child_process'

/** Not taken by ffmpeg yet. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024
/** Fed for so long without a byte in return, it hangs. */
const HUNG_MS = 5_000

export interface PipeOptions {
  args: readonly string[]
  monotonicMs(): number
  output(chunk: Buffer): void
  /** It is gone, by itself or because it hung; not told after `close`. */
  ended(why: 'missing' | 'failed' | 'hung'): void
}

/**
 * One ffmpeg that is fed and read for as long as it is wanted. It lives by its standard input: should this process die,
 * it ends with it.
 */
export class FfmpegPipe {
  readonly #options: PipeOptions
  readonly #child: ChildProcess
  /** Since when something was fed and nothing came; undefined while nothing is awaited. */
  #waitsSinceMs: number | undefined
  #isOver = false

  constructor(options: PipeOptions) {
    this.#options = options
    this.#child = spawn('ffmpeg', options.args, { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child.on('error', () => this.#end('missing'))
    this.#child.on('exit', () => this.#end('failed'))
    this.#child.stdin?.on('error', () => {}) // its exit says more
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#waitsSinceMs = undefined
      if (!this.#isOver) options.output(chunk)
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** @returns false if it does not keep up, and then nothing of this was taken. @param bytes are not changed after this */
  write(bytes: Buffer): boolean {
    const stdin = this.#child.stdin
    if (this.#isOver || stdin === null || stdin.writableLength + bytes.length > MAX_BACKLOG_BYTES) return false
    stdin.write(bytes)
    this.#waitsSinceMs ??= this.#options.monotonicMs()
    return true
  }

  /** Call about once a second. */
  tick(): void {
    if (this.#waitsSinceMs === undefined || this.#options.monotonicMs() - this.#waitsSinceMs < HUNG_MS) return
    this.#end('hung')
  }

  close(): void {
    this.#isOver = true
    this.#child.kill('SIGKILL')
  }

  #end(why: 'missing' | 'failed' | 'hung'): void {
    if (this.#isOver) return
    this.close()
    this.#options.ended(why)
  }
}
