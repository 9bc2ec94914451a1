import { setTimeout as delay } from 'node:timers/promises'
import { type FiveWays, WAYS, watchFiveWays } from './five-ways.ts'
import { option } from './options.ts'
import { CELL, PASSWORD, post, settle, signIn, startCameras, startGateway } from './whole-gateway.ts'

/**
 * How long after the cause the last of so many viewers of a private feed is dark, for every cause and every way of
 * watching: the maximum, from the moment the act is sent (of an expiry: from the moment agreed on). The whole product
 * runs. Each viewer has a session of their own and watches in all ways at once.
 *
 * usage: node scripts/bench/cut-off.ts [--viewers 50] [--repeats 1]
 */

const viewerCount = option('viewers', 50)
const repeats = option('repeats', 1)

/** Sessions opened and views asked for at a time. */
const AT_ONCE = 5
const HOUR_MS = 3_600_000
/** From the consent to its end: room for all viewers to come. */
const EXPIRES_AFTER_MS = 200 * viewerCount + 5_000

type Headers = Record<string, string>

interface Stage {
  linkId: string
  owner: Headers
  userId: string
  sessions: readonly Headers[]
}

interface Cause {
  name: string
  /** @returns when it took effect for each session in turn, or for all, on the clock of `performance.now()` */
  act(stage: Stage): Promise<number | number[]>
  /** Puts back what the next repeat needs. */
  mend?(stage: Stage): Promise<unknown>
  endsSessions?: true
  endsLink?: true
}

const { child: cameras, port } = await startCameras('small')
const gateway = await startGateway()
const { url } = gateway
try {
  await main()
} finally {
  gateway.child.kill()
  cameras.kill()
}

async function main(): Promise<void> {
  const { admin, registrar } = await settle(url)
  const api = (path: string, headers: Headers, body: object = {}, method = 'POST') =>
    post<{ id: string }>(`${url}/api/v1/${path}`, headers, body, method)
  const sent = async (call: () => Promise<unknown>): Promise<number> => {
    const atMs = performance.now()
    await call()
    return atMs
  }
  const byOwner = ({ linkId, owner }: Stage, act: string, body?: object) =>
    api(`owner/links/${linkId}/${act}`, owner, body)
  const ofUser = ({ userId }: Stage, change: object) => api(`users/${userId}`, admin, change, 'PATCH')
  const untilAt = (): string => new Date(Date.now() + HOUR_MS).toISOString()
  const signOut = (headers: Headers) => fetch(`${url}/api/v1/session`, { method: 'DELETE', headers })

  const causes: readonly Cause[] = [
    { name: 'revoke', act: (on) => sent(() => byOwner(on, 'revoke')), endsLink: true },
    {
      name: 'pause',
      act: (on) => sent(() => byOwner(on, 'pause', { untilAt: untilAt() })),
      mend: (on) => byOwner(on, 'resume'),
    },
    { name: 'expiry', act: expiry, mend: (on) => untilClosed(on, registrar), endsLink: true },
    {
      name: 'sign-out',
      act: ({ sessions }) => oneByOne(sessions, (own) => sent(() => signOut(own))),
      endsSessions: true,
    },
    {
      name: 'disabled user',
      act: (on) => sent(() => ofUser(on, { disabled: true })),
      mend: (on) => ofUser(on, { disabled: false }),
      endsSessions: true,
    },
    {
      name: 'changed role',
      act: (on) => sent(() => ofUser(on, { roles: ['auditor'] })),
      mend: (on) => ofUser(on, { roles: ['operator'] }),
      endsSessions: true,
    },
  ]

  const person = { username: 'viewer', password: PASSWORD }
  const { id: userId } = await api('users', admin, { ...person, displayName: 'viewer', roles: ['operator'] })
  const newCamera = { name: 'shop', cellCode: CELL, placeClass: 'article-9', ownership: 'private' }
  const source = { kind: 'rtsp', mainUri: `rtsp://127.0.0.1:${port}/0` }
  const { id: cameraId } = await api('cameras', registrar, { ...newCamera, source })
  let link: Pick<Stage, 'linkId' | 'owner'> | undefined
  let sessions: readonly Headers[] = []
  const worst = new Map<string, number>()

  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const { name, act, mend, endsLink, endsSessions } of causes) {
      if (sessions.length === 0) sessions = await someAtOnce(viewerCount, () => signIn(url, person))
      link ??= await sharedCamera(registrar, cameraId)
      const stage = { ...link, userId, sessions }
      if (name === 'expiry') await consent(stage, EXPIRES_AFTER_MS)
      const viewers = await someAtOnce(viewerCount, (at) => watchFiveWays(url, sessions[at] ?? {}, cameraId))
      await Promise.all(viewers.map(({ ready }) => ready))
      await note(name, viewers, await act(stage), worst)
      await mend?.(stage)
      if (endsLink) link = undefined
      if (endsSessions) sessions = []
    }
  }
  const overall = Math.max(...worst.values())
  console.log(
    `worst of ${viewerCount} viewers x ${WAYS.length} ways x ${causes.length} causes x ${repeats} repeats: ${overall.toFixed(0)} ms`,
  )
  console.log(['cause', ...WAYS].join(' | '))
  for (const { name } of causes) {
    console.log([name, ...WAYS.map((way) => `${worst.get(`${name}, ${way}`)?.toFixed(0)} ms`)].join(' | '))
  }
}

/** Waits for all to be dark, and keeps the worst of each way. */
async function note(
  cause: string,
  viewers: readonly FiveWays[],
  began: number | number[],
  worst: Map<string, number>,
): Promise<void> {
  const startedMs = typeof began === 'number' ? viewers.map(() => began) : began
  const ends = (await Promise.all(viewers.map((viewer) => viewer.ends))).flat()
  for (const way of WAYS) {
    const those = ends.filter((end) => end.way === way)
    const tookMs = Math.max(...those.map(({ atMs }, viewer) => atMs - (startedMs[viewer] ?? Number.NaN)))
    const key = `${cause}, ${way}`
    worst.set(key, Math.max(tookMs, worst.get(key) ?? 0))
    const words = [...new Set(those.map(({ why = 'cut' }) => why))].join(', ')
    console.log(`${key}: ${tookMs.toFixed(0)} ms at the most (${words})`)
  }
}

/** A link of the camera to which its owner has agreed. */
async function sharedCamera(registrar: Headers, cameraId: string): Promise<Pick<Stage, 'linkId' | 'owner'>> {
  const made = await post<{ id: string; ownerInvitation: { token: string } }>(`${url}/api/v1/links`, registrar, {
    cameraId,
    ownership: 'private',
    party: { kind: 'shop', name: 'bench', contact: 'bench' },
    basis: 'bench',
    purpose: 'bench',
    scopes: ['live', 'snapshot'],
    validFrom: '2020-01-01T00:00:00.000Z',
  })
  const owner = await signIn(url, { token: made.ownerInvitation.token }, 'owner/session')
  const link = { linkId: made.id, owner }
  await consent(link, HOUR_MS)
  return link
}

async function consent({ linkId, owner }: Pick<Stage, 'linkId' | 'owner'>, forMs: number): Promise<void> {
  const validUntil = new Date(Date.now() + forMs).toISOString()
  await post(`${url}/api/v1/owner/links/${linkId}/consent`, owner, { scopes: ['live', 'snapshot'], validUntil })
}

/** Nobody does anything: the consent comes to its end. */
async function expiry({ linkId, owner }: Stage): Promise<number> {
  const links = (await (await fetch(`${url}/api/v1/owner/links`, { headers: owner })).json()) as {
    items: { id: string; consent: { validUntil: string } }[] // the bench's own gateway
  }
  const validUntil = links.items.find(({ id }) => id === linkId)?.consent.validUntil ?? ''
  const restMs = Date.parse(validUntil) - Date.now()
  if (!(restMs > 0)) throw new Error('the consent ended before all viewers were there')
  const endsMs = performance.now() + restMs
  await delay(restMs)
  return endsMs
}

/** The register writes an expiry down a few seconds after it holds; until then the camera takes no other link. */
async function untilClosed({ linkId }: Stage, registrar: Headers): Promise<void> {
  for (;;) {
    const link = await fetch(`${url}/api/v1/links/${linkId}`, { headers: registrar })
    const { state } = (await link.json()) as { state: string } // the bench's own gateway
    if (state === 'expired') return
    await delay(200)
  }
}

/** As people leave: fifty acts in one instant would measure their queue. */
async function oneByOne<T, R>(all: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const one of all) done.push(await act(one))
  return done
}

async function someAtOnce<T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> {
  const made: T[] = []
  while (made.length < count) {
    const next = Array.from({ length: Math.min(AT_ONCE, count - made.length) }, (_, at) => make(made.length + at))
    made.push(...(await Promise.all(next)))
  }
  return made
}
