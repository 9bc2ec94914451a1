import { actorOf } from '../contracts/audit.ts'
import type { Principal } from '../contracts/identity.ts'
import type { Link } from '../contracts/link.ts'
import type { ViewsDeps } from './views.ts'

/** A camera that has no picture by then is shown without one. */
const READY_MS = 15_000

export type Still = { kind: 'still'; jpeg: Buffer } | { kind: 'not-yours' } | { kind: 'no-picture' }

type StillDeps = Pick<ViewsDeps, 'database' | 'clock' | 'cameras' | 'links' | 'relays' | 'audit'>

/**
 * One picture of a private camera for its owner, so that they know which one is meant before they agree. It goes to the
 * owner's session alone; nobody of the centre has a way to it, whatever their roles.
 */
export async function ownerStill(
  { database, clock, cameras, links, relays, audit }: StillDeps,
  principal: Principal,
  { id: linkId, cameraId }: Pick<Link, 'id' | 'cameraId'>,
  gone: AbortSignal,
): Promise<Still> {
  const link = await links.linkFor(database.client, cameraId)
  const isTheirs = principal.kind === 'owner' && principal.linkIds?.includes(linkId) && link?.id === linkId
  if (!isTheirs || link.ownership !== 'private' || !OPEN.has(link.state)) return { kind: 'not-yours' }
  const source = await cameras.streamSource(cameraId, 'sub')
  if (source === undefined) return { kind: 'no-picture' }
  await database.transaction((tx) =>
    audit.append(tx, {
      action: 'owner-still',
      actor: actorOf(principal),
      object: `camera:${cameraId}`,
      result: 'done',
      detail: { linkId },
    }),
  )
  const wait = new AbortController()
  const timer = AbortSignal.any([wait.signal, gone])
  clock.sleep(READY_MS, timer).then(
    () => wait.abort(),
    () => {},
  )
  const lease = relays.acquire(source.streamId, source.source, { sound: false })
  try {
    const state = await lease.relay.ready(timer)
    const jpeg = state.kind === 'ready' ? await lease.relay.snapshot(timer) : undefined
    return jpeg === undefined ? { kind: 'no-picture' } : { kind: 'still', jpeg }
  } finally {
    wait.abort()
    lease.release()
  }
}

const OPEN = new Set<Link['state']>(['awaiting-consent', 'active', 'paused'])
