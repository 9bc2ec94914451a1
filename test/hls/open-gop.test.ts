import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { encode } from '../fakes/elementary-stream.ts'
import { toolMissing } from '../fakes/gst-server.ts'
import { MuxedStream } from '../fakes/muxed-stream.ts'

/** Frames that ffmpeg shows, and what it complains of. */
function decoded(bytes: Buffer): { frames: number; errors: string } {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-gop-'))
  const file = join(directory, 'part.mp4')
  writeFileSync(file, bytes)
  const run = spawnSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'framemd5', '-'], { encoding: 'utf8' })
  rmSync(directory, { recursive: true })
  return { frames: run.stdout.split('\n').filter((line) => /^0,/.test(line)).length, errors: run.stderr }
}

/** Two B frames and a reference by turns: two are left before the next key frame, and shown before it. */
const GOP = 24

for (const codec of ['h264', 'h265'] as const) {
  t.test(
    `${codec}: open groups of pictures with B frames, whole and joined in the middle`,
    { skip: toolMissing('ffmpeg') },
    async (t) => {
      const seconds = 6
      const stream = encode(codec, { seconds, gop: GOP, bFrames: 2, openGop: true })
      const muxed = new MuxedStream(codec, { listedSeconds: 30 })
      await muxed.pushAll(stream)
      const keys = muxed.window.segments.flatMap(({ parts }) => parts).filter(({ facts }) => facts.independent)
      t.equal(keys.length, Math.ceil((seconds * 25) / GOP), 'every group is a place to begin')
      const whole = decoded(await muxed.file())
      t.same(whole.errors, '')
      t.ok(whole.frames >= seconds * 25 - 5, `${whole.frames} frames; the last part is not whole`)
      const init = await muxed.bytes(`${muxed.window.prefix}/init-0.mp4`)
      const parts = muxed.window.segments.flatMap((segment) => segment.parts)
      const from = parts.indexOf(keys[3] ?? Object.create(null))
      const joined = decoded(Buffer.concat([init, ...parts.slice(from).flatMap(({ buffers }) => buffers)]))
      t.same(joined.errors, '')
      t.ok(joined.frames >= seconds * 25 - 3 * GOP - 7, `${joined.frames} frames from the fourth group on`)
    },
  )

  t.test(
    `${codec}: a session that begins in the middle leaves out what leads its first key frame`,
    { skip: toolMissing('ffmpeg') },
    async (t) => {
      const { units } = encode(codec, { seconds: 4, gop: GOP, bFrames: 2, openGop: true })
      const muxed = new MuxedStream(codec, { listedSeconds: 30 })
      const isSps = ([first = 0]: Buffer): boolean => (codec === 'h264' ? first % 32 === 7 : first >> 1 === 33)
      const keys = units.flatMap(({ nals }, i) => (nals.some(isSps) ? [i] : []))
      const first = keys[1] ?? 0
      const from = units[first]?.shownAt ?? 0
      const leading = units.slice(first).filter(({ shownAt }) => shownAt < from).length
      t.ok(leading > 0, `${leading} are shown before the key frame they follow`)
      for (const { nals, shownAt } of units.slice(first)) await muxed.push(nals, shownAt - from + 10)
      muxed.segmenter.endSession()
      t.equal(muxed.segmenter.frames, units.length - first - leading)
      t.same(decoded(await muxed.file()), { frames: units.length - first - leading, errors: '' })
    },
  )
}
