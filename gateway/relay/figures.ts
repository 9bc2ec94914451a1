import type { RelayHealth } from './relay-health.ts'
import type { RelayPool } from './relay-pool.ts'

interface Sample {
  labels: Record<string, string>
  value: number
}

interface Figure {
  name: string
  help: string
  labels?: readonly string[]
  read(): number | Iterable<Sample>
}

const STATES = ['starting', 'live', 'stalled', 'offline'] as const

/** Figures of all streams that are fetched now, for Prometheus. Streams bear their id: a name may say too much. */
export function relayFigures(pool: RelayPool): Figure[] {
  const each = (value: (health: RelayHealth) => number | undefined) => (): Sample[] =>
    [...pool.running()].flatMap(([stream, relay]) => {
      const found = value(relay.health())
      return found === undefined ? [] : [{ labels: { stream }, value: found }]
    })
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)
  const of = (name: string, help: string, value: (health: RelayHealth) => number | undefined): Figure => ({
    name: `relay_${name}`,
    help,
    labels: ['stream'],
    read: each(value),
  })
  return [
    {
      name: 'relay_streams',
      help: 'Streams that are fetched now, by state',
      labels: ['state'],
      read: () => {
        const states = [...pool.running()].map(([, relay]) => relay.health().state)
        return STATES.map((state) => ({
          labels: { state },
          value: states.filter((candidate) => candidate === state).length,
        }))
      },
    },
    { name: 'relay_transcodes', help: 'Pictures that are made into H.264 now', read: () => pool.transcodes },
    { name: 'relay_window_bytes', help: 'Media held for viewers', read: () => pool.windowBytes },
    { name: 'relay_slab_bytes', help: 'Memory taken for media, in use or kept free', read: () => pool.slabBytes },
    of('frame_age_seconds', 'Since the last frame', (health) => seconds(health.lastFrameAgeMs)),
    of('bits_per_second', 'Bit rate as received', (health) => health.bitrateBps),
    of('frames_per_second', 'Frame rate as received', (health) => health.frameRate),
    of('key_frame_interval_seconds', 'Between the last two key frames', ({ keyFrameIntervalMs }) =>
      seconds(keyFrameIntervalMs),
    ),
    of('clock_offset_seconds', 'The camera’s clock less ours', ({ clockOffsetMs }) => seconds(clockOffsetMs)),
    of('received_packets_total', 'RTP packets since the gateway started', (health) => health.receivedPackets),
    of('lost_packets_total', 'RTP packets that never came', (health) => health.lostPackets),
    of('reconnects_total', 'Connections that had to be made anew', (health) => health.reconnects),
    {
      name: 'relay_first_frame_seconds',
      help: 'From dialling to the first key frame, the last 50 opens of each stream',
      labels: ['stream', 'quantile'],
      read: () =>
        [...pool.running()].flatMap(([stream]) => {
          const first = pool.figures(stream)?.opens.firstFrameMs
          if (first === undefined) return []
          return [
            { labels: { stream, quantile: '0.5' }, value: first.p50 / 1000 },
            { labels: { stream, quantile: '0.95' }, value: first.p95 / 1000 },
          ]
        }),
    },
  ]
}
