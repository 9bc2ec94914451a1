import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { LIVE_TIMESCALE } from '../../gateway/contracts/live-socket.ts'
import { MAX_SOCKETS_PER_SESSION } from '../../gateway/views/live-socket.ts'
import { liveViewer } from '../fakes/live-viewer.ts'
import { CAMERA, type Headers, type Watching, watching } from '../fakes/watching.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

const SECOND = 1_000

async function viewId(f: Watching, headers: Headers, cameraId: string): Promise<string> {
  const opened = await f.watch(headers, cameraId)
  if (opened.statusCode !== 201) throw new Error(opened.body)
  return opened.json().id
}

/** Frames that ffmpeg decodes without a complaint. */
function decodedFrames(chunks: readonly Buffer[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-live-'))
  const file = join(directory, 'received.mp4')
  writeFileSync(file, Buffer.concat(chunks))
  const run = ['-v', 'error', '-xerror', '-i', file, '-f', 'framemd5', '-']
  const frames = execFileSync('ffmpeg', run, { encoding: 'utf8' })
  rmSync(directory, { recursive: true })
  return frames.split('\n').filter((line) => /^0,/.test(line)).length
}

t.test('live socket', { skip: lacksFfmpeg }, async (t) => {
  const f = await watching(t, '127.0.35.0')
  const base = await f.app.listen({ host: '127.0.0.1', port: 0 })
  const operator = await f.bearer(['operator'])
  const cameraId = await f.publicCamera()

  await t.test('two views on one connection: init, then parts from a key frame on, which decode', async (t) => {
    const views = [await viewId(f, operator, cameraId), await viewId(f, operator, cameraId)]
    const viewer = await liveViewer(base, operator)
    for (const id of views) viewer.open(id)
    for (const id of views) {
      const opened = await viewer.untilWords((words) => words.viewId === id)
      if (opened.kind !== 'opened') throw new Error(opened.kind)
      t.match(opened, { state: 'live', frameAgeMs: Number })
      const mine = (): typeof viewer.media => viewer.media.filter(({ number }) => number === opened.number)
      await viewer.untilMedia((media) => media.number === opened.number && media.durationTicks > 0)
      const [init, first] = mine()
      t.equal(init?.type, 'init')
      t.match(first, { type: 'chunk', independent: true })
      const begins = mine().findIndex(({ type, isPast }) => type === 'chunk' && !isPast)
      t.notOk(
        mine()
          .slice(begins)
          .some(({ isPast }) => isPast),
        'what was there already comes first',
      )
      const wanted = (first?.startTicks ?? 0) + 3 * LIVE_TIMESCALE
      await viewer.untilMedia(({ number, startTicks }) => number === opened.number && startTicks >= wanted)
      const parts = mine().slice(1)
      for (const [at, part] of parts.entries()) {
        const next = parts[at + 1]
        if (next !== undefined) t.equal(next.startTicks, part.startTicks + part.durationTicks, 'no part is missing')
      }
      t.ok(decodedFrames(mine().map(({ bytes }) => bytes)) >= 30, 'three seconds of pictures')
    }
    viewer.socket.send(JSON.stringify({ close: views[0] }))
    await viewer.roundTrip()
    t.equal(f.relays.subscribers, 1, 'the other one goes on')
    viewer.socket.close()
    await once(viewer.socket, 'close')
  })

  await t.test('who may come: the session of the view, from this origin', async (t) => {
    const id = await viewId(f, operator, cameraId)
    await t.rejects(liveViewer(base, {}), /401/)
    await t.rejects(liveViewer(base, { ...operator, origin: 'https://elsewhere.example' }), /403/)
    const stranger = await liveViewer(base, { ...(await f.bearer(['operator'])), origin: base })
    stranger.open(id)
    t.match(await stranger.untilWords(({ viewId }) => viewId === id), { kind: 'refused', code: 'not-found' })
    const viewer = await liveViewer(base, operator)
    await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${id}`, headers: operator })
    viewer.open(id)
    t.match(await viewer.untilWords(({ viewId }) => viewId === id), { kind: 'ended', why: 'closed' })
    t.equal(stranger.media.length + viewer.media.length, 0)
    stranger.socket.close()
    viewer.socket.close()
    await Promise.all([once(stranger.socket, 'close'), once(viewer.socket, 'close')])
  })

  await t.test('revoked: told why, and nothing follows', async (t) => {
    const { cameraId, linkId, owner } = await f.privateCamera()
    const viewers = []
    for (let count = 0; count < 10; count += 1) {
      const headers = await f.bearer(['operator'])
      const id = await viewId(f, headers, cameraId)
      const viewer = await liveViewer(base, headers)
      viewer.open(id)
      viewers.push(viewer)
    }
    await Promise.all(viewers.map((viewer) => viewer.untilMedia(({ type }) => type === 'chunk')))
    const startedMs = performance.now()
    const url = `/api/v1/owner/links/${linkId}/revoke`
    const revoked = await f.app.inject({ method: 'POST', url, headers: owner })
    t.equal(revoked.statusCode, 200)
    const ends = await Promise.all(viewers.map((viewer) => viewer.untilWords(({ kind }) => kind === 'ended')))
    for (const end of ends) t.match(end, { why: 'link-revoked' })
    const worstMs = Math.max(...ends.map(({ atMs }) => atMs)) - startedMs
    t.comment(`dark after at most ${worstMs.toFixed(0)} ms`)
    t.ok(worstMs < SECOND, `${worstMs.toFixed(0)} ms`)
    // A second of the camera's later parts, seen by somebody who may.
    const witness = await liveViewer(base, operator)
    witness.open(await viewId(f, operator, await f.publicCamera()))
    const newest = Math.max(...viewers.flatMap(({ media }) => media.map(({ startTicks }) => startTicks)))
    await witness.untilMedia(({ startTicks }) => startTicks > newest + LIVE_TIMESCALE)
    await Promise.all(viewers.map((viewer) => viewer.roundTrip()))
    for (const [at, viewer] of viewers.entries()) {
      t.ok((viewer.media.at(-1)?.atMs ?? 0) <= (ends[at]?.atMs ?? 0), 'no media after the end')
      viewer.socket.terminate()
    }
    witness.socket.terminate()
    await Promise.all([...viewers, witness].map(({ socket }) => once(socket, 'close')))
  })

  await t.test('a view that is carried is used; left alone it ends', async (t) => {
    const id = await viewId(f, operator, cameraId)
    const viewer = await liveViewer(base, operator)
    viewer.open(id)
    await viewer.untilMedia(({ type }) => type === 'chunk')
    for (let second = 0; second < 45; second += 1) {
      await f.clock.advance(SECOND)
      await viewer.roundTrip()
    }
    t.equal(f.views.find(id, await principal(f, operator)).kind, 'live')
    viewer.socket.close()
    await once(viewer.socket, 'close')
    await f.clock.advance(32 * SECOND)
    t.match(f.views.find(id, await principal(f, operator)), { kind: 'ended', why: 'idle' })
  })

  await t.test('a slow viewer misses parts up to a key frame; its neighbour misses none', async (t) => {
    const ids = [await viewId(f, operator, cameraId), await viewId(f, operator, cameraId)]
    const [slow, quick] = [await liveViewer(base, operator), await liveViewer(base, operator)]
    slow.open(ids[0] ?? '')
    quick.open(ids[1] ?? '')
    await slow.untilMedia(({ type }) => type === 'chunk')
    slow.socket.pause()
    await f.clock.advance(SECOND) // the ping that stays unanswered
    await f.clock.advance(2 * SECOND)
    const from = (quick.media.at(-1)?.startTicks ?? 0) + LIVE_TIMESCALE
    await quick.untilMedia(({ startTicks }) => startTicks > from)
    slow.socket.resume()
    await slow.roundTrip()
    const before = slow.media.length
    const back = await slow.untilMedia((media) => slow.media.indexOf(media) >= before)
    const last = slow.media[before - 1]
    t.ok(back.independent, 'it goes on at a key frame')
    t.ok(back.startTicks > (last?.startTicks ?? 0) + (last?.durationTicks ?? 0), 'parts were left out')
    await quick.untilMedia(({ startTicks }) => startTicks >= back.startTicks)
    const parts = quick.media.filter(({ type }) => type === 'chunk')
    for (const [at, part] of parts.entries()) {
      if (at > 0) t.equal(part.startTicks, (parts[at - 1]?.startTicks ?? 0) + (parts[at - 1]?.durationTicks ?? 0))
    }
    slow.socket.terminate()
    quick.socket.terminate()
    await Promise.all([once(slow.socket, 'close'), once(quick.socket, 'close')])
  })

  await t.test('who does not answer is cut, and holds nothing any more', async (t) => {
    const viewer = await liveViewer(base, operator)
    viewer.open(await viewId(f, operator, cameraId))
    await viewer.untilMedia(({ type }) => type === 'chunk')
    viewer.socket.pause()
    await f.clock.advance(SECOND)
    t.equal(f.relays.subscribers, 1)
    await f.clock.advance(11 * SECOND)
    t.equal(f.relays.subscribers, 0)
    viewer.socket.terminate()
  })

  await t.test('requests that are none, too long or too many close the connection', async (t) => {
    const cases: [string, (send: (data: string | Buffer) => void) => void, number][] = [
      ['no JSON', (send) => send('open sesame'), 1008],
      ['unknown fields', (send) => send(JSON.stringify({ open: crypto.randomUUID(), at: 1 })), 1008],
      ['too long', (send) => send(JSON.stringify({ open: crypto.randomUUID() }).padEnd(300)), 1008],
      ['binary', (send) => send(Buffer.from([1, 2, 3])), 1003],
      ['far too long', (send) => send('x'.repeat(100_000)), 1009],
      [
        'too many',
        (send) => {
          for (let count = 0; count < 300; count += 1) send(JSON.stringify({ close: crypto.randomUUID() }))
        },
        1008,
      ],
    ]
    for (const [name, act, code] of cases) {
      const { socket } = await liveViewer(base, operator)
      const closed = once(socket, 'close')
      act((data) => socket.send(data))
      t.equal((await closed)[0], code, name)
    }
    const sockets = []
    for (let count = 0; count < MAX_SOCKETS_PER_SESSION; count += 1) sockets.push(await liveViewer(base, operator))
    await t.rejects(liveViewer(base, operator), /429/)
    for (const { socket } of sockets) socket.close()
    await Promise.all(sockets.map(({ socket }) => once(socket, 'close')))
  })

  await t.test('a camera that falls silent is told', async (t) => {
    const id = await viewId(f, operator, cameraId)
    const viewer = await liveViewer(base, operator)
    viewer.open(id)
    await viewer.untilWords(({ kind }) => kind === 'opened')
    await f.township.fault(CAMERA, 'stall')
    const told = viewer.untilWords(({ kind }) => kind === 'stream')
    let isTold = false
    void told.then(() => {
      isTold = true
    })
    // The relay's own clock is the real one: it needs its two seconds.
    while (!isTold) {
      await f.clock.advance(SECOND)
      await viewer.roundTrip()
      await new Promise((resolve) => setTimeout(resolve, 250)) // real time for the relay to notice
    }
    t.match(await told, { state: 'stalled', frameAgeMs: Number })
    await f.township.fault(CAMERA, 'none')
    viewer.socket.close()
    await once(viewer.socket, 'close')
  })

  await t.test('all media were given back, once; closing the server closes the sockets', async (t) => {
    t.equal(f.relays.lent, 0)
    t.equal(f.relays.twice, 0)
    t.equal(f.relays.subscribers, 0)
    t.ok(f.relays.everLent > 50)
    const viewer = await liveViewer(base, operator)
    const closed = once(viewer.socket, 'close')
    const startedMs = performance.now()
    await f.app.close()
    await closed
    const tookMs = performance.now() - startedMs
    t.ok(tookMs < 2 * SECOND, `${tookMs.toFixed(0)} ms`)
  })
})

async function principal(f: Watching, { authorization = '' }: Headers) {
  const found = await f.identity.sessions.byToken(authorization.replace('Bearer ', ''))
  if (found === undefined) throw new Error('the token is not known')
  return found
}
