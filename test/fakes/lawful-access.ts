import { randomBytes, randomUUID } from 'node:crypto'
import { pino } from 'pino'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { Ownership } from '../../gateway/contracts/common.ts'
import type { NewLink } from '../../gateway/contracts/link.ts'
import { createLinks, type LinksFeature } from '../../gateway/links/create-links.ts'
import { createEvents } from '../../gateway/notify/events.ts'
import type { Tx } from '../../gateway/storage/database.ts'
import { createViews, type ViewsFeature } from '../../gateway/views/create-views.ts'
import type { RelayPool, StreamSource } from '../../gateway/views/sources.ts'
import { type IdentityFixture, identityFixture } from './identity.ts'

export const CELL = '330106001001001'

type Fixture = Parameters<typeof identityFixture>[0]

export interface LawfulAccess extends IdentityFixture {
  links: LinksFeature
  views: ViewsFeature
  /** Adds a camera of this ownership. @returns its id */
  addCamera(ownership: Ownership, options?: { cellCode?: string; source?: StreamSource['source'] }): Promise<string>
  /** A second process over the same database: what a restart would see. */
  again(): { links: LinksFeature; views: ViewsFeature }
  /** Makes every further write to the audit trail fail, or mends it. */
  breakAudit(isBroken: boolean): void
}

const NOWHERE: StreamSource['source'] = async () => ({ uri: '' })

const NO_CAMERA: RelayPool = {
  transcoded: () => undefined,
  acquire: () => {
    throw new Error('this test has no relay')
  },
}

export const newLink = (cameraId: string, ownership: Ownership, more: Partial<NewLink> = {}): NewLink => ({
  cameraId,
  ownership,
  party: { kind: 'shop', name: '清河副食店', contact: '王老板 0571-0000' },
  basis: '共享协议 2026-07',
  purpose: '门前道路安全',
  scopes: ['live', 'snapshot'],
  validFrom: '2026-01-01T00:00:00.000Z',
  ...more,
})

/** The real server, database, audit trail, identity, links and views; only time and the cameras' rows are ours. */
export async function lawfulAccess(t: Fixture, relays: RelayPool = NO_CAMERA): Promise<LawfulAccess> {
  const identity = await identityFixture(t)
  const { app, database, clock } = identity
  const log = pino({ level: 'silent' })
  const events = createEvents({ database, clock, log })
  const sources = new Map<string, StreamSource['source']>()
  let isBroken = false

  const audit = {
    append: async (tx: Tx, entry: NewAuditEntry): Promise<void> => {
      await identity.audit.append(tx, entry)
      // Fails after the row, as a full disk would: nothing of the transaction may stay.
      if (isBroken) throw new Error('audit: no space left on device')
    },
    entriesOf: identity.audit.entriesOf,
    canWrite: async (): Promise<boolean> => !isBroken && (await identity.audit.canWrite()),
  }
  const cameras = {
    camera: async (id: string) => {
      const row = await database.client.camera.findUnique({ where: { id } })
      if (row === null) return undefined
      const ownership: Ownership = row.ownership === 'public' ? 'public' : 'private'
      return { id, name: row.name, cellCode: row.cellCode, ownership, removed: row.removedAt !== null }
    },
    streamSource: async (cameraId: string, want: 'auto' | 'main' | 'sub') => {
      const source = sources.get(cameraId)
      const role: 'main' | 'sub' = want === 'main' ? 'main' : 'sub'
      // Cameras of one source share its relay, so that only the first has to wait for a key frame.
      const streamId = `${[...new Set(sources.values())].indexOf(source ?? NOWHERE)}/${role}`
      return source === undefined ? undefined : { streamId, role, source }
    },
  }
  const build = (): { links: LinksFeature; views: ViewsFeature } => {
    const common = { database, clock, log, newId: randomUUID, audit, events, cameras }
    const links: LinksFeature = createLinks({
      ...common,
      sessions: identity.identity.sessions,
      newToken: () => randomBytes(32).toString('base64url'),
      views: {
        endWhere: (criteria, why) => views.endWhere(criteria, why),
        ledger: (linkId, query) => views.ledger(linkId, query),
        still: (principal, link, gone) => views.still(principal, link, gone),
      },
      timeZone: 'Asia/Shanghai',
      strippedFields: async () => 7,
      transparencyPage: true,
    })
    const views = createViews({ ...common, nodeId: 'node', links, relays, timeZone: 'Asia/Shanghai' })
    return { links, views }
  }
  const { links, views } = build()
  links.routes(app)
  views.routes(app)
  identity.identity.onEnded(({ why, ...criteria }) => void views.endWhere(criteria, why))
  await links.start()
  await views.start()
  t.teardown(async () => {
    await views.close()
    await links.close()
  })

  return {
    ...identity,
    links,
    views,
    again: build,
    breakAudit: (broken) => {
      isBroken = broken
    },
    addCamera: async (ownership, { cellCode = CELL, source } = {}) => {
      const [id, deviceId, at] = [randomUUID(), randomUUID(), new Date(clock.now())]
      if (source !== undefined) sources.set(id, source)
      const device = { id: deviceId, address: deviceId, kind: 'rtsp', deviceProfile: 'generic' }
      await database.client.device.create({ data: { ...device, createdAt: at, updatedAt: at } })
      await database.client.camera.create({
        data: {
          id,
          deviceId,
          channel: '',
          name: '东街口',
          cellCode,
          placeClass: 'article-9',
          ownership,
          state: 'online',
          stateSince: at,
          createdAt: at,
          updatedAt: at,
        },
      })
      return id
    },
  }
}
