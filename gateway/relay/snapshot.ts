import type { Chunk } from '../cmaf/chunk.ts'
import type { Init, Window } from '../hls/window.ts'
import type { FfmpegRunner } from './ffmpeg.ts'
import { jpegArguments } from './transcode.ts'

/** JPEG of the newest key frame: one ffmpeg run for all who ask at the same time, none if the frame is the same. */
export class Snapshot {
  readonly #window: Window
  readonly #runner: FfmpegRunner
  #last: { chunkId: number; jpeg: Promise<Buffer | undefined> } | undefined

  constructor(window: Window, runner: FfmpegRunner) {
    this.#window = window
    this.#runner = runner
  }

  async take(signal: AbortSignal): Promise<Buffer | undefined> {
    const chunk = this.#window.newestKeyChunk
    const init = this.#window.init
    if (chunk === undefined || init === undefined) return undefined
    if (this.#last?.chunkId !== chunk.facts.id) {
      this.#last = { chunkId: chunk.facts.id, jpeg: this.#encode(init, chunk, signal) }
    }
    const run = this.#last
    const jpeg = await run.jpeg
    // A run that failed or was aborted by the one who started it must not answer those who come later.
    if (jpeg === undefined && this.#last === run) this.#last = undefined
    return jpeg
  }

  async #encode(init: Init, chunk: Chunk, signal: AbortSignal): Promise<Buffer | undefined> {
    chunk.retain()
    try {
      return await this.#runner.run(jpegArguments(), [init.bytes, ...chunk.buffers], signal)
    } finally {
      chunk.release()
    }
  }
}
