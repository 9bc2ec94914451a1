import { once } from 'node:events'
import { Agent, get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { LIVE_SOCKET_PATH, LiveMessage } from '../../gateway/contracts/live-socket.ts'
import { post } from './whole-gateway.ts'

/** A viewer who watches one view in every way there is at once, and notes when each of them ended. */

export const WAYS = ['held playlist', 'part in flight', 'live socket', 'snapshot', 'events'] as const
export type Way = (typeof WAYS)[number]

/** Between a picture and the next one that is asked for: so long an end may go unnoticed. */
const SNAPSHOT_PAUSE_MS = 200

export interface End {
  way: Way
  /** When it was told or cut, on the clock of `performance.now()`. No media came after it. */
  atMs: number
  /** The reason that was told; undefined where the connection was cut in the middle of a part. */
  why: string | undefined
}

type Headers = Record<string, string>

export interface FiveWays {
  /** Every way carries media, or waits for some. */
  ready: Promise<unknown>
  ends: Promise<End[]>
}

/** @throws where the view is not granted */
export async function watchFiveWays(url: string, headers: Headers, cameraId: string): Promise<FiveWays> {
  const reason = { kind: 'request', text: 'bench' }
  const { id, hlsUrl } = await post<{ id: string; hlsUrl: string }>(`${url}/api/v1/views`, headers, {
    cameraId,
    reason,
  })
  const index = await (await fetch(new URL(hlsUrl, url), { headers })).text()
  const playlist = new URL(index.split('\n').find((line) => /^[^#].*\.m3u8/.test(line)) ?? '', new URL(hlsUrl, url))
  const agent = new Agent({ keepAlive: true })
  const ask: Ask = (to) => answerOf(agent, to, headers)
  const going = WAYS.map(() => Promise.withResolvers<void>())
  const goes = (way: Way) => (): void => going[WAYS.indexOf(way)]?.resolve()
  const ends = Promise.all([
    heldPlaylist(ask, playlist, goes('held playlist')),
    partInFlight(ask, playlist, goes('part in flight')),
    liveSocket(url, headers, id, goes('live socket')),
    snapshots(ask, new URL('snapshot.jpg', new URL(hlsUrl, url)), goes('snapshot')),
    events(url, headers, id, goes('events')),
  ]).finally(() => agent.destroy())
  const allGo = Promise.all(going.map(({ promise }) => promise))
  return { ready: Promise.race([allGo, ends.then(() => Promise.reject(new Error('it ended before it began')))]), ends }
}

interface Answer {
  status: number
  body: string
}

type Ask = (to: URL) => Promise<Answer | undefined>

/** @returns undefined where the connection was cut */
async function answerOf(agent: Agent, to: URL, headers: Headers): Promise<Answer | undefined> {
  try {
    const [response] = (await once(get(to, { agent, headers }), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1') }
  } catch {
    return undefined
  }
}

function endOf(way: Way, answer: Answer | undefined): End {
  const atMs = performance.now()
  if (answer === undefined) return { way, atMs, why: undefined }
  const { code, why = code } = JSON.parse(answer.body) as { code: string; why?: string } // the gateway's problem
  return { way, atMs, why }
}

/** A reload for the segment after the one that is being made: held for seconds. */
async function heldPlaylist(ask: Ask, playlist: URL, onGoing: () => void): Promise<End> {
  const reload = new URL(playlist)
  for (;;) {
    const answer = await ask(reload)
    if (answer?.status !== 200) return endOf('held playlist', answer)
    const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(answer.body)?.[1])
    const whole = answer.body.split('#EXTINF').length - 1
    reload.searchParams.set('_HLS_msn', String(first + whole + 1))
    onGoing()
  }
}

/** Always the part that is being made: its request waits for its last frame, then its bytes are on their way. */
async function partInFlight(ask: Ask, playlist: URL, onGoing: () => void): Promise<End> {
  for (;;) {
    const list = await ask(playlist)
    if (list?.status !== 200) return endOf('part in flight', list)
    let next = Number(/#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p(\d+)\.m4s"/.exec(list.body)?.[1])
    for (;;) {
      const part = await ask(new URL(`p${next}.m4s`, playlist))
      if (part?.status === 404) break
      if (part?.status !== 200) return endOf('part in flight', part)
      next += 1
      onGoing()
    }
  }
}

async function liveSocket(url: string, headers: Headers, viewId: string, onGoing: () => void): Promise<End> {
  const socket = new WebSocket(new URL(LIVE_SOCKET_PATH, url.replace('http', 'ws')), { headers })
  const { promise, resolve } = Promise.withResolvers<End>()
  let isOver = false
  const end = (why: string | undefined): void => {
    isOver = true
    resolve({ way: 'live socket', atMs: performance.now(), why })
  }
  socket.on('error', () => end(undefined))
  socket.on('close', (_, reason) => end(reason.toString() || undefined))
  socket.on('open', () => socket.send(JSON.stringify({ open: viewId })))
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary && isOver) throw new Error('media came after the end')
    if (isBinary) return onGoing()
    const words = LiveMessage.parse(JSON.parse(data.toString()))
    if (words.kind === 'ended' || words.kind === 'refused') end(words.kind === 'ended' ? words.why : words.code)
  })
  const ended = await promise
  // Long enough for a part to come that must not.
  setTimeout(() => socket.terminate(), 500)
  return ended
}

async function snapshots(ask: Ask, picture: URL, onGoing: () => void): Promise<End> {
  for (;;) {
    const answer = await ask(picture)
    if (answer?.status !== 200) return endOf('snapshot', answer)
    onGoing()
    await delay(SNAPSHOT_PAUSE_MS)
  }
}

/** The event stream tells the viewer why; where the session is over it ends itself. */
async function events(url: string, headers: Headers, viewId: string, onGoing: () => void): Promise<End> {
  const response = await fetch(`${url}/api/v1/events`, { headers })
  if (response.status !== 200 || response.body === null) throw new Error(`events: ${await response.text()}`)
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    onGoing()
    const told = text
      .split('\n')
      .find((line) => line.startsWith('data:') && line.includes(viewId) && line.endsWith('}'))
    if (told === undefined) continue
    const { why } = JSON.parse(told.slice(5)) as { why: string } // the gateway's event
    return { way: 'events', atMs: performance.now(), why }
  }
  return { way: 'events', atMs: performance.now(), why: 'stream ended' }
}
