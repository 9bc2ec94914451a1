import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { NewAlarmSource } from '../../gateway/contracts/alarm.ts'
import { NewCamera } from '../../gateway/contracts/camera.ts'
import { GridInput } from '../../gateway/contracts/grid.ts'
import { NewUser, SignIn } from '../../gateway/contracts/identity.ts'
import { LinkRevocation, NewLink, OwnerConsent, OwnerSignIn } from '../../gateway/contracts/link.ts'

const ADMIN_PASSWORD = 'ten characters'

/** What an outside client can see of a gateway, kept in memory; requests are read with the contracts' own schemas. */
export interface ScriptedGateway {
  baseUrl: string
  adminPassword: string
  users: { username: string }[]
  cameras: { id: string; name: string; source: NewCamera['source'] }[]
  links: { id: string; cameraId: string; state: string }[]
  sources: { id: string; name: string }[]
  /** Names of cameras that cannot be registered. */
  unreachable: Set<string>
  close(): Promise<void>
}

interface Answer {
  status: number
  body?: unknown
  cookie?: string
}

export async function scriptedGateway(): Promise<ScriptedGateway> {
  const now = new Date().toISOString()
  const gateway = {
    users: [],
    cameras: [],
    links: [],
    sources: [],
    unreachable: new Set(),
  } as unknown as ScriptedGateway
  const invitations = new Map<string, string>()
  const session = (who: string, body: object): Answer => ({
    status: 200,
    cookie: `session=${who}; HttpOnly; Path=/`,
    body: { user: { id: randomUUID(), displayName: who, roles: [], ...body }, csrfToken: `csrf-${who}` },
  })
  const made = (body: object): Answer => ({ status: 201, body })
  const list = (items: readonly object[]): Answer => ({ status: 200, body: { items } })
  const refused = (code: string): Answer => ({ status: 409, body: { code } })

  const acts: Record<string, (body: unknown, id: string, who: string) => Answer> = {
    'PUT /api/v1/grid': (body) => ({
      status: 200,
      body: { created: GridInput.parse(body).features.length, updated: 0, problems: [] },
    }),
    'GET /api/v1/users': () => list(gateway.users),
    'POST /api/v1/users': (body) => {
      const { password: _, ...user } = NewUser.parse(body)
      if (gateway.users.some(({ username }) => username === user.username)) return refused('username-taken')
      const stored = { id: randomUUID(), ...user, disabled: false, createdAt: now }
      gateway.users.push(stored)
      return made(stored)
    },
    'GET /api/v1/cameras': () => list(gateway.cameras),
    'POST /api/v1/cameras': (body) => {
      const camera = NewCamera.parse(body)
      if (gateway.unreachable.has(camera.name)) return refused('unreachable')
      const device = { id: randomUUID(), address: 'x', deviceProfile: 'generic' }
      const state = { state: 'unlinked', stateSince: now, streams: [], device, createdAt: now }
      const stored = { ...camera, id: randomUUID(), ...state }
      gateway.cameras.push(stored)
      return made(stored)
    },
    'GET /api/v1/links': () => list(gateway.links),
    'POST /api/v1/links': (body) => {
      const link = NewLink.parse(body)
      const camera = gateway.cameras.find(({ id }) => id === link.cameraId)
      const isOpen = gateway.links.some(({ cameraId, state }) => cameraId === link.cameraId && state !== 'revoked')
      if (camera === undefined || isOpen) return refused('camera-has-link')
      const isPrivate = link.ownership === 'private'
      const state = isPrivate ? 'awaiting-consent' : 'active'
      const stored = {
        ...link,
        id: randomUUID(),
        cameraName: camera.name,
        cellCode: '990123101001001',
        state,
        stateSince: now,
        createdAt: now,
      }
      gateway.links.push(stored)
      if (!isPrivate) return made(stored)
      const token = `invitation-${randomUUID()}`
      invitations.set(token, stored.id)
      return made({ ...stored, ownerInvitation: { url: `/owner#${token}`, token, expiresAt: now } })
    },
    'POST /api/v1/links/:id/revoke': (body, id) => {
      LinkRevocation.parse(body)
      return act(id, 'revoked')
    },
    'POST /api/v1/owner/links/:id/consent': (body, id, who) => {
      OwnerConsent.parse(body)
      return who === id ? act(id, 'active') : { status: 403 }
    },
    'GET /api/v1/alarm-sources': () => list(gateway.sources),
    'POST /api/v1/alarm-sources': (body) => {
      const source = { ...NewAlarmSource.parse(body), id: randomUUID(), createdAt: now }
      gateway.sources.push(source)
      const mqtt = { username: source.id, password: randomUUID(), topic: `gridlight/v1/in/${source.id}/alarm` }
      return made({ ...source, mqtt, webhook: { url: '/', token: 'x' } })
    },
  }
  const act = (id: string, state: string): Answer => {
    const link = gateway.links.find((one) => one.id === id)
    if (link === undefined) return { status: 404 }
    link.state = state
    return { status: 200, body: link }
  }
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
    const path = (request.url ?? '').split('?')[0] ?? ''
    if (path === '/api/v1/session') {
      const { username, password } = SignIn.parse(body)
      return password === ADMIN_PASSWORD ? session(username, { username }) : { status: 401 }
    }
    if (path === '/api/v1/owner/session') {
      const linkId = invitations.get(OwnerSignIn.parse(body).token)
      return linkId === undefined ? { status: 401 } : session(linkId, {})
    }
    const who = /session=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
    const mayWrite = request.method === 'GET' || request.headers['x-csrf-token'] === `csrf-${who}`
    if (who === undefined || !mayWrite) return { status: 401 }
    const id = /[\da-f]{8}-[\da-f-]{27}/.exec(path)?.[0] ?? ''
    const named = acts[`${request.method} ${id === '' ? path : path.replace(id, ':id')}`]
    return named === undefined ? { status: 404 } : named(body, id, who)
  }

  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown): Answer => ({ status: 400, body: { code: 'invalid', detail: String(error) } }))
      .then(({ status, body = {}, cookie }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...(cookie ? { 'set-cookie': cookie } : {}) })
        response.end(JSON.stringify(body))
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return Object.assign(gateway, {
    baseUrl: `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`,
    adminPassword: ADMIN_PASSWORD,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}
