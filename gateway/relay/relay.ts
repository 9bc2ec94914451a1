import type { Clock } from '../clock.ts'
import { ChunkWriter } from '../cmaf/chunk-writer.ts'
import type { SlabPool } from '../cmaf/slab.ts'
import type { Dialer } from '../dial.ts'
import type { Ending } from '../ending.ts'
import { type MediaAnswer, refused } from '../hls/answer.ts'
import type { SoundRendition } from '../hls/playlist.ts'
import { Segmenter } from '../hls/segmenter.ts'
import { type LiveSink, type ReadQuery, Window } from '../hls/window.ts'
import type { RtpReceiver } from '../rtp/receiver.ts'
import { StreamFault, toFault } from '../rtsp/fault.ts'
import type { StreamSource } from '../rtsp/session.ts'
import { Attempt, type Readiness } from './attempt.ts'
import { backOffMs, STABLE_MS } from './back-off.ts'
import { CameraSession } from './camera-session.ts'
import type { FfmpegRunner } from './ffmpeg.ts'
import { KeyFrameRequest } from './key-frame-request.ts'
import { Rates, type Received } from './rates.ts'
import {
  nextLookMs,
  OFFLINE_MS,
  offlineAfterMs,
  type RelayHealth,
  type RelayState,
  stalledAfterMs,
  TICK_MS,
} from './relay-health.ts'
import { Snapshot } from './snapshot.ts'
import { SOUND_PATH, Sound } from './sound.ts'
import { type StreamMeasures, StreamRecord } from './stream-record.ts'

export interface RelayOptions {
  source(): Promise<StreamSource>
  dialer: Dialer
  clock: Clock
  slabs: SlabPool
  ffmpeg: FfmpegRunner
  onState?(health: RelayHealth): void
  /** Outlives this relay. */
  record?: StreamRecord
  /** Media listed in playlists, seconds. */
  listedSeconds?: number
  /** In [0, 1). */
  random?(): number
}

/** Together with a tick a hung camera is noticed within five seconds. */
const SILENCE_MS = 4_000
/** Longer than the rarest key frames cameras are set to; who sends packets and no picture for so long is asked anew. */
const MAX_KEY_WAIT_MS = 30_000
const SLABS_PER_SECOND = 6
/** Until it is measured. Rather too much: memory that was given back in large blocks serves small ones, not the other way round. */
const USUAL_BITRATE_BPS = 4_000_000
/** A viewer's wish shortens the back-off, but not more often than this. */
const MIN_ATTEMPT_DISTANCE_MS = 5_000

/** One stream: camera to window, for as long as `run` runs. */
export class Relay {
  readonly #options: RelayOptions
  readonly #window: Window
  readonly #writer: ChunkWriter
  readonly #segmenter: Segmenter
  readonly #snapshot: Snapshot
  readonly #sound: Sound
  /** A link covers the sound: only then is it asked of the camera. */
  #wantsSound = false
  /** Ends the session so that the next one begins at once, with the sound. */
  #anew: AbortController | undefined
  #state: RelayState = 'starting'
  #sinceMs: number
  #fault: { code: string; detail: string } | undefined
  readonly #attempt = new Attempt()
  #attemptAtMs = 0
  #wakeUp: AbortController | undefined
  #firstFrameMs: number | undefined
  readonly #record: StreamRecord
  #opening: { atMs: number; playedAtMs?: number } | undefined
  /** While a session plays. */
  #keyFrame: KeyFrameRequest | undefined
  /** While a session plays. */
  #look: (() => void) | undefined
  #receiver: RtpReceiver | undefined
  readonly #rates = new Rates()
  #ended = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#sinceMs = options.clock.now()
    this.#record = options.record ?? new StreamRecord()
    const { clock } = options
    this.#window = new Window({
      monotonicMs: () => clock.monotonicMs(),
      sound: () => this.#sound.rendition,
      sibling: () => this.#sound.report,
      ...(options.listedSeconds === undefined ? {} : { listedSeconds: options.listedSeconds }),
    })
    this.#writer = new ChunkWriter(options.slabs)
    this.#writer.slabBytes = (this.#record.measures?.bitrateBps ?? USUAL_BITRATE_BPS) / SLABS_PER_SECOND / 8
    this.#segmenter = new Segmenter(this.#writer, this.#window, clock, this.#record.frameMs)
    this.#segmenter.onGap = () => this.#keyFrame?.ask()
    this.#snapshot = new Snapshot(this.#window, options.ffmpeg)
    this.#sound = new Sound({
      monotonicMs: () => clock.monotonicMs(),
      slabs: options.slabs,
      picture: this.#segmenter,
      pictureWindow: this.#window,
      ...(options.listedSeconds === undefined ? {} : { listedSeconds: options.listedSeconds }),
    })
  }

  /** Keeps the stream up until the signal is aborted; then everything it held is given back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const unsubscribe = this.#window.subscribe({ init: () => {}, chunk: () => this.#onChunk(), end: () => {} })
    for (let failures = 0; !signal.aborted; failures++) {
      this.#attemptAtMs = clock.monotonicMs()
      try {
        await this.#runOnce(signal)
      } catch (error) {
        if (signal.aborted) break
        // A bug must not take the neighbours down; its text may hold anything, so it is not shown.
        this.#fault = toFault(error) ?? { code: 'internal', detail: error instanceof Error ? error.name : 'unknown' }
        this.#notOpened(this.#fault.code)
      }
      if (signal.aborted) break
      if (this.#anew?.signal.aborted === true) {
        this.#fault = undefined
        failures = -1
        continue
      }
      if (this.#state !== 'offline' && clock.monotonicMs() - this.#attemptAtMs >= STABLE_MS) failures = 0
      this.#offline()
      await this.#pause(backOffMs(failures, this.#fault?.code, this.#options.random ?? Math.random), signal)
      this.#attempt.renew()
      this.#record.reconnects++
    }
    this.#ended = true
    unsubscribe()
    this.#attempt.settle({ kind: 'failed', code: 'stream-ended', detail: 'the stream was ended' })
    this.#window.close()
    this.#writer.close()
    this.#sound.close()
  }

  /** Called every TICK_MS. Ends held requests in time, camera or not. */
  tick(): void {
    this.#look?.()
    this.#window.expire()
    this.#sound.tick()
  }

  /** First playable media is there, or the reason why it will not come before `signal`. */
  async ready(signal: AbortSignal): Promise<Readiness> {
    const resting = this.#state === 'offline' && this.#wakeUp !== undefined
    if (resting && !this.#retryNow()) return this.#failure()
    if (this.#state === 'live' || this.#state === 'stalled') return this.#readiness()
    return this.#attempt.outcome(signal)
  }

  /** From now on the camera's sound is fetched as well; a session without it is begun anew. */
  wantSound(): void {
    if (this.#wantsSound) return
    this.#wantsSound = true
    if (this.#receiver === undefined) return // the next session will have it
    this.#anew?.abort()
    this.#attempt.renew()
    this.#become('starting')
  }

  read(path: string, query: ReadQuery, ending: Ending): MediaAnswer | Promise<MediaAnswer> {
    if (this.#ended) return refused(503, 'stream-ended')
    return path.startsWith(SOUND_PATH)
      ? this.#sound.read(path.slice(SOUND_PATH.length), query, ending)
      : this.#window.read(path, query, ending)
  }

  /** The sound that goes with the picture, or nothing where there is none. */
  subscribeSound(sink: LiveSink): () => void {
    return this.#sound.subscribe(sink)
  }

  /** The sound that goes with the picture, while there is some. */
  get sound(): SoundRendition | undefined {
    return this.#sound.rendition
  }

  /** Counts the breaks of media time. */
  get generation(): number {
    return this.#segmenter.generation
  }

  subscribe(sink: LiveSink): () => void {
    return this.#window.subscribe(sink)
  }

  /** JPEG of the last key frame, or undefined if there is none or ffmpeg is missing. */
  snapshot(signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#snapshot.take(signal)
  }

  health(): RelayHealth {
    const { frames, lastArrivalMs } = this.#segmenter
    const { reconnects, receivedPackets, lostPackets } = this.#record
    return {
      state: this.#state,
      since: this.#sinceMs,
      reconnects,
      receivedPackets: receivedPackets + (this.#receiver?.receivedPackets ?? 0),
      lostPackets: lostPackets + (this.#receiver?.lostPackets ?? 0),
      ...(frames === 0 ? {} : { lastFrameAgeMs: Math.round(this.#options.clock.monotonicMs() - lastArrivalMs) }),
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
      ...this.#measures(),
      ...(this.#firstFrameMs === undefined ? {} : { firstFrameMs: this.#firstFrameMs }),
    }
  }

  #measures(): StreamMeasures {
    const { format, keyFrameIntervalMs, clockOffsetMs } = this.#segmenter
    const { bitrateBps, frameRate } = this.#rates
    return {
      ...(format === undefined ? {} : { codec: format.codecString, width: format.width, height: format.height }),
      ...(bitrateBps === undefined ? {} : { bitrateBps: Math.round(bitrateBps) }),
      ...(frameRate === undefined ? {} : { frameRate: Math.round(frameRate * 10) / 10 }),
      ...(keyFrameIntervalMs === undefined ? {} : { keyFrameIntervalMs: Math.round(keyFrameIntervalMs) }),
      ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    }
  }

  /** Bytes of media held for viewers. */
  get windowBytes(): number {
    return this.#window.sizeBytes + this.#sound.sizeBytes
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    const { clock, dialer } = this.#options
    let receiver: RtpReceiver | undefined
    const opening: { atMs: number; playedAtMs?: number } = { atMs: clock.monotonicMs() }
    this.#opening = opening
    const source = await this.#options.source()
    const session = new CameraSession(source, { dialer, clock })
    const anew = new AbortController()
    this.#anew = anew
    try {
      receiver = await session.open(this.#writer, this.#segmenter, this.#wantsSound ? this.#sound : undefined, signal)
      this.#receiver = receiver
      const playedAtMs = clock.monotonicMs()
      opening.playedAtMs = playedAtMs
      await session.play(signal)
      this.#keyFrame = new KeyFrameRequest(source, () => clock.monotonicMs())
      if (this.#segmenter.firstKeyAtMs === undefined) this.#keyFrame.ask()
      await this.#watch(session, receiver, AbortSignal.any([signal, anew.signal]), playedAtMs)
    } finally {
      this.#record.receivedPackets += receiver?.receivedPackets ?? 0
      this.#record.lostPackets += receiver?.lostPackets ?? 0
      this.#record.frameMs = this.#segmenter.measuredFrameMs ?? this.#record.frameMs
      this.#record.measures = { ...this.#record.measures, ...this.#measures() }
      this.#receiver = undefined
      this.#keyFrame?.stop()
      this.#keyFrame = undefined
      this.#segmenter.endSession()
      this.#sound.end()
      await session.close()
    }
  }

  /** Looked at with every tick while playing: keep-alive, silence, figures. Returns on abort, throws the fault that ended it. */
  async #watch(session: CameraSession, receiver: RtpReceiver, signal: AbortSignal, playedAtMs: number): Promise<void> {
    const { clock } = this.#options
    const over = Promise.withResolvers<void>()
    const between = new AbortController()
    let looksBetween = false
    const figures = (atMs: number): Received => ({
      packets: receiver.receivedPackets,
      bytes: session.receivedBytes,
      frames: this.#segmenter.frames,
      atMs,
    })
    let last = figures(playedAtMs)
    let heardAtMs = playedAtMs
    const look = (): void => {
      const nowMs = clock.monotonicMs()
      const now = figures(nowMs)
      if (now.packets !== last.packets) heardAtMs = nowMs
      last = this.#measure(last, now) ? now : { ...last, packets: now.packets }
      session.keepAlive()
      if (nowMs - heardAtMs >= SILENCE_MS) throw new StreamFault('stalled', `no media for ${SILENCE_MS} ms`)
      const { firstKeyAtMs, frameMs, lastArrivalMs, waitsForKey } = this.#segmenter
      if (nowMs - Math.max(playedAtMs, lastArrivalMs) > MAX_KEY_WAIT_MS)
        throw new StreamFault('no-key-frame', `none in ${MAX_KEY_WAIT_MS} ms`)
      if (firstKeyAtMs !== undefined && waitsForKey) this.#keyFrame?.ask()
      this.#judge(nowMs - lastArrivalMs)
      const nextMs = nextLookMs(this.#state, nowMs - lastArrivalMs, frameMs)
      if (nextMs >= TICK_MS || looksBetween) return
      looksBetween = true
      void clock.sleep(nextMs, between.signal).then(
        () => {
          looksBetween = false
          this.#look?.()
        },
        () => undefined, // nothing is watched any more
      )
    }
    this.#look = () => {
      try {
        look()
      } catch (error) {
        over.reject(error)
      }
    }
    const onAbort = (): void => over.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    void session.ended.then(over.reject)
    if (signal.aborted) onAbort()
    try {
      await over.promise
    } finally {
      this.#look = undefined
      between.abort()
      signal.removeEventListener('abort', onAbort)
    }
  }

  #judge(ageMs: number): void {
    const { frameMs } = this.#segmenter
    if (this.#state === 'live' && ageMs >= stalledAfterMs(frameMs)) {
      this.#become('stalled')
    } else if (this.#state === 'stalled' && ageMs >= offlineAfterMs(frameMs)) {
      this.#fault = { code: 'stalled', detail: `no picture for ${OFFLINE_MS} ms` }
      this.#attempt.renew()
      this.#become('offline')
    }
  }

  #measure(from: Received, to: Received): boolean {
    if (!this.#rates.measure(from, to)) return false
    this.#writer.slabBytes = (this.#rates.bitrateBps ?? 0) / SLABS_PER_SECOND / 8
    return true
  }

  #onChunk(): void {
    if (!this.#segmenter.waitsForKey) this.#keyFrame?.stop()
    if (this.#state === 'live' || this.#receiver === undefined) return // the rest of a session that is over
    this.#opened()
    this.#fault = undefined
    this.#become('live')
    this.#attempt.settle(this.#readiness())
  }

  #opened(): void {
    const { firstKeyAtMs } = this.#segmenter
    const { atMs, playedAtMs } = this.#opening ?? {}
    if (atMs === undefined || playedAtMs === undefined || firstKeyAtMs === undefined) return
    this.#opening = undefined
    this.#firstFrameMs = Math.round(firstKeyAtMs - playedAtMs)
    const startedAtMs = this.#options.clock.now() - (this.#options.clock.monotonicMs() - atMs)
    this.#record.opened({ atMs: startedAtMs, connectMs: playedAtMs - atMs, firstFrameMs: firstKeyAtMs - atMs })
  }

  #notOpened(fault: string): void {
    if (this.#opening !== undefined) this.#record.opened({ atMs: this.#options.clock.now(), fault })
    this.#opening = undefined
  }

  #offline(): void {
    this.#become('offline')
    this.#attempt.settle(this.#failure())
  }

  #become(state: RelayState): void {
    if (state === this.#state) return
    this.#state = state
    this.#sinceMs = this.#options.clock.now()
    this.#options.onState?.(this.health())
  }

  #readiness(): Readiness {
    const format = this.#segmenter.format
    if (format === undefined) return this.#failure()
    const { codecString, width, height } = format
    const { sound } = this
    return {
      kind: 'ready',
      codec: format.codec,
      mimeType: `video/mp4; codecs="${codecString}"`,
      ...(sound === undefined ? {} : { soundMimeType: `audio/mp4; codecs="${sound.codecString}"` }),
      width,
      height,
    }
  }

  #failure(): Readiness {
    return { kind: 'failed', ...(this.#fault ?? { code: 'connection-lost', detail: 'no connection to the camera' }) }
  }

  /** A wrong password is not tried again because somebody watches: cameras count and lock. */
  #retryNow(): boolean {
    const rested = this.#options.clock.monotonicMs() - this.#attemptAtMs >= MIN_ATTEMPT_DISTANCE_MS
    if (this.#fault?.code === 'unauthorized' || !rested || this.#wakeUp === undefined) return false
    this.#wakeUp.abort()
    this.#attempt.renew()
    return true
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const wakeUp = new AbortController()
    this.#wakeUp = wakeUp
    await this.#options.clock.sleep(ms, AbortSignal.any([signal, wakeUp.signal])).catch(() => undefined) // woken early
    this.#wakeUp = undefined
  }
}
