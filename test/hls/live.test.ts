import t, { type Test } from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool, type StreamSource } from '../../gateway/relay/relay-pool.ts'
import { gstMissing, PIPELINES, startGst } from '../fakes/gst-server.ts'
import { type MediaHttp, serveRelay } from '../fakes/media-http.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { told } from './rules/fault.ts'
import { checkMediaList } from './rules/media-rules.ts'
import { checkMultivariant, checkPeak } from './rules/multivariant-rules.ts'
import { Observer } from './rules/observer.ts'
import { checkRendition } from './rules/rendition-rules.ts'

// Playlists of real sources over real HTTP, as a low-latency player asks for them: held reloads, hinted parts, delta updates.

/** `HLS_SECONDS=300 npx tap test/hls/live.test.ts` looks on for five minutes. */
const SECONDS = Number(process.env.HLS_SECONDS ?? 12)
const clock = systemClock
const signal = AbortSignal.timeout((SECONDS + 60) * 1_000)

interface Followed {
  observer: Observer
  hinted: number
  statuses: Record<string, number>
}

const indexOf = async (http: MediaHttp) =>
  checkMultivariant(await (await fetch(`${http.url}index.m3u8`, { signal })).text())

/** @param which of the playlists that the multivariant one names */
async function follow(http: MediaHttp, seconds: number, which: 'picture' | 'sound' = 'picture'): Promise<Followed> {
  const top = await indexOf(http)
  const [named] = which === 'picture' ? top.variants : top.renditions
  const playlist = new URL(named?.uri ?? '', http.url)
  const read = async (uri: string): Promise<Buffer | undefined> => {
    const answer = await fetch(new URL(uri, playlist), { signal })
    const body = Buffer.from(await answer.arrayBuffer())
    return answer.status === 200 ? body : undefined
  }
  const text = async (query: string): Promise<string> => (await fetch(`${playlist.href}${query}`, { signal })).text()
  const status = async (query: string): Promise<number> => (await fetch(`${playlist.href}${query}`, { signal })).status
  const observer = new Observer(read, () => clock.monotonicMs())
  observer.faults.push(...top.faults)
  let hinted = 0
  let query = '?'
  const until = clock.monotonicMs() + seconds * 1_000
  while (clock.monotonicMs() < until) {
    const hint = observer.list?.hint
    const promised = hint === undefined ? undefined : read(hint)
    const full = await text(query)
    const delta = await text(`${query}&_HLS_skip=YES`)
    // Something may have come between the two; then they are two versions.
    if ((await text(query)) === full) await observer.see(full, delta)
    if ((await promised) !== undefined) hinted++
    const { list } = observer
    const last = list?.segments.at(-1)
    if (last === undefined) continue
    query =
      last.uri === undefined
        ? `?_HLS_msn=${last.msn}&_HLS_part=${last.parts.length}`
        : `?_HLS_msn=${last.msn + 1}&_HLS_part=0`
  }
  const msn = observer.list?.segments.findLast(({ uri }) => uri !== undefined)?.msn ?? 0
  const statuses = {
    tooFarAhead: await status(`?_HLS_msn=${msn + 4}`),
    tooManyParts: await status(`?_HLS_msn=${msn + 2}&_HLS_part=99`),
    partAlone: await status('?_HLS_part=1'),
    longGone: await status(`?_HLS_msn=${Math.max(0, msn - 9)}`),
    noSuchSegment: (await fetch(new URL('s99999.m4s', playlist), { signal })).status,
    notHinted: (await fetch(new URL('p99999.m4s', playlist), { signal })).status,
  }
  await observer.compare()
  const now = await indexOf(http)
  observer.faults.push(...now.faults)
  const [variant] = now.variants
  if (which === 'picture' && variant !== undefined)
    observer.faults.push(...checkPeak(variant, await observer.peakBps()))
  return { observer, hinted, statuses }
}

async function followAll(t: Test, network: string, sources: Record<string, StreamSource>): Promise<void> {
  const pool = new RelayPool({ dialer: createDialer([network]), clock })
  t.teardown(() => pool.close())
  const all = Object.entries(sources).map(async ([name, source]) => {
    const { relay } = pool.acquire(name, async () => source)
    t.match(await relay.ready(signal), { kind: 'ready' }, name)
    const http = await serveRelay(relay)
    t.teardown(() => http.close())
    const { observer, hinted, statuses } = await follow(http, SECONDS)
    t.equal(told(observer.faults.slice(0, 10)), '', name)
    t.ok(observer.versions > SECONDS / 3, `${name}: ${observer.versions} versions, ${observer.loads} loads`)
    t.ok(hinted > SECONDS / 3, `${name}: ${hinted} hinted parts came`)
    t.same(
      statuses,
      { tooFarAhead: 400, tooManyParts: 400, partAlone: 400, longGone: 200, noSuchSegment: 404, notHinted: 404 },
      name,
    )
  })
  await Promise.all(all)
}

t.test("the virtual township's cameras", { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.63.0', ['cam-dongjie', 'cam-liangzhan', 'cam-shuiku', 'cam-guangchang'])
  t.teardown(() => township.close())
  const sources = township.cameras.flatMap(({ device, found }) =>
    found.channels
      .slice(0, 1)
      .flatMap(({ mainUri, subUri }) =>
        [mainUri, subUri].map((uri): [string, StreamSource] => [
          uri,
          { uri, username: device.username, password: device.password },
        ]),
      ),
  )
  t.equal(sources.length, 8)
  await followAll(t, '127.0.63.0/24', Object.fromEntries(sources))
})

t.test('a picture and its sound', { skip: gstMissing() }, async (t) => {
  const server = await startGst({ '/live': PIPELINES.h264Aac })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock })
  t.teardown(() => pool.close())
  const uri = `rtsp://127.0.0.1:${server.port}/live`
  const { relay } = pool.acquire('live', async () => ({ uri }), { sound: true })
  t.match(await relay.ready(signal), { kind: 'ready' })
  const http = await serveRelay(relay, true)
  t.teardown(() => http.close())
  const both = await Promise.all((['picture', 'sound'] as const).map((which) => follow(http, SECONDS, which)))
  for (const [at, { observer, hinted }] of both.entries()) {
    t.equal(told(observer.faults.slice(0, 10)), '', at === 0 ? 'picture' : 'sound')
    t.ok(hinted > SECONDS / 3, `${hinted} hinted parts came`)
  }
  const { variants, renditions } = await indexOf(http)
  const uris = [variants[0]?.uri ?? '', renditions[0]?.uri ?? '']
  const read = async (path: string) => {
    const { list, faults } = checkMediaList(await (await fetch(new URL(path, http.url), { signal })).text())
    t.equal(told(faults), '', path)
    return list
  }
  for (const [one = '', other = ''] of [uris, uris.toReversed()]) {
    const [first, then] = [await read(one), await read(other)]
    const [written] = first.reports.keys()
    t.equal(new URL(written ?? '', new URL(one, http.url)).href, new URL(other, http.url).href, 'reports the other')
    t.equal(told(checkRendition(first, written ?? '', then)), '')
  }
})

t.test("GStreamer's RTSP server", { skip: gstMissing() }, async (t) => {
  const server = await startGst({ '/h264': PIPELINES.h264, '/b': PIPELINES.h264BFrames })
  t.teardown(() => server.close())
  const source = (mount: string): StreamSource => ({ uri: `rtsp://127.0.0.1:${server.port}${mount}` })
  await followAll(t, '127.0.0.0/8', { 'H.264': source('/h264'), 'H.264 with B frames': source('/b') })
})
