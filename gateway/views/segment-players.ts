/**
 * Players that read whole segments only (RFC 8216). They name themselves; whoever does not is taken to know parts, since
 * waiting would cost every low-latency player up to a key-frame interval.
 */
const SEGMENT_PLAYERS = /\b(?:Lavf|libmpv|VLC|GStreamer)\b/

/**
 * In the first seconds of a relay its playlist lists parts and no segment yet: to such a player an empty one, at which
 * ffmpeg gives up. It is answered once the first segment is whole.
 */
export function waitsForSegment(userAgent: string | undefined, path: string): boolean {
  return path.endsWith('.m3u8') && userAgent !== undefined && SEGMENT_PLAYERS.test(userAgent)
}
