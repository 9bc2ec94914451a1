import type { Part } from '../cmaf/part.ts'
import type { Init, Window } from '../hls/window.ts'
import type { FfmpegRunner } from './ffmpeg.ts'
import { jpegArguments } from './transcode.ts'

/** JPEG of the newest key frame: one ffmpeg run for all who ask at the same time, none if the frame is the same. */
export class Snapshot {
  readonly #window: Window
  readonly #runner: FfmpegRunner
  #last: { partId: number; jpeg: Promise<Buffer | undefined> } | undefined

  constructor(window: Window, runner: FfmpegRunner) {
    this.#window = window
    this.#runner = runner
  }

  async take(signal: AbortSignal): Promise<Buffer | undefined> {
    const part = this.#window.newestKeyPart
    const init = this.#window.init
    if (part === undefined || init === undefined) return undefined
    if (this.#last?.partId !== part.facts.id) {
      this.#last = { partId: part.facts.id, jpeg: this.#encode(init, part, signal) }
    }
    const run = this.#last
    const jpeg = await run.jpeg
    // A run that failed or was aborted by the one who started it must not answer those who come later.
    if (jpeg === undefined && this.#last === run) this.#last = undefined
    return jpeg
  }

  async #encode(init: Init, part: Part, signal: AbortSignal): Promise<Buffer | undefined> {
    part.retain()
    try {
      return await this.#runner.run(jpegArguments(), [init.bytes, ...part.buffers], signal)
    } finally {
      part.release()
    }
  }
}
