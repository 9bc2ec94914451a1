import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { readServerSentEvents } from '../fakes/server-sent-events.ts'
import { townshipGateway } from '../fakes/township-gateway.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

/** Five ways of giving a pull point: path, header, another port, a renewal that wants `Z`, one that always fails. */
const MAKES: readonly [device: string, channel: string][] = [
  ['cam-dongjie', 'dongjiekou'],
  ['cam-liangzhan', 'liangzhan'],
  ['cam-xiaomaibu', 'laozhangshu'],
  ['cam-guangchang', 'zhenguangchang'],
  ['cam-chachang', 'chachangmenkou'],
]

/** Alarms that one camera raises at once; its pull point holds a hundred notifications. */
const FLOOD = 45

async function until(what: () => boolean): Promise<void> {
  const { signal } = new AbortController()
  while (!what()) await systemClock.sleep(25, signal)
}

t.test(
  'motion before a linked camera is an alarm at once, and ends as one',
  { skip: lacksFfmpeg, timeout: 60_000 },
  async (t) => {
    const { township, gateway, call, register, link } = await townshipGateway(
      t,
      '127.0.48.0',
      MAKES.map(([id]) => id),
    )
    const cameraIds = new Map<string, string>()
    for (const [id] of MAKES) cameraIds.set(id, await register(id))
    await systemClock.sleep(6_000, new AbortController().signal)
    for (const [id] of MAKES) t.equal(township.camera(id).subscriptions, 0, `${id}: nobody listens without a link`)

    const links = new Map<string, string>()
    for (const [id, cameraId] of cameraIds) links.set(id, await link(cameraId))
    await until(() => MAKES.every(([id]) => township.camera(id).subscriptions === 1))

    const headers = { authorization: `Bearer ${await gateway.token('operator')}` }
    const live = await readServerSentEvents(`${gateway.url}/api/v1/events`, headers)
    const alarm = async (): Promise<Record<string, unknown>> => {
      for (;;) {
        const { event, data } = await live.next()
        if (event === 'alarm') return data
      }
    }
    const tookMs: number[] = []
    for (const [id, channel] of MAKES) {
      const camera = township.camera(id)
      const startedMs = performance.now()
      camera.setMotion(channel, true)
      const raised = await alarm()
      tookMs.push(Math.round(performance.now() - startedMs))
      const cameraId = cameraIds.get(id)
      t.match(raised, { type: 'motion', state: 'active', priority: 4, cameraId, sourceId: cameraId, text: id }, id)
      camera.setMotion(channel, false)
      t.match(await alarm(), { id: raised.id, state: 'cleared' }, `${id}: the same alarm ends`)
    }
    t.comment(`motion to live event: ${tookMs.join(', ')} ms`)
    const { items } = await call<{ items: { state: string }[] }>('GET', '/alarms')
    t.equal(items.length, MAKES.length, 'no alarm of what was so when the gateway came')

    const [first = '', channel = ''] = MAKES[0] ?? []
    const knowing = township.camera(first)
    const known = { FaceId: 'f-77', PlateNumber: '浙G·00000', PersonName: '某某', ObjectId: '12' }
    knowing.setMotion(channel, true, known)
    const stripped = await alarm()
    t.match(stripped, { type: 'motion', state: 'active', cameraId: cameraIds.get(first), strippedFields: 3 })
    const listed = await call<{ items: { id: string }[] }>('GET', '/alarms')
    const kept = listed.items.find(({ id }) => id === stripped.id)
    t.match(kept, { type: 'motion', strippedFields: 3 })
    const files = readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    const stored = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
    t.ok(
      stored.some((bytes) => bytes.includes('ObjectId')),
      'what is kept is in one of the files',
    )
    for (const word of Object.entries(known).slice(0, 3).flat()) {
      t.notOk(JSON.stringify([stripped, listed]).includes(word), `nobody is told ${word}`)
      t.notOk(
        stored.some((bytes) => bytes.includes(word)),
        `and no file holds ${word}`,
      )
    }
    knowing.setMotion(channel, false)
    t.match(await alarm(), { id: stripped.id, state: 'cleared' })

    const flooding = township.camera(first)
    for (let at = 0; at < 2 * FLOOD; at += 1) flooding.setMotion(channel, at % 2 === 0)
    const [other = '', itsChannel = ''] = MAKES[1] ?? []
    township.camera(other).setMotion(itsChannel, true)
    const told = new Set<unknown>()
    let isOtherTold = false
    // Each is raised and cleared, and in between the other camera is heard.
    for (let cleared = 0; cleared < FLOOD || !isOtherTold; ) {
      const { id, cameraId, state } = await alarm()
      if (cameraId !== cameraIds.get(first)) isOtherTold = true
      else {
        told.add(id)
        if (state === 'cleared') cleared += 1
      }
    }
    t.equal(told.size, FLOOD, 'none of a flood is dropped')
    const { items: cases } = await call<{ items: { cameraId: string; occurrences: number }[] }>('GET', '/cases')
    t.match(
      cases.filter(({ cameraId }) => cameraId === cameraIds.get(first)),
      [{ occurrences: FLOOD + 2 }],
      'and with the two before it is one case',
    )

    await call('POST', `/links/${links.get(first)}/revoke`, { reason: 'test' })
    await until(() => township.camera(first).subscriptions === 0)
    t.pass('the pull point of a camera without link is given back')
    live.close()
    await gateway.close()
    for (const [id] of MAKES) t.equal(township.camera(id).subscriptions, 0, `${id}: given back at the end`)
  },
)
