import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { OnvifClient } from '../../gateway/onvif/client.ts'
import { type EventStreamDeps, followEvents } from '../../gateway/onvif/pull-point.ts'
import { NS } from '../../gateway/onvif/soap.ts'
import { splitAddress } from '../../gateway/onvif/uri.ts'
import type { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'
import { FakeClock } from '../fakes/clock.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'

const MAKES: readonly [device: string, channel: string, renew: EventStreamDeps['habits']['renew']][] = [
  ['cam-dongjie', 'dongjiekou', 'duration'],
  ['cam-liangzhan', 'liangzhan', 'absoluteZ'],
  ['cam-xiaomaibu', 'laozhangshu', undefined],
  ['cam-guangchang', 'zhenguangchang', undefined],
  ['cam-chachang', 'chachangmenkou', 'recreate'],
]

/** Follows a camera of the township as the gateway does. */
function follow(
  { found, device: { username, password } }: VirtualCamera,
  deps: Pick<EventStreamDeps, 'clock' | 'take' | 'lost'> & Pick<EventStreamDeps['habits'], 'renew'>,
  signal: AbortSignal,
): Promise<void> {
  const { host, port = 80 } = splitAddress(found.onvif ?? '')
  const { clock, take, lost, renew } = deps
  return followEvents(
    {
      clock,
      take,
      lost,
      random: () => 0,
      habits: { terminationSeconds: 600, renew, pullSeconds: 20 },
      connect: async (signal) => {
        const dialer = createDialer(['127.0.49.0/24'])
        const credentials = { username, password }
        const client = new OnvifClient({ dialer, clock, randomBytes, host, port, credentials })
        await client.systemTime(signal)
        const services = await client.services(signal)
        return services.ok ? { ok: true, value: { client, services: services.value } } : services
      },
    },
    signal,
  )
}

t.test(
  'a pull point outlives its granted time on every make, and is given back',
  { skip: lacksFfmpeg, timeout: 60_000 },
  async (t) => {
    const clock = new FakeClock()
    const township = await open(
      '127.0.49.0',
      MAKES.map(([id]) => id),
      { clock },
    )
    t.teardown(() => township.close())
    const stop = new AbortController()
    const heard = new Map<string, string[]>()
    const lost: string[] = []
    const following = MAKES.map(([id, , renew]) => {
      const values: string[] = []
      heard.set(id, values)
      return follow(
        township.camera(id),
        {
          clock,
          renew,
          take: async (notifications) => {
            for (const { operation, data } of notifications) values.push(`${operation} ${data[0]?.value}`)
          },
          lost: (why) => void lost.push(`${id} ${why}`),
        },
        stop.signal,
      )
    })
    /** Lets time and the sockets go on together. */
    const pass = async (seconds: number, what: () => boolean = () => false): Promise<void> => {
      for (let passed = 0; passed < seconds && !what(); passed += 5) {
        await clock.advance(5_000)
        for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    const most = new Map<string, number>()
    const watch = (): boolean => {
      for (const [id] of MAKES) most.set(id, Math.max(most.get(id) ?? 0, township.camera(id).subscriptions))
      return false
    }
    await pass(60, watch)
    for (const [id] of MAKES) t.equal(township.camera(id).subscriptions, 1, `${id}: one pull point`)
    await pass(1_500, watch)
    for (const [id, channel] of MAKES) {
      t.equal(township.camera(id).subscriptions, 1, `${id}: still one after 26 minutes`)
      t.ok((most.get(id) ?? 0) <= 2, `${id}: never more than two`)
      township.camera(id).setMotion(channel, true)
    }
    await pass(60, () => [...heard.values()].every((values) => values.some((value) => value.startsWith('Changed'))))
    for (const [id] of MAKES)
      t.equal(heard.get(id)?.filter((value) => value.startsWith('Changed')).length, 1, `${id}: heard once`)
    t.same(lost, [], 'none was lost meanwhile')

    await township.fault('cam-dongjie', 'drop-out')
    await pass(120, () => lost.length > 0)
    t.match(lost, [/^cam-dongjie /])
    await township.fault('cam-dongjie', 'none')
    await pass(900, () => township.camera('cam-dongjie').subscriptions === 2)
    t.ok(township.camera('cam-dongjie').subscriptions >= 1, 'and comes back')
    stop.abort()
    await Promise.all(following)
    for (const [id] of MAKES)
      t.ok(township.camera(id).subscriptions <= (id === 'cam-dongjie' ? 1 : 0), `${id}: given back`)
  },
)

t.test('a pull point that is being made when all ends is given back', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.49.0', ['cam-dongjie'])
  t.teardown(() => township.close())
  const camera = township.camera('cam-dongjie')
  for (let round = 0; round < 5; round += 1) {
    const stop = new AbortController()
    const deps = { clock: systemClock, renew: 'duration', take: async () => {}, lost: () => {} } as const
    const following = follow(camera, deps, stop.signal)
    // The camera has it, and its answer is on the way.
    while (camera.subscriptions === 0) await new Promise(setImmediate)
    stop.abort()
    await following
    t.equal(camera.subscriptions, 0, `round ${round}`)
  }
})

t.test('a camera that makes none as all ends is lost to nobody', async (t) => {
  const stop = new AbortController()
  const server = createServer((_request, response) => {
    stop.abort()
    response.writeHead(500).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const lost: string[] = []
  const client = new OnvifClient({
    dialer: createDialer(['127.0.0.0/8']),
    clock: systemClock,
    randomBytes,
    host: '127.0.0.1',
    port,
    credentials: { username: 'admin', password: 'right' },
  })
  await followEvents(
    {
      clock: systemClock,
      random: () => 0,
      habits: { terminationSeconds: 600, renew: undefined, pullSeconds: 20 },
      connect: async () => ({
        ok: true,
        value: { client, services: new Map([[NS.events, `http://127.0.0.1:${port}/events`]]) },
      }),
      take: async () => {},
      lost: (why) => void lost.push(why),
    },
    stop.signal,
  )
  t.ok(stop.signal.aborted)
  t.same(lost, [])
})
