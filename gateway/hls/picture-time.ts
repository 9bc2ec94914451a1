/** What sound needs to know of the picture's media time, to go with it. Ticks are those of TIMESCALE. */
export interface PictureTime {
  /** Counts the breaks of media time; -1 before the first picture. */
  readonly generation: number
  /** Media time of what the camera's clock calls `wallMs`; undefined while it does not tell. */
  atSenderTime(wallMs: number): number | undefined
  /** Media time of what arrives at `nowMs` (monotonic). */
  atArrival(nowMs: number): number
  /** Our wall clock of a media time, ms since 1970. */
  wallMsAt(ticks: number): number
}
