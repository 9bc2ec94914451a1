import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { LIVE_SOCKET_PATH, LIVE_TIMESCALE, LiveMessage, readLiveHeader } from '../../gateway/contracts/live-socket.ts'
import { readServerSentEvents } from '../../test/fakes/server-sent-events.ts'
import type { CaseSeen } from './alarm-load.ts'
import { CELL, PASSWORD, post, prepare, signIn, startCameras } from './whole-gateway.ts'

const VIEWS = 2
/** An operator's pace in a bad minute. */
const URGENT_EVERY_MS = 1000

/** What people had of the gateway while alarms came, ms. */
export interface Meanwhile {
  /** Each request of the console: a case opened, acknowledged, dispatched. */
  actions: number[]
  /** From the publish of an urgent alarm to its case on the console. */
  centre: number[]
  /** From the dispatch to the patrol lead's page. */
  phone: number[]
  /** From the publish to that page, by way of an operator who does not hesitate. */
  publishToPhone: number[]
  video: Video
}

export interface Video {
  /** Between one part of a view and the next. */
  gaps: number[]
  /** How much later than the quickest of its view a part came, by its media time. */
  delays: number[]
  /** Words of the gateway that a stream has no new frames. */
  stalls: number
}

/** Two live pictures on a wall, an operator who works on urgent cases, and a patrol lead with a phone. */
export async function startMeanwhile(
  url: string,
  life: { teardown(end: () => Promise<void>): void },
  console: { raise(text: string): Promise<unknown>; caseOf(text: string): Promise<CaseSeen> },
): Promise<{ stop(): Promise<Meanwhile> }> {
  const cameras = await startCameras()
  life.teardown(async () => void cameras.child.kill())
  const { headers, cameraIds } = await prepare(url, cameras.port, VIEWS)
  const views = await Promise.all(
    cameraIds.map((cameraId) =>
      post<{ id: string }>(`${url}/api/v1/views`, headers, { cameraId, reason: { kind: 'routine' } }),
    ),
  )
  const [operator, lead] = await Promise.all([signedIn(url, 'operator'), signedIn(url, 'patrol-lead')])
  await post(`${url}/api/v1/duty`, lead, { on: true })
  const phone = await readPhone(url, lead)
  const picture = watch(url, headers, views)
  await picture.playing

  const took = {
    actions: [] as number[],
    centre: [] as number[],
    phone: [] as number[],
    publishToPhone: [] as number[],
  }
  const timed = async (request: () => Promise<unknown>): Promise<void> => {
    const startedMs = performance.now()
    await request()
    took.actions.push(performance.now() - startedMs)
  }
  const act = (id: string, action: string): Promise<void> =>
    timed(() => post(`${url}/api/v1/cases/${id}/actions`, operator, { action, idempotencyKey: randomUUID() }))

  const handle = async (text: string): Promise<void> => {
    const publishedMs = performance.now()
    const published = console.raise(text)
    const { id } = await console.caseOf(text)
    took.centre.push(performance.now() - publishedMs)
    await act(id, 'acknowledge')
    await timed(async () => {
      const answer = await fetch(`${url}/api/v1/cases/${id}`, { headers: operator })
      if (!answer.ok) throw new Error(`case ${id}: ${answer.status}`)
      await answer.arrayBuffer()
    })
    const dispatchedMs = performance.now()
    const shown = phone.dispatched(id)
    await act(id, 'dispatch')
    const shownMs = await shown
    took.phone.push(shownMs - dispatchedMs)
    took.publishToPhone.push(shownMs - publishedMs)
    await published
  }
  let isOver = false
  const working = (async () => {
    for (let n = 0; !isOver; n++) {
      const nextMs = performance.now() + URGENT_EVERY_MS
      await handle(`urgent ${n}`)
      await delay(Math.max(0, nextMs - performance.now()))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await working
      phone.close()
      const video = picture.stop()
      return { ...took, video }
    },
  }
}

async function signedIn(url: string, role: 'operator' | 'patrol-lead'): Promise<Record<string, string>> {
  const admin = await signIn(url, { username: 'admin', password: PASSWORD })
  const cells = role === 'patrol-lead' ? { cellCodes: [CELL] } : {}
  const user = { username: `bench-${role}`, password: PASSWORD, displayName: role, roles: [role], ...cells }
  await post(`${url}/api/v1/users`, admin, user)
  return signIn(url, { username: user.username, password: PASSWORD })
}

/** The live events of the patrol lead's duty page. */
async function readPhone(url: string, headers: Record<string, string>) {
  const events = await readServerSentEvents(`${url}/api/v1/events`, headers)
  const waiters = new Map<string, (ms: number) => void>()
  const running = (async () => {
    for (;;) {
      const { event, data } = await events.next()
      if (event !== 'case' || data.phase !== 'dispatched') continue
      waiters.get(String(data.id))?.(performance.now())
    }
  })()
  running.catch(() => {})
  return {
    dispatched: (id: string): Promise<number> => new Promise((resolve) => waiters.set(id, resolve)),
    close: () => events.close(),
  }
}

/** One live socket with all views. */
function watch(url: string, headers: Record<string, string>, views: readonly { id: string }[]) {
  const video: Video = { gaps: [], delays: [], stalls: 0 }
  const parts = new Map<number, { lastMs: number; quickestMs: number }>()
  const { promise: playing, resolve: plays } = Promise.withResolvers<void>()
  const socket = new WebSocket(new URL(LIVE_SOCKET_PATH, url.replace('http', 'ws')), { headers })
  socket.on('open', () => {
    for (const { id } of views) socket.send(JSON.stringify({ open: id }))
  })
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (!isBinary) {
      const told = LiveMessage.parse(JSON.parse(data.toString()))
      if (told.kind === 'stream' && (told.state === 'stalled' || told.state === 'offline')) video.stalls++
      return
    }
    const header = readLiveHeader(new DataView(data.buffer, data.byteOffset, data.length))
    if (header?.type !== 'chunk') return
    const nowMs = performance.now()
    const lateMs = nowMs - ((header.startTicks + header.durationTicks) * 1000) / LIVE_TIMESCALE
    const before = parts.get(header.number)
    const quickestMs = Math.min(before?.quickestMs ?? lateMs, lateMs)
    parts.set(header.number, { lastMs: nowMs, quickestMs })
    if (parts.size === views.length) plays()
    if (before === undefined) return
    video.gaps.push(nowMs - before.lastMs)
    video.delays.push(lateMs - quickestMs)
  })
  return {
    playing,
    stop: (): Video => {
      socket.terminate()
      return video
    },
  }
}
