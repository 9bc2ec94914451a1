import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** 1080p25 H.264, about 4 Mbit/s, a key frame every two seconds; made once. @returns its file */
export function picture(): string {
  const directory = join(tmpdir(), 'gridlight-bench')
  const file = join(directory, '1080p25.h264')
  if (existsSync(file)) return file
  mkdirSync(directory, { recursive: true })
  const input = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080:rate=25:duration=10,noise=alls=6:allf=t']
  const rate = ['-b:v', '4M', '-maxrate', '4M', '-bufsize', '4M']
  const encoder = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-x264-params',
    'keyint=50:min-keyint=50:scenecut=0:bframes=0:threads=1:sliced-threads=0',
  ]
  const run = spawnSync('ffmpeg', [
    '-v',
    'error',
    ...input,
    '-pix_fmt',
    'yuv420p',
    ...encoder,
    ...rate,
    '-f',
    'h264',
    file,
  ])
  if (run.status !== 0) throw new Error(`ffmpeg: ${run.stderr}`)
  return file
}
