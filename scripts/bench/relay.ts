import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { picture } from './picture.ts'
import { startSource } from './source.ts'

/**
 * CPU and memory per stream, nobody watching: receive-and-discard in Node (the floor), our relay, and one
 * `ffmpeg -c copy -f hls` per camera, against the same sources in one run. Compare ratios, never figures of two runs.
 *
 * usage: node scripts/bench/relay.ts [--streams 50] [--seconds 20] [--warm-up 10] [--without-ffmpeg]
 */

const SELF = fileURLToPath(import.meta.url)
const [role] = process.argv.slice(2)

interface Sample {
  cpuMs: number
  memoryBytes: number
}

if (role === 'source') await playSource()
else if (role === 'floor' || role === 'relay') await playReader(role)
else await main()

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : Number(process.argv[at + 1])
}

async function main(): Promise<void> {
  const streams = option('streams', 50)
  const seconds = option('seconds', 20)
  const warmUp = option('warm-up', 10)
  const file = picture()
  const source = fork(SELF, ['source', file])
  const port = (await message(source)) as number
  const cpuPercent = new Map<string, number>()
  const roles = process.argv.includes('--without-ffmpeg') ? ['floor', 'relay'] : ['floor', 'relay', 'ffmpeg']
  try {
    for (const name of roles) {
      const { start, stop, ownBytes } =
        name === 'ffmpeg' ? startFfmpeg(streams, port) : await startReader(name, streams, port)
      await delay(warmUp * 1000)
      const before = await start()
      await delay(seconds * 1000)
      const after = await start()
      await stop()
      const percent = (after.cpuMs - before.cpuMs) / (seconds * 10) / streams
      cpuPercent.set(name, percent)
      const megabytes = (after.memoryBytes - ownBytes) / streams / 1e6
      console.log(
        `${name.padEnd(8)} ${percent.toFixed(3)} % of a core a stream, ${megabytes.toFixed(1)} MB a stream (PSS) beyond ${(ownBytes / 1e6).toFixed(0)} MB of the process itself`,
      )
      await delay(1000)
    }
  } finally {
    source.kill()
  }
  const relay = cpuPercent.get('relay') ?? Number.NaN
  for (const [name, percent] of cpuPercent)
    if (name !== 'relay') console.log(`relay / ${name}: ${(relay / percent).toFixed(2)}x`)
}

async function playSource(): Promise<void> {
  process.send?.(await startSource(readFileSync(process.argv[3] ?? '')))
}

async function playReader(kind: 'floor' | 'relay'): Promise<void> {
  const streams = Number(process.argv[3])
  const port = Number(process.argv[4])
  let report = (): string => ''
  const ownBytes = pssBytes(process.pid)
  if (kind === 'relay') {
    const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock, onState: () => {} })
    for (let i = 0; i < streams; i++) pool.acquire(`s${i}`, async () => ({ uri: `rtsp://127.0.0.1:${port}/${i}` }))
    report = () => {
      const all = [...pool.running()].map(([, relay]) => relay)
      const health = all.map((relay) => relay.health())
      const live = health.filter(({ state }) => state === 'live').length
      const lost = health.reduce((sum, { lostPackets }) => sum + lostPackets, 0)
      const window = all.reduce((sum, relay) => sum + relay.windowBytes, 0) / streams / 1e6
      const bps = health.reduce((sum, { bitrateBps }) => sum + (bitrateBps ?? 0), 0) / streams / 1e6
      return `${live} live, ${lost} packets lost, window ${window.toFixed(1)} MB, ${bps.toFixed(2)} Mbit/s a stream`
    }
  } else {
    for (let i = 0; i < streams; i++) discard(port)
  }
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    if (kind === 'relay') console.log(`         ${report()}`)
    process.send?.({ cpuMs: (user + system) / 1000, memoryBytes: pssBytes(process.pid) } satisfies Sample)
  })
  process.on('disconnect', () => process.exit())
  process.send?.(ownBytes)
}

function discard(port: number): void {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024)
  const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback: () => true } })
  for (const method of ['SETUP', 'PLAY']) socket.write(`${method} rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n`)
}

async function startReader(name: string, streams: number, port: number) {
  const child = fork(SELF, [name, String(streams), String(port)])
  const ownBytes = (await message(child)) as number
  const start = async (): Promise<Sample> => {
    child.send('sample')
    return (await message(child)) as Sample
  }
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.disconnect()
    await gone
  }
  return { start, stop, ownBytes }
}

function startFfmpeg(streams: number, port: number) {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-bench-'))
  const children: ChildProcess[] = []
  for (let i = 0; i < streams; i++) {
    const to = join(directory, String(i))
    mkdirSync(to)
    const input = ['-v', 'fatal', '-rtsp_transport', 'tcp', '-i', `rtsp://127.0.0.1:${port}/${i}`]
    const output = ['-c', 'copy', '-f', 'hls', '-hls_time', '2', '-hls_list_size', '6', '-hls_flags', 'delete_segments']
    children.push(spawn('ffmpeg', [...input, ...output, join(to, 'i.m3u8')], { stdio: 'ignore' }))
  }
  const start = async (): Promise<Sample> => {
    const pids = children.map((child) => child.pid ?? 0)
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
    return { cpuMs: sum(pids.map(cpuMs)), memoryBytes: sum(pids.map(pssBytes)) }
  }
  const stop = async (): Promise<void> => {
    const gone = children.map((child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(gone)
    rmSync(directory, { recursive: true })
  }
  return { start, stop, ownBytes: 0 }
}

/** User and system time of a process (proc(5): fields 14 and 15, in hundredths of a second). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function pssBytes(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1] ?? 0) * 1024
}

function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}
