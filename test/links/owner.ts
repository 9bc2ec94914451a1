import type { Link } from '../../gateway/contracts/link.ts'
import { type LawfulAccess, newLink } from '../fakes/lawful-access.ts'

export const DAY = 24 * 60 * 60_000

export type Headers = Record<string, string>

interface Owner {
  headers: Headers
  csrf: string
  token: string
  link: Link
}

export const create = (f: LawfulAccess, headers: Headers, payload: object) =>
  f.app.inject({ method: 'POST', url: '/api/v1/links', headers, payload })

export const openSession = (f: LawfulAccess, token: string, remoteAddress = '127.0.0.1') =>
  f.app.inject({ method: 'POST', url: '/api/v1/owner/session', payload: { token }, remoteAddress })

/** A private link in waiting, and its owner's session. */
export async function invited(f: LawfulAccess, more: Parameters<typeof newLink>[2] = {}): Promise<Owner> {
  const cameraId = await f.addCamera('private')
  const made = await create(f, await f.bearer(['installer']), newLink(cameraId, 'private', more))
  if (made.statusCode !== 201) throw new Error(made.body)
  const { ownerInvitation, ...link } = made.json()
  const opened = await openSession(f, ownerInvitation.token)
  const [cookie] = opened.cookies
  const csrf: string = opened.json().csrfToken
  const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': csrf }
  return { headers, csrf, token: ownerInvitation.token, link }
}

export const act = (f: LawfulAccess, headers: Headers, id: string, name: string, payload?: object) =>
  f.app.inject({
    method: 'POST',
    url: `/api/v1/owner/links/${id}/${name}`,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })

export const inFuture = (f: LawfulAccess, ms: number): string => new Date(f.clock.now() + ms).toISOString()

export const stateOf = async (f: LawfulAccess, id: string): Promise<string> =>
  (await f.database.client.link.findUniqueOrThrow({ where: { id } })).state

export const auditOf = async (f: LawfulAccess, id: string): Promise<string[]> => {
  const where = { object: `link:${id}` }
  const rows = await f.database.client.auditEntry.findMany({ where, orderBy: { sequence: 'asc' } })
  return rows.map(({ action, why, actorKind }) => [action, why, actorKind].filter(Boolean).join(' '))
}

export const eventsOf = async (f: LawfulAccess, id: string): Promise<string[]> => {
  const rows = await f.database.client.event.findMany({ where: { kind: 'link' }, orderBy: { id: 'asc' } })
  const all = rows.map(({ dataJson }): { id: string; state: string } => JSON.parse(dataJson))
  return all.filter((event) => event.id === id).map(({ state }) => state)
}
