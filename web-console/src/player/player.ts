import type { ReadonlySignal } from '@preact/signals'
import type { NewView, View, ViewEnd } from '../../../gateway/contracts/view.ts'

/** What a player says about its picture. */
export type PlayerState =
  /** Media is asked for; `receiving` until its first bytes, then `first-frame` until a picture. */
  | { kind: 'starting'; step: 'receiving' | 'first-frame' }
  /** New frames arrive; how far the picture is behind the camera's newest, in seconds, where it is known. */
  | { kind: 'live'; ageSeconds: number | undefined }
  /** No new frame for `STALL_AFTER_MS`; what is painted is old. */
  | { kind: 'stalled'; lastFrameAtMs: number }
  /** It will not play by itself any more. `gone`: the gateway no longer serves this view; `end`: why, if it said so. */
  | { kind: 'failed'; why: 'gone' | 'network' | 'media'; end?: ViewEnd }

/**
 * What is heard of a picture. `blocked`: the browser lets no sound begin by itself, so it takes another press. `missing`:
 * it was asked for, and none comes.
 */
export type SoundState = 'muted' | 'starting' | 'heard' | 'blocked' | 'missing'

export interface Player {
  readonly state: ReadonlySignal<PlayerState>
  /** Muted until `listen`; undefined where the view has no sound that may be heard and can be played. */
  readonly sound: ReadonlySignal<SoundState> | undefined
  /** Fetches and plays the sound, or no more of it. */
  listen(isOn: boolean): void
  /** Stops, lets go of the network and leaves the video element black. */
  destroy(): void
}

/**
 * `frugal`: several pictures share the few connections a browser keeps to one host over HTTP/1.1, so no request
 * may be held open; costs a few seconds of age.
 */
export type Attach = (video: HTMLVideoElement, view: View, options: { frugal: boolean }) => Player

/** With a longer gap between frames a picture must not pass for live. */
export const STALL_AFTER_MS = 2_000

/** True when this browser can decode what the view will send. */
export const canPlay = (mimeType: string): boolean =>
  'MediaSource' in globalThis && MediaSource.isTypeSupported(mimeType)

/** What this browser decodes, so that the gateway sends that and nothing else; H.264 is what it can always make. */
export const playableCodecs = (): NonNullable<NewView['codecs']> =>
  canPlay('video/mp4; codecs="hvc1.1.6.L123.B0"') ? ['h264', 'h265'] : ['h264']

/** True when this view has a sound that may be heard here. */
export const canHear = ({ soundMimeType }: View): boolean => soundMimeType !== undefined && canPlay(soundMimeType)

/** Blackens a video element: a picture that may no longer be shown must not stay painted. */
export function blacken(video: HTMLVideoElement): void {
  video.removeAttribute('src')
  video.load()
}
