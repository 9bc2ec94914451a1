import type { Part } from './part.ts'

/** What a request for media gets. */
export type MediaAnswer =
  | {
      kind: 'found'
      contentType: string
      /** 0: no-store */
      cacheSeconds: number
      body: Buffer | readonly Buffer[]
      sizeBytes: number
      /** Must be called once the bytes are written or the response is aborted; more calls do nothing. */
      release(): void
    }
  | { kind: 'refused'; status: 400 | 404 | 410 | 503; code: string }

export function found(
  contentType: string,
  cacheSeconds: number,
  buffers: readonly Buffer[],
  parts: readonly Part[] = [],
): MediaAnswer {
  for (const part of parts) part.retain()
  let held = true
  const [only] = buffers
  return {
    kind: 'found',
    contentType,
    cacheSeconds,
    body: buffers.length === 1 && only !== undefined ? only : buffers,
    sizeBytes: buffers.reduce((sum, buffer) => sum + buffer.length, 0),
    release: () => {
      if (held) for (const part of parts) part.release()
      held = false
    },
  }
}

export function refused(status: 400 | 404 | 410 | 503, code: string): MediaAnswer {
  return { kind: 'refused', status, code }
}
