/** What passes between the stages of the media plane. Media time is integer ticks of the track's clock rate. */

export type VideoCodec = 'h264' | 'h265'

/** Every peer-fed access unit is bounded; a 4K intra frame of a camera stays well below. */
export const MAX_ACCESS_UNIT_BYTES = 4 * 1024 * 1024

/** Parameter sets without start codes, in the order they came. `vps` is empty for H.264. */
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

/**
 * Where a payload format writes an access unit, straight from the receive buffer: NAL units, each behind its four-byte
 * length, from `unitStart` to `end` of `bytes`. The fields are read and written in place to spare an object a packet.
 */
export interface AccessUnitStore {
  bytes: Buffer
  unitStart: number
  end: number
  /** Makes room for `count` more bytes, moving the unit if need be; false past MAX_ACCESS_UNIT_BYTES. */
  ensure(count: number): boolean
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
}
