import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Channel, Device, Scene, VideoSpec } from './township-data.ts'

const run = promisify(execFile)

/** Two encoders at once keep both cores of a small machine busy and no more. */
const JOBS = 2
const KEY_FRAME_SECONDS = 2
const ENCODE_TIMEOUT_MS = 120_000
/** Changes whenever the pictures are drawn in another way, so that old clips are not taken for new ones. */
const DRAWING = 5

/** Colours of the sky, the ground and of what moves, and how fast it moves in pixels a second. */
const SCENES = {
  street: { sky: '0x8fb3c9', land: '0x5f7f63', ground: '0x55585c', mover: '0xa03020', speed: 140 },
  granary: { sky: '0xb8c4cc', land: '0x9a8a62', ground: '0x77725f', mover: '0x3f6f3a', speed: 60 },
  gate: { sky: '0xa9c6b4', land: '0x4d7040', ground: '0x6a675c', mover: '0x2f4f8f', speed: 90 },
  shop: { sky: '0xd8c9a8', land: '0x8a6242', ground: '0x5e5148', mover: '0xd0a020', speed: 50 },
  parking: { sky: '0x9db7d4', land: '0x66707a', ground: '0x44484c', mover: '0xe0e0e0', speed: 110 },
  square: { sky: '0x86b0e0', land: '0xb0b4b0', ground: '0x8f8a84', mover: '0xc04060', speed: 40 },
  reservoir: { sky: '0xa8c8dc', land: '0x3f6a4a', ground: '0x2f5f78', mover: '0xf0f0e0', speed: 25 },
  school: { sky: '0xbcd4e8', land: '0x7a9a6a', ground: '0xa05a48', mover: '0xf0d040', speed: 70 },
  clinic: { sky: '0xcfdde4', land: '0x8fa8a0', ground: '0x808488', mover: '0xf8f8f8', speed: 80 },
  station: { sky: '0xc4ccd0', land: '0x857a6c', ground: '0x5f6266', mover: '0x2f7f5f', speed: 60 },
} satisfies Record<Scene, Record<string, string | number>>

/** Debian's fonts that have Chinese characters, the small one first; names need one of them. */
const FONTS = [
  '/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc',
  '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
  '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc',
]
const LATIN_FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'

/** Where one channel's looping clips lie: Annex-B streams, their frame indexes, and a still picture. */
export interface ChannelMedia {
  main: ClipFiles
  sub: ClipFiles
  snapshotFile: string
}

export interface ClipFiles {
  spec: VideoSpec
  streamFile: string
  /** ffmpeg's framecrc listing: one line a frame with decode time, display time and size in bytes. */
  indexFile: string
}

export interface MediaOptions {
  mediaDir: string
  loopSeconds: number
  signal: AbortSignal
  log: (entry: { event: string; [key: string]: unknown }) => void
}

/**
 * Makes the clips of all channels that `mediaDir` does not hold yet, keyed by all that decides their bytes.
 * @throws when ffmpeg is not installed or fails
 */
export async function prepareMedia(
  devices: readonly Device[],
  options: MediaOptions,
): Promise<Map<string, ChannelMedia>> {
  await mkdir(options.mediaDir, { recursive: true })
  const font = await firstOf([...FONTS, LATIN_FONT])
  const wanted = devices.flatMap((device) => device.channels.map((channel) => ({ device, channel })))
  const made = new Map<string, ChannelMedia>()
  const queue = wanted.values()
  const work = async (): Promise<void> => {
    for (const { device, channel } of queue) {
      made.set(channel.id, await channelMedia(device, channel, font, options))
      options.log({ event: 'clip', camera: channel.id, done: made.size, total: wanted.length })
    }
  }
  await Promise.all(Array.from({ length: JOBS }, work))
  return made
}

async function channelMedia(
  device: Device,
  channel: Channel,
  font: string | undefined,
  { mediaDir, loopSeconds, signal }: MediaOptions,
): Promise<ChannelMedia> {
  const name = font === LATIN_FONT ? channel.id : channel.name
  const { main, sub } = device
  const key = createHash('sha256')
    .update(JSON.stringify([DRAWING, name, channel.scene, main, sub, loopSeconds, font]))
    .digest('hex')
    .slice(0, 24)
  const dir = join(mediaDir, key)
  const clip = (spec: VideoSpec, role: string): ClipFiles => ({
    spec,
    streamFile: join(dir, `${role}.${spec.codec}`),
    indexFile: join(dir, `${role}.txt`),
  })
  const media = { main: clip(main, 'main'), sub: clip(sub, 'sub'), snapshotFile: join(dir, 'still.jpg') }
  if (await exists(dir)) return media

  // Drawn beside its place and moved there whole: a clip that exists is complete, whoever made it.
  const draft = await mkdtemp(join(mediaDir, 'draft-'))
  try {
    await writeFile(join(draft, 'name.txt'), name)
    const picture = scene(channel.scene, main, loopSeconds, font)
    const scaled = `split=3[main][sub0][still];[sub0]scale=${sub.width}:${sub.height}:flags=fast_bilinear,fps=${sub.frameRate}[sub]`
    const args = ['-v', 'error', '-y', '-filter_complex', `${picture},${scaled}`]
    args.push(...encode('[main]', main, 'main'), ...encode('[sub]', sub, 'sub'))
    args.push('-map', '[still]', '-frames:v', '1', '-q:v', '5', '-f', 'image2', '-update', '1', 'still.jpg')
    await run('ffmpeg', args, { cwd: draft, signal, timeout: ENCODE_TIMEOUT_MS })
    await rename(draft, dir).catch(async (error: NodeJS.ErrnoException) => {
      if (!(await exists(dir))) throw error
    })
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return media
}

/** A still landscape with grain, something that crosses it, the name, and a clock honestly labelled as a demo's. */
function scene(
  kind: Scene,
  { width, height, frameRate }: VideoSpec,
  seconds: number,
  font: string | undefined,
): string {
  const { sky, land, ground, mover, speed } = SCENES[kind]
  const horizon = Math.round(height * 0.62)
  const still = [
    `gradients=s=${width}x${height}:r=${frameRate}:d=${1 / frameRate}:c0=${sky}:c1=${land}:x0=0:y0=0:x1=0:y1=${height}:nb_colors=2`,
    'format=yuv420p',
    `drawbox=y=${horizon}:h=${height - horizon}:w=${width}:c=${ground}:t=fill`,
    `drawbox=x=${Math.round(width * 0.1)}:y=${Math.round(height * 0.35)}:w=${Math.round(width * 0.22)}:h=${Math.round(height * 0.27)}:c=${land}@0.8:t=fill`,
    `drawbox=x=${Math.round(width * 0.66)}:y=${Math.round(height * 0.42)}:w=${Math.round(width * 0.25)}:h=${Math.round(height * 0.2)}:c=${ground}@0.7:t=fill`,
    'noise=alls=12:allf=a',
    label(font, 'textfile=name.txt', 'x=24', height),
    `loop=loop=${seconds * frameRate - 1}:size=1:start=0`,
    `setpts=N/${frameRate}/TB`,
  ]
  const size = { w: Math.round(width / 10) & ~1, h: Math.round(height / 13) & ~1 }
  const moving = `color=c=${mover}:s=${size.w}x${size.h}:r=${frameRate}:d=${seconds},format=yuv420p`
  const clock = `text='${font === LATIN_FONT ? 'DEMO ·' : '演示 DEMO ·'}':timecode='00\\:00\\:00\\:00':r=${frameRate}`
  return [
    `${still.filter((step) => step !== '').join(',')}[land];${moving}[mover];[land][mover]overlay=x='mod(t*${speed},W+w)-w':y=${Math.round(height * 0.75)}:shortest=1`,
    'noise=alls=7:allf=t',
    label(font, clock, 'x=w-tw-24', height),
  ]
    .filter((step) => step !== '')
    .join(',')
}

function label(font: string | undefined, what: string, where: string, height: number): string {
  if (font === undefined) return ''
  return `drawtext=fontfile=${font}:${what}:${where}:y=20:fontsize=${Math.round(height / 18)}:fontcolor=white:box=1:boxcolor=black@0.5`
}

/** Raw stream and frame index from one encoding. Groups are closed, so that the end joins the beginning. */
function encode(pad: string, spec: VideoSpec, role: string): string[] {
  const group = spec.frameRate * KEY_FRAME_SECONDS
  const rate = spec.kilobitsPerSecond
  const limits = ['-b:v', `${rate}k`, '-maxrate', `${Math.round(rate * 1.2)}k`, '-bufsize', `${rate}k`]
  const x265 = `log-level=error:keyint=${group}:min-keyint=${group}:scenecut=0:open-gop=0:bframes=0:pools=1:frame-threads=1:repeat-headers=1`
  const groups = ['-g', `${group}`, '-keyint_min', `${group}`, '-sc_threshold', '0', '-pix_fmt', 'yuv420p']
  const h264 = ['-preset', 'superfast', '-threads', '1', '-profile:v', 'main', '-bf', spec.bFrames ? '2' : '0']
  // RTP carries two tables of quantisation and none of Huffman's (RFC 2435 §3.1.8, Appendix B).
  const jpeg = ['-huffman', 'default', '-force_duplicated_matrix', '1', '-pix_fmt', 'yuvj420p']
  const { codec, muxer } = {
    h264: { codec: ['-c:v', 'libx264', ...h264, ...groups], muxer: 'h264' },
    h265: { codec: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', x265, ...groups], muxer: 'hevc' },
    jpeg: { codec: ['-c:v', 'mjpeg', ...jpeg], muxer: 'mjpeg' },
  }[spec.codec]
  const outputs = `[f=${muxer}]${role}.${spec.codec}|[f=framecrc]${role}.txt`
  return ['-map', pad, ...codec, ...limits, '-f', 'tee', outputs]
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files) if (await exists(file)) return file
  return undefined
}
