import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PICTURES = {
  /** 1080p25, about 4 Mbit/s, a key frame every two seconds. */
  main: { size: '1920x1080', framesPerSecond: 25, bitsPerSecond: 4_000_000 },
  /** What walls show in their tiles: 640x360, 15 frames a second, 512 kbit/s. */
  small: { size: '640x360', framesPerSecond: 15, bitsPerSecond: 512_000 },
} as const

export type PictureName = keyof typeof PICTURES

/** H.264 of a test picture; made once. @returns its file */
export function picture(name: PictureName = 'main'): string {
  const { size, framesPerSecond, bitsPerSecond } = PICTURES[name]
  const directory = join(tmpdir(), 'gridlight-bench')
  const file = join(directory, `${size}-${framesPerSecond}.h264`)
  if (existsSync(file)) return file
  mkdirSync(directory, { recursive: true })
  const source = `testsrc2=size=${size}:rate=${framesPerSecond}:duration=10,noise=alls=6:allf=t`
  const gop = framesPerSecond * 2
  const x264 = `keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=0:threads=1:sliced-threads=0`
  const rate = ['-b:v', '-maxrate', '-bufsize'].flatMap((of) => [of, String(bitsPerSecond)])
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-x264-params', x264, ...rate]
  const run = spawnSync('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p'],
    ...encoder,
    ...['-f', 'h264', file],
  ])
  if (run.status !== 0) throw new Error(`ffmpeg: ${run.stderr}`)
  return file
}
