import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Audit, createAudit } from '../../gateway/audit/audit.ts'
import type { Role } from '../../gateway/contracts/identity.ts'
import type { App } from '../../gateway/http/route.ts'
import { createServer } from '../../gateway/http/server.ts'
import { createIdentity, type Identity } from '../../gateway/identity/identity.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { FakeClock } from './clock.ts'
import { temporaryDatabase } from './database.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface IdentityFixture {
  app: App
  database: Database
  clock: FakeClock
  audit: Audit
  identity: Identity
  auditKeyFile: string
  /** A bearer header for a script with these roles. */
  bearer(roles: readonly Exclude<Role, 'feed-owner'>[], cellCodes?: string[]): Promise<{ authorization: string }>
  /** A user who can sign in with `PASSWORD`. */
  addUser(username: string, roles: readonly Exclude<Role, 'feed-owner'>[]): Promise<string>
  signIn(username: string, password?: string): Promise<{ cookie: string; 'x-csrf-token': string }>
}

export const PASSWORD = 'correct horse battery'

interface Options {
  secureCookies?: boolean
  database?: Database
  extraRoutes?: (app: App) => void
  outsideFile?: string
}

/** The real server, identity and audit over a real SQLite file; only time is ours. */
export async function identityFixture(t: Teardown, options: Options = {}): Promise<IdentityFixture> {
  const database = options.database ?? (await temporaryDatabase(t))
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-keys-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const clock = new FakeClock()
  const log = pino({ level: 'silent' })
  const auditKeyFile = join(directory, 'audit.key')
  const audit = createAudit({
    database,
    clock,
    log,
    newId: randomUUID,
    bootId: randomUUID(),
    keyFile: auditKeyFile,
    outside: { file: options.outsideFile },
  })
  const secureCookies = options.secureCookies ?? false
  const identity = createIdentity({
    ...{ database, clock, log, newId: randomUUID, audit, secureCookies },
    announceEnd: async () => {},
  })
  const app = await createServer({
    logger: log,
    version: '0.0.0',
    tls: undefined,
    behindTlsProxy: secureCookies,
    authenticator: identity.sessions,
    onRefused: async () => {},
  })
  identity.routes(app)
  audit.routes(app, { user: identity.userNames, token: identity.tokenNames })
  options.extraRoutes?.(app)
  t.teardown(() => app.close())
  const system = { kind: 'system', name: 'test' } as const

  return {
    app,
    database,
    clock,
    audit,
    identity,
    auditKeyFile,
    bearer: async (roles, cellCodes) => {
      const made = await identity.users.createToken(
        { name: 'script', roles: [...roles], ...(cellCodes === undefined ? {} : { cellCodes }) },
        system,
      )
      if (!made.ok) throw new Error(made.why)
      return { authorization: `Bearer ${made.secret}` }
    },
    addUser: async (username, roles) => {
      const made = await identity.users.create(
        { username, password: PASSWORD, displayName: username.toUpperCase(), roles: [...roles] },
        system,
      )
      if (!made.ok) throw new Error(made.why)
      return made.user.id
    },
    signIn: async (username, password = PASSWORD) => {
      const reply = await app.inject({ method: 'POST', url: '/api/v1/session', payload: { username, password } })
      if (reply.statusCode !== 200) throw new Error(`sign-in of ${username}: ${reply.body}`)
      const [cookie] = reply.cookies
      return { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': reply.json().csrfToken }
    },
  }
}
