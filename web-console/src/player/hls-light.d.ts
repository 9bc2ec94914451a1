// The light build (without subtitles, DRM and alternative audio) ships no types of its own.
declare module 'hls.js/light' {
  import Hls from 'hls.js'

  export * from 'hls.js'
  // biome-ignore lint/style/noDefaultExport: it is how hls.js exports its class
  export default Hls
}
