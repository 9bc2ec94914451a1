import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { Segmenter } from '../../gateway/hls/segmenter.ts'
import { Window } from '../../gateway/hls/window.ts'
import type { RtpReceiver } from '../../gateway/rtp/receiver.ts'
import { videoReceiver } from '../../gateway/rtp/video.ts'
import { FakeClock } from './clock.ts'
import type { ElementaryStream } from './elementary-stream.ts'
import { bytesOf } from './media-bytes.ts'
import { payloads, rtpPacket } from './rtp-packets.ts'

export interface MuxOptions {
  /** Media listed, seconds. */
  listedSeconds?: number
  frameTicks?: number
  firstTimestamp?: number
  /** As the camera's description names it. */
  frameRate?: number
  /** Distance of frames as measured when the stream was last fetched. */
  knownFrameMs?: number
}

/** RTP receiver, segmenter and window wired as in a relay, with time that moves with the frames. */
export class MuxedStream {
  readonly clock = new FakeClock()
  readonly slabs = new SlabPool()
  readonly window: Window
  readonly segmenter: Segmenter
  readonly writer: ChunkWriter
  readonly receiver: RtpReceiver
  readonly #codec: 'h264' | 'h265'
  readonly #frameTicks: number
  readonly #first: number
  #sequence = 0

  constructor(codec: 'h264' | 'h265', options: MuxOptions = {}) {
    this.#codec = codec
    this.#frameTicks = options.frameTicks ?? 3600
    this.#first = options.firstTimestamp ?? 0
    const listed = options.listedSeconds === undefined ? {} : { listedSeconds: options.listedSeconds }
    this.window = new Window({ monotonicMs: () => this.clock.monotonicMs(), ...listed })
    this.writer = new ChunkWriter(this.slabs)
    this.segmenter = new Segmenter(this.writer, this.window, this.clock, options.knownFrameMs)
    this.segmenter.startSession(codec, options.frameRate)
    const track = { codec, payloadType: 96, clockRate: 90_000, sets: { vps: [], sps: [], pps: [] } }
    this.receiver = videoReceiver(track, this.writer, this.segmenter)
  }

  /** @param at display position of the unit, counted in frames */
  async push(nals: readonly Buffer[], at: number, timestamp = this.#first + at * this.#frameTicks): Promise<void> {
    const all = payloads(this.#codec, nals)
    for (const [i, payload] of all.entries()) {
      const packet = rtpPacket(this.#sequence++, timestamp, i === all.length - 1, payload)
      this.receiver.packet(packet, 0, packet.length)
    }
    await this.clock.advance(this.#frameTicks / 90)
  }

  lose(packets = 1): void {
    this.#sequence += packets
  }

  async pushAll(stream: ElementaryStream, from = 0): Promise<void> {
    for (const unit of stream.units) await this.push(unit.nals, from + unit.shownAt)
  }

  async text(path = `${this.window.prefix}/video.m3u8`, query = {}): Promise<string> {
    return (await this.bytes(path, query)).toString()
  }

  async bytes(path: string, query = {}): Promise<Buffer> {
    const answer = await this.window.read(path, query, AbortSignal.timeout(60_000))
    if (answer.kind === 'refused') throw new Error(`${path}: ${answer.status} ${answer.code}`)
    const bytes = bytesOf(answer)
    answer.release()
    return bytes
  }

  /** Init and all that follows it in the window, as one file. */
  async file(initId = 0): Promise<Buffer> {
    const parts = this.window.segments
      .filter((segment) => segment.initId === initId)
      .flatMap((segment) => segment.parts)
    return Buffer.concat([
      await this.bytes(`${this.window.prefix}/init-${initId}.mp4`),
      ...parts.flatMap((part) => part.buffers),
    ])
  }
}
