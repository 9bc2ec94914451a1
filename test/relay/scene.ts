import type { Test } from 'tap'
import { createDialer } from '../../gateway/dial.ts'
import type { RelayHealth, RelayState } from '../../gateway/relay/relay-health.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { FakeClock } from '../fakes/clock.ts'
import { interleaved, payloads, rtpPacket } from '../fakes/rtp-packets.ts'
import { ScriptedCamera, type ScriptedCameraOptions } from '../fakes/scripted-camera.ts'

const SDP = 'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n'
const KEY = ['6742001e95a8280bfe54', '68ce3c80', '6588aa55'].map((hex) => Buffer.from(hex, 'hex'))
const INTER = [Buffer.from('419acc55', 'hex')]
export const dialer = createDialer(['127.0.0.0/8'])
export const signal = AbortSignal.timeout(60_000)

/** The bytes of frames `from` to `to`, a key frame every 25. */
export function media(from: number, to: number, frameTicks = 3600): Buffer {
  const frames: Buffer[] = []
  let sequence = from + 2 * Math.ceil(from / 25)
  for (let i = from; i < to; i++) {
    const all = payloads('h264', i % 25 === 0 ? KEY : INTER)
    for (const [at, payload] of all.entries())
      frames.push(interleaved(rtpPacket(sequence++, i * frameTicks, at === all.length - 1, payload)))
  }
  return Buffer.concat(frames)
}

interface Scene {
  camera: ScriptedCamera
  clock: FakeClock
  pool: RelayPool
  seen: RelayHealth[]
  until(state: RelayState): Promise<RelayHealth>
}

/** A scripted camera and the relays that fetch from it, on a clock of their own. */
export async function scene(t: Test, options: Partial<ScriptedCameraOptions> = {}, lingerMs = 30_000): Promise<Scene> {
  const camera = await new ScriptedCamera({ sdp: SDP, ...options }).start()
  const clock = new FakeClock()
  const seen: RelayHealth[] = []
  let waiting: { state: RelayState; resolve(health: RelayHealth): void }[] = []
  const pool = new RelayPool({
    dialer,
    clock,
    lingerMs,
    random: () => 0.5,
    onState: (_id, health) => {
      seen.push(health)
      for (const waiter of waiting.filter(({ state }) => state === health.state)) waiter.resolve(health)
      waiting = waiting.filter(({ state }) => state !== health.state)
    },
  })
  t.teardown(async () => {
    const closed = pool.close()
    await clock.advance(1_000) // an unanswered TEARDOWN
    await closed
    await camera.close()
  })
  return { camera, clock, pool, seen, until: (state) => new Promise((resolve) => waiting.push({ state, resolve })) }
}
