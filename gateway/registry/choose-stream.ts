import type { Codec } from '../contracts/device.ts'
import type { NewView } from '../contracts/view.ts'

/** What a viewer says of its screen. */
export type Screen = Pick<NewView, 'codecs' | 'width'>

interface Choice {
  role: string
  codec: Codec
  width: number
}

/** A stream this much narrower than the picture on the screen still looks right. */
const ENOUGH = 0.75

/**
 * The stream that serves best. What the viewer can play comes before what was wished: a camera's H.264 costs nothing, a
 * transcode half a core. `auto` takes the smallest that fills the screen, where the screen's size is known, else the main one.
 */
export function chooseStream<Stream extends Choice>(
  streams: readonly Stream[],
  want: 'auto' | 'main' | 'sub',
  { codecs, width }: Screen = {},
): Stream | undefined {
  const main = streams.find(({ role }) => role === 'main')
  const sub = streams.find(({ role }) => role === 'sub')
  const fits = want === 'auto' && width !== undefined && sub !== undefined && sub.width >= width * ENOUGH
  const wished = [want === 'sub' || fits ? sub : main, main, sub].filter((stream) => stream !== undefined)
  // Of one that says nothing, `auto` supposes the least.
  const played: readonly Codec[] = codecs ?? (want === 'auto' ? ['h264'] : ['h264', 'h265', 'unknown'])
  const asIs = wished.find(({ codec }) => played.includes(codec))
  if (asIs !== undefined) return asIs
  // To be transcoded, unless the viewer plays it after all; the smaller one costs less.
  return codecs !== undefined && want === 'auto' ? (sub ?? main) : wished[0]
}
