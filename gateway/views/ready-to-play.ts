import type { LiveView } from './live-view.ts'
import type { Relay, RelayPool, StreamSource } from './sources.ts'

/** Of a viewer who says nothing: it looks at the answer's `mimeType`. No browser plays a camera's JPEG as video. */
const ALL_CODECS = ['h264', 'h265']

/** Takes a lease for the view and waits for its media: as they come where the viewer can play that, else made into H.264. */
export async function readyToPlay(
  relays: RelayPool,
  view: LiveView,
  { streamId, source }: StreamSource,
  codecs: readonly string[] = ALL_CODECS,
  signal: AbortSignal,
): ReturnType<Relay['ready']> {
  const options = { sound: view.scopes.includes('audio') }
  const plain = relays.acquire(streamId, source, options)
  view.lease = plain
  const state = await plain.relay.ready(signal)
  if (state.kind !== 'ready' || codecs.includes(state.codec) || view.end.signal.aborted) return state
  view.lease = relays.transcoded(streamId, source, options)
  plain.release()
  if (view.lease !== undefined) return view.lease.relay.ready(signal)
  const detail = `${state.codec} has to be made into H.264 for this viewer, and as many pictures as may are made so now`
  return { kind: 'failed', code: 'transcode-limit', detail }
}
