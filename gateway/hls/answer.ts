import type { Part } from './part.ts'

/** What a request for media gets. */
export type MediaAnswer =
  | {
      kind: 'found'
      contentType: string
      /** 0: no-store */
      cacheSeconds: number
      /** Text is ASCII. */
      body: string | readonly Buffer[]
      /** Must be called once the bytes are written or the response is aborted; more calls do nothing. */
      release(): void
    }
  | { kind: 'refused'; status: 400 | 404 | 410 | 503; code: string }

export function found(
  contentType: string,
  cacheSeconds: number,
  buffers: readonly Buffer[],
  parts: readonly Part[] = NO_PARTS,
): MediaAnswer {
  return new Lent(contentType, cacheSeconds, buffers, parts)
}

/** @param text ASCII, as of now: no cache may keep it */
export function foundText(contentType: string, text: string): MediaAnswer {
  return { kind: 'found', contentType, cacheSeconds: 0, body: text, release: () => {} }
}

const NO_PARTS: readonly Part[] = []

class Lent {
  readonly kind = 'found'
  readonly contentType: string
  readonly cacheSeconds: number
  readonly body: readonly Buffer[]
  #parts: readonly Part[]

  constructor(contentType: string, cacheSeconds: number, buffers: readonly Buffer[], parts: readonly Part[]) {
    for (const part of parts) part.retain()
    this.contentType = contentType
    this.cacheSeconds = cacheSeconds
    this.body = buffers
    this.#parts = parts
  }

  release(): void {
    const parts = this.#parts
    this.#parts = NO_PARTS
    for (const part of parts) part.release()
  }
}

export function refused(status: 400 | 404 | 410 | 503, code: string): MediaAnswer {
  return { kind: 'refused', status, code }
}
