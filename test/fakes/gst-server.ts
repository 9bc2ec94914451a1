import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('gst-rtsp-server.py', import.meta.url))
/** Debian's own, which has the GObject bindings. */
const PYTHON = '/usr/bin/python3'

/** False, or why tests with GStreamer's RTSP server are skipped. */
export function gstMissing(): string | false {
  const check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
  return spawnSync(PYTHON, ['-c', check]).status === 0 ? false : 'GStreamer RTSP server is not installed'
}

export function toolMissing(...tools: string[]): string | false {
  const missing = tools.filter((tool) => spawnSync(tool, ['-version']).status !== 0)
  return missing.length === 0 ? false : `not installed: ${missing.join(', ')}`
}

export interface GstServer {
  port: number
  close(): Promise<void>
}

/** @param mounts path to gst-launch description */
export async function startGst(
  mounts: Record<string, string>,
  user?: { name: string; password: string },
): Promise<GstServer> {
  const login = user === undefined ? [] : ['--user', user.name, '--password', user.password]
  const args = [SCRIPT, ...login, ...Object.entries(mounts).map(([path, launch]) => `${path}=${launch}`)]
  const child: ChildProcess = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000)
  })
  const exited = once(child, 'exit')
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const match = /port (\d+)/.exec(text)
      if (match !== null) resolve(Number(match[1]))
    })
    child.on('exit', (code) => reject(new Error(`GStreamer server ended with ${code}: ${errors}`)))
  })
  return {
    port,
    close: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const SOURCE = 'videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! videoconvert'
const TONE = 'audiotestsrc is-live=true freq=440 samplesperbuffer=320'
const AAC = `${TONE} ! audio/x-raw,rate=16000,channels=1 ! voaacenc bitrate=32000 ! rtpmp4gpay name=pay1 pt=97`
const PCMA = `${TONE} ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8`
export const PIPELINES = {
  h264: `( ${SOURCE} ! x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 config-interval=-1 )`,
  h264BFrames: `( ${SOURCE} ! x264enc bframes=2 b-adapt=false key-int-max=25 speed-preset=veryfast rc-lookahead=5 ! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1 )`,
  h265: `( ${SOURCE} ! x265enc key-int-max=25 speed-preset=ultrafast tune=zerolatency ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1 )`,
  h264Aac: `( ${SOURCE} ! x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 config-interval=-1 ${AAC} )`,
  h264Pcma: `( ${SOURCE} ! x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph264pay name=pay0 pt=96 config-interval=-1 ${PCMA} )`,
  jpeg: `( ${SOURCE} ! video/x-raw,format=I420 ! jpegenc ! rtpjpegpay name=pay0 pt=26 )`,
}
