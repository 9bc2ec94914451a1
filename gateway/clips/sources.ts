/** Immutable bytes that all readers share; whoever keeps them past the call retains them, and releases them once. */
export interface ClipChunk {
  readonly facts: { startTicks: number; durationTicks: number; independent: boolean }
  readonly buffers: readonly Buffer[]
  readonly sizeBytes: number
  retain(): unknown
  release(): void
}

/** Takes the chunks of a stream as they are finished. */
export interface ClipSink {
  init(init: { bytes: Buffer }): void
  chunk(chunk: ClipChunk): void
  /** Nothing more will come. */
  end(): void
}

/** The running fetch of a stream, as a clip uses it. */
export interface ClipLease {
  relay: {
    ready(signal: AbortSignal): Promise<{ kind: 'ready'; mimeType: string } | { kind: 'failed' }>
    /** Init first, then every chunk from the newest key frame on. @returns ends it */
    subscribe(sink: ClipSink): () => void
  }
  release(): void
}
