import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

const Id = /^[0-9a-f-]{36}$/

/** Where the bytes of clips lie. */
export interface ClipStorage {
  /** Writes and flushes. @returns size and SHA-256 of what was written; throws when the storage refuses */
  write(id: string, buffers: readonly Buffer[]): Promise<{ sizeBytes: number; sha256: string }>
  /** @param range bytes, the last one included */
  read(id: string, range: { start: number; end: number }): Readable
  /** SHA-256 of the clip as it is now, hex; undefined where there is none. */
  hashOf(id: string): Promise<string | undefined>
  remove(id: string): Promise<void>
}

/** Clips as files of the data directory, readable by the gateway alone. */
export class ClipFiles implements ClipStorage {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  #pathOf(id: string): string {
    if (!Id.test(id)) throw new Error('not the id of a clip')
    return join(this.#directory, `${id}.mp4`)
  }

  async write(id: string, buffers: readonly Buffer[]): Promise<{ sizeBytes: number; sha256: string }> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    await chmod(this.#directory, 0o700)
    const path = this.#pathOf(id)
    const hash = createHash('sha256')
    let sizeBytes = 0
    const file = await open(path, 'wx', 0o600)
    try {
      for (const buffer of buffers) {
        await file.writeFile(buffer)
        hash.update(buffer)
        sizeBytes += buffer.length
      }
      await file.sync()
    } catch (error) {
      await file.close()
      await rm(path, { force: true })
      throw error
    }
    await file.close()
    return { sizeBytes, sha256: hash.digest('hex') }
  }

  read(id: string, range: { start: number; end: number }): Readable {
    return createReadStream(this.#pathOf(id), range)
  }

  async hashOf(id: string): Promise<string | undefined> {
    const hash = createHash('sha256')
    try {
      for await (const chunk of createReadStream(this.#pathOf(id))) hash.update(chunk)
    } catch {
      return undefined
    }
    return hash.digest('hex')
  }

  /** Of the clips whose files are here. */
  async ids(): Promise<string[]> {
    const names = await readdir(this.#directory).catch(() => [])
    return names.flatMap((name) => (name.endsWith('.mp4') ? [name.slice(0, -'.mp4'.length)] : []))
  }

  async remove(id: string): Promise<void> {
    await rm(this.#pathOf(id), { force: true })
  }
}
