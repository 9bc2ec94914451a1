import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { option } from './options.ts'
import { cpuOf, post, prepare, startCameras, startGateway } from './whole-gateway.ts'

/**
 * Bytes served per second of CPU: the whole gateway, gate and audit on, against nginx with the very same segments as
 * files. So many viewers fetch the newest segments of one camera as fast as they can.
 *
 * usage: node scripts/bench/fanout.ts [--viewers 8] [--seconds 10]
 */

const SELF = fileURLToPath(import.meta.url)

interface Load {
  headers: Record<string, string>
  /** A media playlist for each viewer; segments are named relative to it. */
  playlists: string[]
}

if (process.argv[2] === 'viewers') await watch()
else await main()

async function main(): Promise<void> {
  const viewers = option('viewers', 8)
  const seconds = option('seconds', 10)
  const cameras = await startCameras()
  const gateway = await startGateway()
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-fanout-'))
  let nginx: ChildProcess | undefined
  try {
    const { headers, cameraIds } = await prepare(gateway.url, cameras.port, 1)
    const playlists: string[] = []
    for (let i = 0; i < viewers; i++) {
      const reason = { kind: 'routine' }
      const view = await post<{ hlsUrl: string }>(`${gateway.url}/api/v1/views`, headers, {
        cameraId: cameraIds[0],
        reason,
      })
      const index = new URL(view.hlsUrl, gateway.url)
      const media = (await (await fetch(index, { headers })).text()).trim().split('\n').at(-1) ?? ''
      playlists.push(new URL(media, index).href)
    }
    await delay(12_000) // until the list is as long as it gets
    const port = await save(directory, playlists[0] ?? '', headers)
    nginx = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: 'ignore' })
    await delay(500)
    const ours = await load({ headers, playlists }, seconds, () => cpuOf(gateway))
    const file = `http://127.0.0.1:${port}/list.m3u8`
    const pid = nginx.pid ?? 0
    const theirs = await load({ headers: {}, playlists: playlists.map(() => file) }, seconds, async () =>
      treeCpuMs(pid),
    )
    console.log(`gateway: ${ours.toFixed(0)} MB a CPU second, ${viewers} viewers`)
    console.log(`nginx:   ${theirs.toFixed(0)} MB a CPU second`)
    console.log(`gateway / nginx: ${(ours / theirs).toFixed(2)}x`)
  } finally {
    nginx?.kill()
    gateway.child.kill()
    cameras.child.kill()
    rmSync(directory, { recursive: true })
  }
}

/** The playlist and its segments as files below nginx. @returns its port */
async function save(directory: string, playlist: string, headers: Record<string, string>): Promise<number> {
  mkdirSync(join(directory, 'files'))
  const list = await (await fetch(playlist, { headers })).text()
  for (const name of segmentsOf(list)) {
    const bytes = Buffer.from(await (await fetch(new URL(name, playlist), { headers })).arrayBuffer())
    writeFileSync(join(directory, 'files', name), bytes)
  }
  writeFileSync(join(directory, 'files', 'list.m3u8'), list)
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const address = free.address()
  const port = address === null || typeof address === 'string' ? 0 : address.port
  await new Promise((resolve) => free.close(resolve))
  const http = `sendfile on; tcp_nodelay on; access_log off; keepalive_requests 1000000; server { listen 127.0.0.1:${port}; root ${directory}/files; }`
  const conf = `daemon off; worker_processes 1; error_log /dev/null; pid ${directory}/pid; events {} http { ${http} }`
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${spawnSync('id', ['-u']).stdout.toString().trim() === '0' ? 'user root; ' : ''}${conf}`,
  )
  return port
}

/** @returns megabytes served per second of the server's CPU */
async function load(work: Load, seconds: number, cpuMs: () => Promise<number>): Promise<number> {
  const child = fork(SELF, ['viewers'])
  child.send(work)
  await delay(1_000)
  const served = async (): Promise<number> => {
    child.send('sample')
    const [bytes] = (await once(child, 'message')) as [number]
    return bytes
  }
  const before = { bytes: await served(), cpuMs: await cpuMs() }
  await delay(seconds * 1_000)
  const after = { bytes: await served(), cpuMs: await cpuMs() }
  child.kill()
  await once(child, 'exit')
  return (after.bytes - before.bytes) / 1e6 / ((after.cpuMs - before.cpuMs) / 1000)
}

async function watch(): Promise<void> {
  let bytes = 0
  const [{ headers, playlists }] = (await once(process, 'message')) as [Load]
  process.on('message', () => process.send?.(bytes))
  const agent = new Agent({ keepAlive: true })
  const read = async (url: URL, keep: boolean): Promise<string> => {
    const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length
      if (keep) text += (chunk as Buffer).toString('latin1')
    }
    return response.statusCode === 200 ? text : ''
  }
  await Promise.all(
    playlists.map(async (playlist) => {
      for (;;) {
        const names = segmentsOf(await read(new URL(playlist), true)).slice(-3)
        if (names.length === 0) throw new Error('no segments are listed')
        for (let i = 0; i < 30; i++) await read(new URL(names[i % names.length] ?? '', playlist), false)
      }
    }),
  )
}

function segmentsOf(list: string): string[] {
  return list.split('\n').filter((line) => /^s\d+\.m4s$/.test(line))
}

/** User and system time of nginx and its worker (proc(5): fields 4, 14 and 15, the last two in hundredths of a second). */
function treeCpuMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean)
  return [pid, ...children.map(Number)].reduce((sum, one) => {
    const fields = readFileSync(`/proc/${one}/stat`, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ')
    return sum + (Number(fields[11]) + Number(fields[12])) * 10
  }, 0)
}
