import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import type { Relay } from '../../gateway/relay/relay.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { option } from './options.ts'
import { picture } from './picture.ts'
import { startSource } from './source.ts'

/**
 * What sick cameras do to healthy ones on the same process: the age of the healthy ones' parts, by turns alone and beside
 * cameras that stall in the middle of a packet, reset the connection, or send garbage. Ages are beyond the best of each
 * camera, so clocks do not matter. Frames pile up in sources and kernel as well: run it on a quiet machine.
 *
 * usage: node scripts/bench/neighbours.ts [--cameras 20] [--sick 15] [--seconds 8] [--rounds 4]
 */

const SELF = fileURLToPath(import.meta.url)
const SICK = ['stall', 'reset', 'garbage'] as const

const role = process.argv[2]
if (role === 'source') process.send?.(await startSource(readFileSync(picture())))
else if (role === 'sick') process.send?.(await startSick())
else await main()

async function main(): Promise<void> {
  const cameras = option('cameras', 20)
  const seconds = option('seconds', 8)
  const sources = [fork(SELF, ['source']), fork(SELF, ['sick'])]
  const [healthy = 0, sick = 0] = await Promise.all(sources.map(async (child) => (await once(child, 'message'))[0]))
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock, random: Math.random })
  const uri = (port: number, name: string) => async () => ({ uri: `rtsp://127.0.0.1:${port}/${name}` })
  const late = Array.from({ length: cameras }, (_, i) =>
    collect(pool.acquire(`healthy-${i}`, uri(healthy, String(i))).relay),
  )
  const measure = async (): Promise<number> => {
    await delay(2_000)
    for (const own of late) own.clear()
    await delay(seconds * 1_000)
    const alike = late.flatMap((own) => [...own.values()])
    const all = alike.flatMap((own) => own.map((ms) => ms - Math.min(...own))).sort((a, b) => a - b)
    return all[Math.ceil(0.95 * all.length) - 1] ?? Number.NaN
  }
  await delay(10_000)
  const alone: number[] = []
  const beside: number[] = []
  let reconnects = 0
  for (let round = 0; round < option('rounds', 4); round++) {
    alone.push(await measure())
    const ids = Array.from({ length: option('sick', 15) }, (_, i) => `${SICK[i % SICK.length]}/${i}`)
    const ill = ids.map((id) => pool.acquire(id, uri(sick, id)).relay)
    beside.push(await measure())
    reconnects += ill.reduce((sum, relay) => sum + relay.health().reconnects, 0)
    for (const id of ids) pool.end(id)
  }
  await pool.close()
  for (const child of sources) child.kill()
  const shown = (values: number[]): string => values.map((value) => value.toFixed(1)).join(', ')
  const differences = alone.map((value, i) => (beside[i] ?? Number.NaN) - value)
  console.log(`how late parts of ${cameras} healthy cameras are, beyond the best of each camera, p95 of each round:`)
  console.log(`  alone                  ${shown(alone)} ms`)
  console.log(`  beside ${String(option('sick', 15)).padEnd(2)} sick cameras ${shown(beside)} ms`)
  console.log(`  difference             ${shown(differences)} ms (aim: at most 10)`)
  console.log(`the sick ones were reconnected ${reconnects} times`)
}

/** Arrival of each part less its media time, ms, by the number of its frames: the last of a segment waits for a key frame. */
function collect(relay: Relay): Map<number, number[]> {
  const late = new Map<number, number[]>()
  relay.subscribe({
    init: () => {},
    chunk: ({ facts }) => {
      const own = late.get(facts.samples) ?? []
      own.push(performance.now() - (facts.startTicks + facts.durationTicks) / 90)
      late.set(facts.samples, own)
    },
    end: () => {},
  })
  return late
}

/** Answers like a camera, and then is none. */
async function startSick(): Promise<number> {
  const sdp = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n'
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const head of chunk.toString('latin1').split('\r\n\r\n').slice(0, -1)) {
        const [method, uri = ''] = head.split(' ')
        const body = method === 'DESCRIBE' ? sdp : ''
        const length = body === '' ? '' : `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n`
        const transport = method === 'SETUP' ? 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n' : ''
        const cseq = /CSeq: (\d+)/.exec(head)?.[1] ?? '0'
        socket.write(
          `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nSession: 1\r\nPublic: GET_PARAMETER\r\n${transport}${length}\r\n${body}`,
        )
        if (method !== 'PLAY') continue
        if (uri.includes('stall'))
          socket.write(Buffer.from([0x24, 0, 0x05, 0xdc, 0x80, 96])) // and nothing more
        else if (uri.includes('reset')) setTimeout(() => socket.resetAndDestroy(), 200)
        else garble(socket)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Packets of the right frame and the wrong content, as fast as a camera sends its own. */
function garble(socket: Socket): void {
  const packets = Array.from({ length: 15 }, () => {
    const packet = randomBytes(1_404)
    packet.set([0x24, 0, 0x05, 0x78, 0x80, 96])
    return packet
  })
  const timer = setInterval(() => {
    for (const packet of packets) socket.write(packet)
  }, 40)
  socket.once('close', () => clearInterval(timer))
}
