import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Compared, freePort, type Sample } from './processes.ts'

/** A program that does the relay's work for the same cameras, to be measured beside it. */
export interface Peer {
  sample(): Sample
  stop(): Promise<void>
  /** Where a viewer finds the stream of a camera, for those that serve viewers. */
  url?(camera: number): string
  /** The playlist of a camera, for those that write files. */
  file?(camera: number): string
}

type Start = (streams: number, sourcePort: number) => Promise<Peer>

const GSTREAMER = fileURLToPath(new URL('gst-hls.py', import.meta.url))
/** Debian's own, which has the GObject bindings. */
const PYTHON = '/usr/bin/python3'

/** As in gst-hls.py. */
const PLAYLIST = 'i.m3u8'

const uriOf = (port: number, camera: number): string => `rtsp://127.0.0.1:${port}/${camera}`

/** One process a camera, as many recorders do. */
const ffmpeg: Start = async (streams, port) => {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  const processes = new Compared()
  for (let i = 0; i < streams; i++) {
    const to = join(directory, String(i))
    mkdirSync(to)
    const input = ['-v', 'fatal', '-rtsp_transport', 'tcp', '-i', uriOf(port, i)]
    const output = ['-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_list_size', '6', '-hls_flags', 'delete_segments']
    processes.start('ffmpeg', [...input, ...output, join(to, PLAYLIST)])
  }
  return { ...peerOf(processes, directory), file: (i) => join(directory, String(i), PLAYLIST) }
}

/** All cameras in one process: rtspsrc to hlssink2. */
const gstreamer: Start = async (streams, port) => {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  const processes = new Compared()
  const uris = Array.from({ length: streams }, (_, i) => uriOf(port, i))
  processes.start(PYTHON, [GSTREAMER, directory, ...uris])
  return { ...peerOf(processes, directory), file: (i) => join(directory, String(i), PLAYLIST) }
}

/** LL-HLS of all cameras, whether watched or not. */
const mediamtx =
  (binary: string): Start =>
  async (streams, port) => {
    const directory = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
    const http = await freePort()
    const paths = Array.from({ length: streams }, (_, i) => [
      `s${i}`,
      { source: uriOf(port, i), rtspTransport: 'tcp', sourceOnDemand: false },
    ])
    const config = {
      logLevel: 'error',
      ...{
        rtsp: false,
        rtmp: false,
        webrtc: false,
        srt: false,
        moq: false,
        api: false,
        metrics: false,
        playback: false,
      },
      ...{ hls: true, hlsAddress: `127.0.0.1:${http}`, hlsAlwaysRemux: true, hlsVariant: 'lowLatency' },
      ...{ hlsSegmentCount: 7, hlsSegmentDuration: '1s', hlsPartDuration: '200ms' },
      paths: Object.fromEntries(paths),
    }
    const file = join(directory, 'mediamtx.yml')
    writeFileSync(file, JSON.stringify(config)) // YAML holds JSON
    const processes = new Compared()
    processes.start(binary, [file])
    return { ...peerOf(processes, directory), url: (i) => `http://127.0.0.1:${http}/s${i}/index.m3u8` }
  }

/** Fetches a camera only while somebody watches it; its viewers get one endless fMP4. */
const go2rtc =
  (binary: string): Start =>
  async (streams, port) => {
    const directory = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
    const http = await freePort()
    const names = Array.from({ length: streams }, (_, i) => [`s${i}`, uriOf(port, i)])
    const config = {
      api: { listen: `127.0.0.1:${http}` },
      ...{ rtsp: { listen: '' }, webrtc: { listen: '' }, srtp: { listen: '' }, log: { level: 'error' } },
      streams: Object.fromEntries(names),
    }
    const file = join(directory, 'go2rtc.yaml')
    writeFileSync(file, JSON.stringify(config))
    const processes = new Compared()
    processes.start(binary, ['-config', file])
    return { ...peerOf(processes, directory), url: (i) => `http://127.0.0.1:${http}/api/stream.mp4?src=s${i}` }
  }

function peerOf(processes: Compared, directory: string): Peer {
  return {
    sample: () => processes.sample(),
    stop: async () => {
      await processes.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const { BENCH_MEDIAMTX, BENCH_GO2RTC } = process.env

/** Those that work without viewers. */
export const FETCHING: Readonly<Record<string, Start>> = {
  ffmpeg,
  gstreamer,
  ...(BENCH_MEDIAMTX === undefined ? {} : { mediamtx: mediamtx(BENCH_MEDIAMTX) }),
}

/** Those that serve viewers over HTTP. */
export const SERVING: Readonly<Record<string, Start>> = {
  ...(BENCH_MEDIAMTX === undefined ? {} : { mediamtx: mediamtx(BENCH_MEDIAMTX) }),
  ...(BENCH_GO2RTC === undefined ? {} : { go2rtc: go2rtc(BENCH_GO2RTC) }),
}
