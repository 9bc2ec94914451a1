/** Kept behind the picture, seconds; a little, for the decoder to go back to. */
const KEEP_BEHIND_S = 4
/** A picture that stands still, as on a hidden page, is left behind: it jumps when it goes on. */
const LEFT_BEHIND_S = 20
/** Appending that does not keep up with a live stream for so long never will. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024

/** Media Source Extensions as a live stream needs them: appended in order, removed behind. */
export interface MediaBuffer {
  /** @param keyAtS where decoding can start with these bytes, seconds; undefined where it cannot */
  append(bytes: Uint8Array<ArrayBuffer>, keyAtS?: number): void
  destroy(): void
}

export interface MediaBufferOptions {
  /** Where it is shown or heard. */
  element: HTMLMediaElement
  mimeType: string
  /** All that came so far can be played. */
  onAppended(): void
  /** The browser cannot play this. */
  onFault(): void
}

export function openMediaBuffer({ element, mimeType, onAppended, onFault }: MediaBufferOptions): MediaBuffer {
  const source = new MediaSource()
  const url = URL.createObjectURL(source)
  /** Where decoding can start, ascending; the first one is where the buffer begins. */
  let keys: number[] = []
  let queue: { bytes: Uint8Array<ArrayBuffer>; keyAtS: number | undefined }[] = []
  let queuedBytes = 0
  let buffer: SourceBuffer | undefined
  let isOver = false

  const fail = (): void => {
    if (!isOver) onFault()
  }

  source.onsourceopen = () => {
    URL.revokeObjectURL(url)
    try {
      buffer = source.addSourceBuffer(mimeType)
    } catch {
      fail() // the codec is none of this browser's
      return
    }
    source.duration = Number.POSITIVE_INFINITY
    buffer.onupdateend = () => {
      if (isOver) return
      if (queue.length === 0) onAppended()
      else pump()
    }
    buffer.onerror = fail
    pump()
  }
  element.addEventListener('error', fail)
  element.src = url

  function pump(): void {
    if (buffer === undefined || buffer.updating || queue.length === 0 || source.readyState !== 'open') return
    if (removeBehind(KEEP_BEHIND_S)) return
    const batch = queue
    try {
      buffer.appendBuffer(joined(batch.map(({ bytes }) => bytes)))
    } catch (error) {
      const isFull = error instanceof DOMException && error.name === 'QuotaExceededError'
      // Full although little is kept: what lies behind the picture goes as well, and then the picture must.
      if (!isFull || !removeBehind(0)) fail()
      return
    }
    queue = []
    queuedBytes = 0
    keys.push(...batch.flatMap(({ keyAtS }) => keyAtS ?? []))
  }

  /**
   * Whole groups of pictures only: a removal always goes on to the next key frame (MSE §3.5.9), so it must end at one.
   * @returns whether there was any
   */
  function removeBehind(keepS: number): boolean {
    const newest = keys.at(-1) ?? 0
    const at = newest - element.currentTime > LEFT_BEHIND_S ? newest : element.currentTime
    const until = keys.findLast((key) => key <= at - keepS)
    const [oldest] = keys
    if (buffer === undefined || until === undefined || oldest === undefined || until <= oldest) return false
    keys = keys.filter((key) => key >= until)
    buffer.remove(0, until)
    return true
  }

  return {
    append(bytes, keyAtS) {
      queue.push({ bytes, keyAtS })
      queuedBytes += bytes.length
      if (queuedBytes > MAX_QUEUED_BYTES) {
        fail()
        return
      }
      pump()
    },
    destroy() {
      isOver = true
      queue = []
      element.removeEventListener('error', fail)
    },
  }
}

function joined(chunks: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [only] = chunks
  if (chunks.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
