import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { GATEWAY_FLAGS } from '../gateway-flags.ts'
import { discard } from './discard.ts'
import { flag, option } from './options.ts'
import { FETCHING } from './peers.ts'
import { PICTURES, type PictureName, picture } from './picture.ts'
import { pssBytes, type Sample } from './processes.ts'
import { type SourceKind, startSource } from './source.ts'

/**
 * What the relay costs and what its viewers get. CPU and memory per stream, nobody watching: receive-and-discard in Node
 * (the floor), our relay, and beside them, each with the same sources in the same run, one `ffmpeg -c copy -f hls` per
 * camera, GStreamer, and MediaMTX if BENCH_MEDIAMTX names its binary. Then what first-frame.ts prints: how long a first
 * picture takes, cold and warm, and how old frames are. Compare ratios, never figures of two runs.
 *
 * usage: node scripts/bench/relay.ts [--streams 50] [--seconds 20] [--warm-up 60] [--alone] [--small] [--scattered]
 * `--alone`: floor and relay only. `--small`: sub-streams of 640x360, 500 unless `--streams` says otherwise.
 * `--scattered`: each camera has its key frames at a time of its own, as real ones do; else all have them in step.
 */

/** The window is full after ten seconds; V8 goes on compiling what happens only from then on, seldom as it does, for 45 s. */
const WARM_UP_S = 60

const SELF = fileURLToPath(import.meta.url)
const [role] = process.argv.slice(2)

if (role === 'source') await playSource()
else if (role === 'floor' || role === 'relay') await playReader(role)
else await main()

interface Measured {
  sample(): Promise<Sample> | Sample
  stop(): Promise<void>
  ownBytes: number
}

async function main(): Promise<void> {
  const kind: PictureName = flag('small') ? 'small' : 'main'
  const streams = option('streams', kind === 'small' ? 500 : 50)
  const seconds = option('seconds', 20)
  const warmUp = option('warm-up', WARM_UP_S)
  const how: SourceKind = flag('scattered') ? 'scattered' : 'in-step'
  const source = fork(SELF, ['source', kind, how])
  const port = (await message(source)) as number
  const cpuPercent = new Map<string, number>()
  const peers = flag('alone') || kind === 'small' ? [] : Object.keys(FETCHING)
  try {
    for (const name of ['floor', 'relay', ...peers]) {
      const start = FETCHING[name]
      const measured: Measured =
        start === undefined
          ? await startReader(name, streams, port, kind)
          : { ...(await start(streams, port)), ownBytes: 0 }
      await delay(warmUp * 1000)
      const before = await measured.sample()
      await delay(seconds * 1000)
      const after = await measured.sample()
      await measured.stop()
      const percent = (after.cpuMs - before.cpuMs) / (seconds * 10) / streams
      cpuPercent.set(name, percent)
      const megabytes = (after.memoryBytes - measured.ownBytes) / streams / 1e6
      console.log(
        `${name.padEnd(9)} ${percent.toFixed(3)} % of a core a stream, ${megabytes.toFixed(2)} MB a stream (PSS) beyond ${(measured.ownBytes / 1e6).toFixed(0)} MB of the process itself`,
      )
      await delay(1000)
    }
  } finally {
    source.kill()
  }
  const relay = cpuPercent.get('relay') ?? Number.NaN
  for (const [name, percent] of cpuPercent)
    if (name !== 'relay') console.log(`relay / ${name}: ${(relay / percent).toFixed(2)}x`)
  if (peers.length > 0) await once(fork(SELF.replace('relay.ts', 'first-frame.ts'), []), 'exit')
}

async function playSource(): Promise<void> {
  const kind = process.argv[3] === 'small' ? 'small' : 'main'
  const how = process.argv[4] as SourceKind // what whoever forked this said
  process.send?.(await startSource(readFileSync(picture(kind)), PICTURES[kind].framesPerSecond, how))
}

async function playReader(kind: 'floor' | 'relay'): Promise<void> {
  const streams = Number(process.argv[3])
  const port = Number(process.argv[4])
  let report = (): string => ''
  const ownBytes = pssBytes(process.pid)
  // It wakes the process a thousand times a second, so it is left out where CPU is what is asked for.
  const loop = process.argv[5] === 'small' ? monitorEventLoopDelay({ resolution: 1 }) : undefined
  loop?.enable()
  if (kind === 'relay') {
    const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock, onState: () => {} })
    for (let i = 0; i < streams; i++) pool.acquire(`s${i}`, async () => ({ uri: `rtsp://127.0.0.1:${port}/${i}` }))
    report = () => {
      const all = [...pool.running()].map(([, relay]) => relay)
      const health = all.map((relay) => relay.health())
      const live = health.filter(({ state }) => state === 'live').length
      const lost = health.reduce((sum, { lostPackets }) => sum + lostPackets, 0)
      const rates = health.map(({ frameRate }) => frameRate ?? 0).sort((a, b) => a - b)
      const window = all.reduce((sum, relay) => sum + relay.windowBytes, 0) / streams / 1e6
      const bps = health.reduce((sum, { bitrateBps }) => sum + (bitrateBps ?? 0), 0) / streams / 1e6
      return `${live} live, ${lost} packets lost, slowest ${rates[0]} frames a second, window ${window.toFixed(1)} MB, ${bps.toFixed(2)} Mbit/s a stream`
    }
  }
  if (kind === 'floor') for (let i = 0; i < streams; i++) discard(port)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const delays =
      loop === undefined
        ? ''
        : `, loop delay p99 ${(loop.percentile(99) / 1e6).toFixed(1)} ms, most ${(loop.max / 1e6).toFixed(0)} ms`
    if (kind === 'relay') console.log(`          ${report()}${delays}`)
    loop?.reset()
    process.send?.({ cpuMs: (user + system) / 1000, memoryBytes: pssBytes(process.pid) } satisfies Sample)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(ownBytes)
}

async function startReader(name: string, streams: number, port: number, kind: PictureName): Promise<Measured> {
  const child = fork(SELF, [name, String(streams), String(port), kind], { execArgv: GATEWAY_FLAGS })
  const ownBytes = (await message(child)) as number
  const sample = async (): Promise<Sample> => {
    child.send('sample')
    return (await message(child)) as Sample
  }
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.disconnect()
    await gone
  }
  return { sample, stop, ownBytes }
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
