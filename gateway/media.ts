/** What passes between the stages of the media plane. Media time is integer ticks of the track's clock rate. */

export type VideoCodec = 'h264' | 'h265' | 'jpeg'

/** Ticks a second in which parts and segments are measured: the RTP clock of H.264 and H.265 (RFC 6184 §8.2.1, RFC 7798 §7.1). */
export const TIMESCALE = 90_000

/** Every peer-fed access unit is bounded; a 4K intra frame of a camera stays well below. */
export const MAX_ACCESS_UNIT_BYTES = 4 * 1024 * 1024

/** RTP gives a JPEG's sides in eight bits, as multiples of eight (RFC 2435 §3.1.5). */
export const MAX_JPEG_SIDE = 2040

/** An AAC frame has at most 6144 bits a channel (ISO/IEC 14496-3 §4.5.3.2), and eight channels are the most. */
export const MAX_AUDIO_FRAME_BYTES = 6144

/** Parameter sets without start codes, in the order they came. `vps` is empty for H.264; of JPEG only `sps`, the size. */
export interface ParameterSets {
  vps: readonly Buffer[]
  sps: readonly Buffer[]
  pps: readonly Buffer[]
}

/** What a decoder must know before the first access unit; all of it read from the parameter sets, never from SDP. */
export interface VideoFormat {
  codec: VideoCodec
  /** RFC 6381, such as `avc1.640028` or `hvc1.1.6.L93.B0`. */
  codecString: string
  width: number
  height: number
  /** Frames that may be shown before a frame decoded earlier; undefined if the stream does not say. */
  reorderFrames: number | undefined
  /** From the timing information of the parameter sets; cameras often misstate it. */
  frameRate: number | undefined
  sets: ParameterSets
}

/** Sound as it is muxed: AAC, told by its AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1). */
export interface AudioFormat {
  codec: 'aac'
  /** RFC 6381, such as `mp4a.40.2`. */
  codecString: string
  sampleRate: number
  channels: number
  /** Samples of a channel in a frame. */
  frameSamples: number
  config: Buffer
}

/** Unpacks the payloads of one RTP track; nothing a peer sends makes it throw. */
export interface Depacketiser {
  /** Call before `push`. @param ticks time of the packet since the first one, clock-rate ticks */
  startPacket(ticks: number): void
  push(bytes: Buffer, start: number, end: number): void
  /** The packet bore the marker bit. */
  endOfPicture(): void
  /** Packets are missing. */
  lost(): void
}

/** Where frames of sound go; the bytes are only good during the call. @param ticks clock-rate ticks */
export interface AudioFrameSink {
  frame(ticks: number, bytes: Buffer, start: number, end: number): void
}

/**
 * Where a payload format writes an access unit, straight from the receive buffer: NAL units, each behind its four-byte
 * length. Of a unit that is in several blocks of memory the last one is from `unitStart` to `end` of `bytes`. The fields
 * are read and written in place to spare an object a packet.
 */
export interface AccessUnitStore {
  bytes: Buffer
  unitStart: number
  end: number
  /** Of the whole unit. */
  readonly unitBytes: number
  /**
   * Makes room for `count` more bytes; false past MAX_ACCESS_UNIT_BYTES. Where another block is needed, what is there from
   * `from` on moves to its beginning, and `unitStart` with it. Without `from` the unit stays in one piece.
   */
  ensure(count: number, from?: number): boolean
  /** Forgets the unit. */
  drop(): void
}

/** Where complete access units go. The bytes lie in the store and stay there if the sink keeps them. */
export interface AccessUnitSink {
  /**
   * @param ticks presentation time since the first packet, clock-rate ticks
   * @param key   true if decoding can start here
   * @param sets  parameter sets in force; the same object as long as they are equal
   * @param afterGap true if units were lost or time jumped since the last one (`key` is then true)
   */
  accessUnit(ticks: number, key: boolean, sets: ParameterSets, afterGap: boolean): void
  /** Something was lost, and no unit comes before the next key frame. */
  gap?(): void
}
