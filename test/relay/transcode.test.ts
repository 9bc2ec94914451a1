import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { describe } from '../../gateway/relay/describe.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { serveRelay } from '../fakes/media-http.ts'
import { runTool } from '../fakes/run-tool.ts'

const skip = gstMissing() || toolMissing('ffmpeg', 'ffprobe')
const dialer = createDialer(['127.0.0.0/8'])
const clock = systemClock
const signal = AbortSignal.timeout(110_000)

/** ffmpeg processes that are children of this one. */
const children = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      const [, name, state, parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(stat) ?? []
      return name === 'ffmpeg' && state !== 'Z' && Number(parent) === process.pid
    } catch {
      return false // gone meanwhile
    }
  })

/** A process that was killed goes a moment later. @returns those that are there when `expected` are, or after 5 s */
async function childrenLeft(expected: number): Promise<string[]> {
  const limitMs = performance.now() + 5_000
  while (children().length > expected && performance.now() < limitMs) await setTimeout(10)
  return children()
}

async function server(t: Test): Promise<(mount: string) => () => Promise<{ uri: string }>> {
  const gst = await startGst({ '/jpeg': PIPELINES.jpeg, '/h265': PIPELINES.h265 })
  t.teardown(() => gst.close())
  return (mount) => async () => ({ uri: `rtsp://127.0.0.1:${gst.port}/${mount}` })
}

t.test(
  'JPEG and H.265 become H.264 that ffmpeg decodes without a complaint; ffmpeg goes with the relay',
  { skip },
  async (t) => {
    const source = await server(t)
    for (const mount of ['jpeg', 'h265']) {
      const described = await describe(await source(mount)(), { dialer, clock, play: true }, signal)
      t.match(described, { ok: true, tracks: [{ encoding: mount.toUpperCase(), width: 640, height: 360 }] })
      const pool = new RelayPool({ dialer, clock })
      const lease = pool.transcoded(mount, source(mount))
      if (lease === undefined) throw new Error('no room')
      t.match(await lease.relay.ready(signal), {
        kind: 'ready',
        codec: 'h264',
        mimeType: /avc1\./,
        width: 640,
        height: 360,
      })
      t.equal(children().length, 1)
      const http = await serveRelay(lease.relay)
      const playlist = await (await fetch(`${http.url}index.m3u8`)).text()
      await (await fetch(`${http.url}${playlist.trim().split('\n').at(-1)}?_HLS_msn=2&_HLS_part=0`)).text()
      const decoded = await runTool(
        'ffmpeg',
        ['-v', 'error', '-i', `${http.url}index.m3u8`, '-t', '4', '-f', 'null', '-'],
        signal,
      )
      t.same(decoded, { code: 0, out: '', errors: '' }, mount)
      t.equal((await lease.relay.snapshot(signal))?.toString('hex', 0, 3), 'ffd8ff')
      t.match(lease.relay.health(), { state: 'live' })
      await http.close()
      lease.release()
      await pool.close()
      t.same(await childrenLeft(0), [], 'no ffmpeg is left')
    }
  },
)

t.test('beyond the limit there is none; who leaves makes room', { skip }, async (t) => {
  const source = await server(t)
  const pool = new RelayPool({ dialer, clock, maxTranscodes: 1 })
  t.teardown(() => pool.close())
  const first = pool.transcoded('jpeg', source('jpeg'))
  t.match(await first?.relay.ready(signal), { kind: 'ready' })
  t.equal(pool.transcoded('h265', source('h265')), undefined)
  const shared = pool.transcoded('jpeg', source('jpeg'))
  t.equal(shared?.relay, first?.relay, 'the same one is shared')
  pool.transcoded('jpeg', source('jpeg'))?.release()
  t.equal(pool.transcodes, 1)
  first?.release()
  t.equal(pool.transcoded('h265', source('h265')), undefined, 'one viewer is left')
  shared?.release()
  t.ok(pool.transcoded('h265', source('h265')), 'one that nobody watches any more makes room')
  t.equal(pool.transcodes, 1)
})

t.test('an ffmpeg that hangs or dies is replaced', { skip }, async (t) => {
  const source = await server(t)
  const pool = new RelayPool({ dialer, clock })
  t.teardown(() => pool.close())
  const relay = pool.transcoded('jpeg', source('jpeg'))?.relay
  t.match(await relay?.ready(signal), { kind: 'ready' })
  for (const kill of ['SIGKILL', 'SIGSTOP'] as const) {
    const pid = relay?.pid ?? 0
    process.kill(pid, kill)
    const frames = Promise.withResolvers<void>()
    let seen = 0
    const stop = relay?.subscribe({
      init: () => {},
      chunk: () => {
        if (relay.pid !== pid && relay.pid !== undefined && ++seen > 2) frames.resolve()
      },
      end: () => {},
    })
    await frames.promise
    stop?.()
    t.not(relay?.pid, pid, kill)
  }
  t.equal((await childrenLeft(1)).length, 1, 'the one that hung is gone')
})
