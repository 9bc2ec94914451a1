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
 * What sick cameras do to healthy ones on the same process: the age of the healthy ones' parts, first alone, then beside
 * cameras that stall in the middle of a packet, reset the connection, or send garbage. Ages are beyond the best of each
 * camera, so clocks do not matter. Frames pile up in sources and kernel as well: run it on a quiet machine.
 *
 * usage: node scripts/bench/neighbours.ts [--cameras 20] [--sick 15] [--seconds 20]
 */

const SELF = fileURLToPath(import.meta.url)
const SICK = ['stall', 'reset', 'garbage'] as const

if (process.argv[2] === 'source') process.send?.([await startSource(readFileSync(picture())), await startSick()])
else await main()

async function main(): Promise<void> {
  const cameras = option('cameras', 20)
  const seconds = option('seconds', 20)
  const source = fork(SELF, ['source'])
  const [[healthy, sick]] = (await once(source, 'message')) as [[number, number]]
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock, random: () => 0.1 })
  const uri = (port: number, name: string) => async () => ({ uri: `rtsp://127.0.0.1:${port}/${name}` })
  const ages = Array.from({ length: cameras }, (_, i) => {
    const { relay } = pool.acquire(`healthy-${i}`, uri(healthy, String(i)))
    return collect(relay)
  })
  const measure = async (): Promise<number[]> => {
    await delay(3_000)
    for (const own of ages) own.length = 0
    await delay(seconds * 1_000)
    return ages.flatMap((own) => own.map((age) => age - Math.min(...own))).sort((a, b) => a - b)
  }
  await delay(10_000)
  const alone = await measure()
  for (let i = 0; i < option('sick', 15); i++) {
    const kind = SICK[i % SICK.length] ?? 'stall'
    const { relay } = pool.acquire(`sick-${i}`, uri(sick, `${kind}/${i}`))
    void relay.ready(AbortSignal.timeout(1_000_000)).catch(() => undefined) // it may never be
  }
  const beside = await measure()
  const reconnects = [...pool.running()].reduce((sum, [, relay]) => sum + relay.health().reconnects, 0)
  await pool.close()
  source.kill()
  const at = (values: number[], share: number): number => values[Math.ceil(share * values.length) - 1] ?? Number.NaN
  for (const [name, values] of [
    ['alone', alone],
    ['beside sick ones', beside],
  ] as const)
    console.log(
      `${name}: p50 ${at(values, 0.5).toFixed(1)} ms, p95 ${at(values, 0.95).toFixed(1)} ms (${values.length} parts)`,
    )
  console.log(
    `difference p95: ${(at(beside, 0.95) - at(alone, 0.95)).toFixed(1)} ms, ${reconnects} reconnects of the sick`,
  )
}

/** Arrival of each part less its media time, ms. */
function collect(relay: Relay): number[] {
  const ages: number[] = []
  relay.subscribe({
    init: () => {},
    part: ({ facts }) => ages.push(performance.now() - (facts.startTicks + facts.durationTicks) / 90),
    end: () => {},
  })
  return ages
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
  const timer = setInterval(() => {
    for (let i = 0; i < 15; i++) {
      const packet = randomBytes(1_404)
      packet.set([0x24, 0, 0x05, 0x78, 0x80, 96])
      socket.write(packet)
    }
  }, 40)
  socket.once('close', () => clearInterval(timer))
}
