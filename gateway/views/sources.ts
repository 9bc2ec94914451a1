import type { Hours, Link, LinkScope } from '../contracts/link.ts'
import type { LiveStreamState } from '../contracts/live-socket.ts'
import type { NewView } from '../contracts/view.ts'
import type { Ending } from '../ending.ts'
import type { Tx } from '../storage/database.ts'
import type { GateCamera } from './gate.ts'

/** All of a stream's sound lies below this path, beside its picture. */
export const SOUND_PATH = 'sound/'

/** Bytes of a relay, lent until `release`; they are sent as they are, never copied. */
export type MediaAnswer =
  | {
      kind: 'found'
      contentType: string
      /** 0: no-store */
      cacheSeconds: number
      /** Text is ASCII. */
      body: string | readonly Buffer[]
      release(): void
    }
  | { kind: 'refused'; status: 400 | 404 | 410 | 503; code: string }

/** One running fetch of a stream, as a view uses it. Waits end with what they are given. */
export interface Relay {
  /** First playable media is there, or the reason why it will not come; `timeout` once the signal is aborted. */
  ready(
    signal: AbortSignal,
  ): Promise<{ kind: 'ready'; codec: string; mimeType: string; soundMimeType?: string } | RelayFault>
  /** @param path below the view's own URL, such as `index.m3u8` */
  read(path: string, reload: BlockingReload, ending: Ending): MediaAnswer | Promise<MediaAnswer>
  /** JPEG of the newest key frame; undefined while there is none. */
  snapshot(signal: AbortSignal): Promise<Buffer | undefined>
  /** Init first, then every chunk from the newest key frame on, the first ones before this returns. @returns ends it */
  subscribe(sink: LiveSink): () => void
  /** The same of its sound; nothing comes while there is none. */
  subscribeSound(sink: LiveSink): () => void
  health(): { state: LiveStreamState; lastFrameAgeMs?: number }
}

/** Takes chunks as they are finished. */
export interface LiveSink {
  init(init: { bytes: Buffer }): void
  /** @param isPast a newer one follows at once: the stream had gone further before this sink came */
  chunk(chunk: LiveChunk, isPast: boolean): void
  /** Nothing more will come. */
  end(): void
}

/** Immutable bytes that all viewers share; whoever keeps them past the call retains them, and releases them once. */
export interface LiveChunk {
  readonly facts: { startTicks: number; durationTicks: number; independent: boolean }
  readonly buffers: readonly Buffer[]
  readonly sizeBytes: number
  retain(): unknown
  release(): void
}

export interface RelayFault {
  kind: 'failed'
  code: string
  detail: string
}

/** Delivery directives of a playlist request (RFC 8216bis §6.2.5). */
export interface BlockingReload {
  msn?: number
  part?: number
  skip?: boolean
  /** The reader may hear it: playlists name the sound then. */
  sound?: boolean
}

export interface RelayLease {
  relay: Relay
  /** More calls do nothing. */
  release(): void
}

export interface StreamSource {
  streamId: string
  role: 'main' | 'sub'
  /** Asked at every connection attempt, so a changed password is taken up. */
  source: () => Promise<{
    uri: string
    username?: string
    password?: string
    transport?: 'tcp' | 'udp'
    pin?: string
    onFirstCertificate?(sha256: string): void
    askKeyFrame?(signal: AbortSignal): void
  }>
}

export interface RelayPool {
  /** @param options.sound a link covers it: else the camera is not asked for it */
  acquire(streamId: string, source: StreamSource['source'], options: { sound: boolean }): RelayLease
  /** The same with its picture made into H.264; undefined where as many as may are made so already. */
  transcoded(streamId: string, source: StreamSource['source'], options: { sound: boolean }): RelayLease | undefined
}

export interface Cameras {
  camera(id: string): Promise<GateCamera | undefined>
  /** The stream that serves the wish best; undefined when the camera has none. */
  streamSource(
    cameraId: string,
    want: 'auto' | 'main' | 'sub',
    screen?: Pick<NewView, 'codecs' | 'width'>,
  ): Promise<StreamSource | undefined>
}

export interface ViewLinks {
  /** The camera's link that is in force or was the last to be, as it is at this moment. */
  linkFor(client: Tx, cameraId: string): Promise<Link | undefined>
  /** When the link was active and what was agreed then, in order of time. */
  activePeriods(client: Tx, linkId: string): Promise<AgreedPeriod[]>
  /** Time as consent sees it, UTC milliseconds. */
  now(): number
}

/** A stretch of time in which a link was active, UTC milliseconds. */
export interface AgreedPeriod {
  fromMs: number
  untilMs: number
  scopes: readonly LinkScope[]
  hours?: Hours
}
