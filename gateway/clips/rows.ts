import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Database } from '../storage/database.ts'
import type { ClipStorage } from './files.ts'

/** A row holds so much of a clip: a transaction stays short, and so does what a reader waits for. */
export const ROW_BYTES = 1024 * 1024

/** Clips as rows of the database that several gateways share: each of them can open what any of them has kept. */
export class ClipRows implements ClipStorage {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async write(id: string, buffers: readonly Buffer[]): Promise<{ sizeBytes: number; sha256: string }> {
    const { client } = this.#database
    const hash = createHash('sha256')
    let sizeBytes = 0
    try {
      for (const [at, piece] of piecesOf(buffers)) {
        hash.update(piece)
        sizeBytes += piece.length
        await client.clipPiece.create({ data: { clipId: id, at, bytes: piece } })
      }
    } catch (error) {
      await this.remove(id)
      throw error
    }
    return { sizeBytes, sha256: hash.digest('hex') }
  }

  read(id: string, { start, end }: { start: number; end: number }): Readable {
    return Readable.from(this.#bytes(id, start, end))
  }

  async hashOf(id: string): Promise<string | undefined> {
    const pieces = await this.#database.client.clipPiece.count({ where: { clipId: id } })
    if (pieces === 0) return undefined
    const hash = createHash('sha256')
    for await (const bytes of this.#bytes(id, 0, pieces * ROW_BYTES - 1)) hash.update(bytes)
    return hash.digest('hex')
  }

  async remove(id: string): Promise<void> {
    await this.#database.client.clipPiece.deleteMany({ where: { clipId: id } })
  }

  async *#bytes(id: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = Math.floor(start / ROW_BYTES); at * ROW_BYTES <= end; at += 1) {
      const row = await this.#database.client.clipPiece.findUnique({ where: { clipId_at: { clipId: id, at } } })
      if (row === null) throw new Error(`piece ${at} of clip ${id} is not there`)
      yield row.bytes.subarray(Math.max(0, start - at * ROW_BYTES), end + 1 - at * ROW_BYTES)
    }
  }
}

/** The buffers as pieces of one size, the last one excepted, each with its number. */
function* piecesOf(buffers: readonly Buffer[]): Generator<[at: number, piece: Uint8Array<ArrayBuffer>]> {
  let piece = new Uint8Array(ROW_BYTES)
  let [at, filled] = [0, 0]
  for (const buffer of buffers) {
    for (let from = 0; from < buffer.length; ) {
      const taken = buffer.subarray(from, from + ROW_BYTES - filled)
      piece.set(taken, filled)
      filled += taken.length
      from += taken.length
      if (filled < ROW_BYTES) continue
      yield [at, piece]
      piece = new Uint8Array(ROW_BYTES)
      at += 1
      filled = 0
    }
  }
  if (filled > 0) yield [at, piece.slice(0, filled)]
}
