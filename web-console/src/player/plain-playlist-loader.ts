import Hls, {
  type Loader,
  type LoaderCallbacks,
  type LoaderConfiguration,
  type PlaylistLoaderContext,
} from 'hls.js/light'

// Cast: hls.js declares its configured loader for any context; the default one serves playlists.
const DefaultLoader = Hls.DefaultConfig.loader as new (
  config: typeof Hls.DefaultConfig,
) => Loader<PlaylistLoaderContext>

const LOW_LATENCY_TAGS = /^#EXT-X-(?:SERVER-CONTROL|PART-INF|PART|PRELOAD-HINT|RENDITION-REPORT)[:\n].*\n?/gm

/** What remains of an LL-HLS playlist for a player that holds no requests open (RFC 8216 without its 2nd edition). */
const withoutLowLatency = (playlist: string): string => playlist.replace(LOW_LATENCY_TAGS, '')

/** Loads playlists as plain HLS, so that they are polled and never waited for. */
export class PlainPlaylistLoader extends DefaultLoader {
  override load(
    context: PlaylistLoaderContext,
    config: LoaderConfiguration,
    callbacks: LoaderCallbacks<PlaylistLoaderContext>,
  ): void {
    super.load(context, config, {
      ...callbacks,
      onSuccess: (response, stats, answered, details) => {
        const data = typeof response.data === 'string' ? withoutLowLatency(response.data) : response.data
        callbacks.onSuccess({ ...response, ...(data === undefined ? {} : { data }) }, stats, answered, details)
      },
    })
  }
}
