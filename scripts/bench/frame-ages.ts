import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { playSocket } from './live-socket-viewer.ts'
import { playLowLatency } from './ll-hls-viewer.ts'
import { agesOf, STAMP_BYTES, stampsOf } from './stamp.ts'

/** How old frames are when a viewer has them in hand, by the camera's clock in each frame; one function a way to watch. */

type Headers = Record<string, string>

/** Between two looks at a classic playlist. */
const LOOK_MS = 20
/** Players of classic HLS begin no nearer to its end (RFC 8216bis §6.3.3). */
const TARGETS_BEHIND = 3
/** A socket begins with what is there since the last key frame: that is no live media. */
const BURST_MS = 1_000

export async function lowLatencyAges(index: URL, headers: Headers, seconds: number): Promise<number[]> {
  const ages: number[] = []
  const stop = new AbortController()
  const playing = playLowLatency(index, headers, stop.signal, (part) => ages.push(...agesOf(part)))
  await Promise.race([playing, delay(seconds * 1000)]) // a player that fails ends the bench
  stop.abort()
  await playing
  return ages
}

export async function socketAges(url: string, viewId: string, headers: Headers, seconds: number): Promise<number[]> {
  const ages: number[] = []
  const startedMs = performance.now()
  const socket = playSocket(url, [{ id: viewId }], headers, (_, message) => {
    if (performance.now() - startedMs > BURST_MS) ages.push(...agesOf(message))
  })
  await delay(BURST_MS + seconds * 1000)
  socket.terminate()
  return ages
}

/** One endless answer. */
export async function endlessAges(url: string, seconds: number): Promise<number[]> {
  const ages: number[] = []
  const startedMs = performance.now()
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  let tail = Buffer.alloc(0)
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([tail, chunk])
    const elapsedMs = performance.now() - startedMs
    if (elapsedMs > BURST_MS) ages.push(...agesOf(bytes))
    if (elapsedMs > BURST_MS + seconds * 1000) break
    tail = bytes.subarray(Math.max(0, bytes.length - STAMP_BYTES + 1))
  }
  return ages
}

export interface ClassicAges {
  /** Of the newest whole segment, when it was listed and is in hand: the best that any player of classic HLS can have. */
  inHand: number[]
  /** What is on the screen of a player that began three target durations from the list's end, at any moment. */
  shown: number[]
}

/** @param read the playlist, or a segment by the name it has there; undefined while it is not there */
export async function classicAges(
  read: (name?: string) => Promise<Buffer | undefined>,
  seconds: number,
): Promise<ClassicAges> {
  const ages: ClassicAges = { inHand: [], shown: [] }
  /** When the first frame of a segment was sent. */
  const sentMs = new Map<string, number>()
  let newest: string | undefined
  const untilMs = performance.now() + seconds * 1000
  while (performance.now() < untilMs) {
    const { names, beginsWith } = readList((await read())?.toString('latin1') ?? '')
    const last = names.at(-1)
    for (const name of names.filter((one) => !sentMs.has(one))) {
      const bytes = (await read(name)) ?? Buffer.alloc(0)
      sentMs.set(name, stampsOf(bytes)[0] ?? Number.NaN)
      if (name === last && newest !== undefined) ages.inHand.push(...agesOf(bytes))
    }
    newest = last
    const shownMs = sentMs.get(beginsWith ?? '')
    if (shownMs !== undefined && !Number.isNaN(shownMs)) ages.shown.push(Date.now() - shownMs)
    await delay(LOOK_MS)
  }
  return ages
}

/** @param index a multivariant playlist with one rendition, whose name ends it */
export async function served(index: URL, headers: Headers): Promise<(name?: string) => Promise<Buffer>> {
  const load = async (url: URL): Promise<Buffer> =>
    Buffer.from(await (await fetch(url, { headers, signal: AbortSignal.timeout(10_000) })).arrayBuffer())
  const playlist = new URL((await load(index)).toString('latin1').trim().split('\n').at(-1) ?? '', index)
  return (name) => load(name === undefined ? playlist : new URL(name, playlist))
}

export const filed =
  (playlist: string) =>
  async (name?: string): Promise<Buffer | undefined> => {
    const path = name === undefined ? playlist : join(dirname(playlist), name)
    return existsSync(path) ? readFileSync(path) : undefined
  }

/** Whole segments, and the one a classic player begins with: the newest that begins three target durations from the end. */
function readList(text: string): { names: string[]; beginsWith: string | undefined } {
  const lines = text.split('\n')
  const targetS = Number(/#EXT-X-TARGETDURATION:(\d+)/.exec(text)?.[1])
  const segments = lines.flatMap((line, i) =>
    line.startsWith('#EXTINF:')
      ? [
          {
            durationS: Number.parseFloat(line.slice(8)),
            name: lines.slice(i).find((one) => one !== '' && !one.startsWith('#')) ?? '',
          },
        ]
      : [],
  )
  let toEndS = 0
  const beginsWith = segments.findLast(({ durationS }) => {
    toEndS += durationS
    return toEndS >= TARGETS_BEHIND * targetS - 0.001
  })
  return { names: segments.map(({ name }) => name), beginsWith: beginsWith?.name }
}
