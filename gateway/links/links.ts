import { createHash } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { Chore } from '../chore.ts'
import type { Clock } from '../clock.ts'
import type { Actor, AuditAction, AuditEntry, NewAuditEntry } from '../contracts/audit.ts'
import { type Ownership, toInstant } from '../contracts/common.ts'
import type { NewLiveEvent } from '../contracts/event.ts'
import type { Link, NewLink, OwnerConsent, OwnerInvitation, OwnerOpening, PaperEvidence } from '../contracts/link.ts'
import type { ViewEnd } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import type { Database, Tx } from '../storage/database.ts'
import { widerThanAsked } from './consent.ts'
import { LatchedTime } from './latched-time.ts'
import { dueAct, isClosed, type LinkAct, nextState } from './lifecycle.ts'
import { turnPeriod } from './periods.ts'
import * as store from './store.ts'

/** An invitation that nobody opened is void after this long; its link expires with it. */
const INVITATION_MS = 14 * 24 * 60 * 60_000
/** Openings of the owner's page that are shown. */
const MAX_OPENINGS = 20
/** The gate refuses what is over at once; the sweep writes it down. */
const SWEEP_MS = 5_000

export interface LinksDeps {
  database: Database
  clock: Clock
  log: FastifyBaseLogger
  newId: () => string
  /** 256 random bits, base64url. */
  newToken: () => string
  audit: {
    append(tx: Tx, entry: NewAuditEntry): Promise<unknown>
    entriesOf(object: string, action: AuditAction, limit: number): Promise<AuditEntry[]>
  }
  events: { publish(tx: Tx, event: NewLiveEvent): Promise<unknown> }
  cameras: { camera(id: string): Promise<LinkCamera | undefined> }
  /** Darkens viewers; resolves once their media have ended. */
  views: { endWhere(criteria: { linkId: string }, why: ViewEnd): Promise<unknown> }
}

export interface LinkCamera {
  id: string
  cellCode: string
  ownership: Ownership
  removed: boolean
}

const SYSTEM: Actor = { kind: 'system', name: 'gridlight' }

export type LinkResult =
  | { kind: 'done'; link: Link }
  | { kind: 'not-found' }
  | { kind: 'illegal'; state: Link['state'] }
  | { kind: 'wider'; what: string }

export type CreateResult =
  | { kind: 'done'; link: Link; ownerInvitation: OwnerInvitation | undefined }
  | { kind: 'no-camera' }
  | { kind: 'ownership-differs'; camera: Ownership }
  | { kind: 'camera-has-link'; linkId: string }

export type InviteResult =
  | { kind: 'done'; ownerInvitation: OwnerInvitation }
  | Exclude<LinkResult, { kind: 'done' | 'wider' }>

interface ActOptions {
  reason?: string | undefined
  pausedUntil?: string | undefined
  consent?: OwnerConsent | undefined
  /** Of a consent that was given on paper. */
  paper?: PaperEvidence | undefined
}

/** What each act is called in the audit trail, and what it tells those who are watching; without the latter they stay. */
const ACTS: Record<Exclude<LinkAct, 'open'>, { action: AuditAction; ends?: ViewEnd }> = {
  consent: { action: 'consent-given', ends: 'rights-changed' },
  pause: { action: 'link-paused', ends: 'link-paused' },
  resume: { action: 'link-resumed' },
  'end-pause': { action: 'link-resumed' },
  suspend: { action: 'link-state-changed', ends: 'link-paused' },
  restore: { action: 'link-state-changed' },
  end: { action: 'link-state-changed', ends: 'link-ended' },
  revoke: { action: 'link-revoked', ends: 'link-revoked' },
  expire: { action: 'link-state-changed', ends: 'link-expired' },
  hold: { action: 'link-state-changed', ends: 'link-paused' },
}

const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** The register of links: every change is one transaction of state, audit and event, then the cut-off. */
export class Links {
  readonly #deps: LinksDeps
  readonly #time: LatchedTime
  readonly #sweeping: Chore

  constructor(deps: LinksDeps) {
    this.#deps = deps
    this.#time = new LatchedTime(deps.clock)
    const failed = 'links: the sweep failed and is tried again'
    // The start has swept before.
    this.#sweeping = new Chore({ ...deps, everyMs: SWEEP_MS, failed, restsFirst: true }, () => this.sweep())
  }

  /** Takes up the latest time the store has seen, settles what came due meanwhile, and goes on sweeping. */
  async start(): Promise<void> {
    const latch = await store.readLatch(this.#deps.database.client)
    if (latch !== undefined) this.#time.raise(latch)
    await this.sweep()
    this.#sweeping.start()
  }

  close(): Promise<void> {
    return this.#sweeping.close()
  }

  /** Time as consent sees it: a clock set back does not set it back. UTC milliseconds. */
  now(): number {
    return this.#time.now()
  }

  /** For the gate: the camera's link as it is at this moment, expired the moment it is over. */
  async linkFor(client: Tx, cameraId: string): Promise<Link | undefined> {
    const link = await store.findLinkOfCamera(client, cameraId)
    if (link === undefined || link.cameraRemoved) return undefined
    const isOver = dueAct(link, this.now()) === 'expire'
    return store.shown(isOver ? { ...link, state: 'expired' } : link)
  }

  /** @param origin of this gateway as the registrar reaches it, such as `https://grid.example`: the owner's invitation leads there */
  async create(actor: Actor, input: NewLink, origin: string): Promise<CreateResult> {
    const { database, newId, audit, cameras } = this.#deps
    const camera = await cameras.camera(input.cameraId)
    if (camera === undefined || camera.removed) return { kind: 'no-camera' }
    if (camera.ownership !== input.ownership) return { kind: 'ownership-differs', camera: camera.ownership }
    const state = nextState(input.ownership, 'draft', 'open')
    if (state === undefined) throw new Error(`a ${input.ownership} link cannot be opened`)
    return database.transaction(async (tx): Promise<CreateResult> => {
      await lockLinks(tx)
      const present = await store.findLinkOfCamera(tx, input.cameraId)
      if (present !== undefined && !isClosed(present.state)) return { kind: 'camera-has-link', linkId: present.id }
      const [id, atMs] = [newId(), this.now()]
      await store.insertLink(tx, id, input, state, atMs)
      await turnPeriod(tx, { id: newId(), linkId: id, state, consentVersion: undefined, atMs })
      const ownerInvitation = state === 'awaiting-consent' ? await this.#invite(tx, id, atMs, origin) : undefined
      const link = await existing(tx, id)
      await audit.append(tx, {
        action: 'link-created',
        actor,
        object: `link:${id}`,
        result: 'done',
        detail: {
          cameraId: link.cameraId,
          ownership: link.ownership,
          state,
          scopes: link.scopes,
          party: link.party.name,
        },
      })
      await this.#publish(tx, link)
      return { kind: 'done', link: store.shown(link), ownerInvitation }
    })
  }

  /** One act on one link. Callers have checked that the actor may do it; whether it is legal is decided here. */
  async act(actor: Actor, linkId: string, act: keyof typeof ACTS, options: ActOptions = {}): Promise<LinkResult> {
    const result = await this.#deps.database.transaction((tx) => this.actIn(tx, actor, linkId, act, options))
    if (result.kind === 'done') await this.afterAct(linkId, act)
    return result
  }

  /** The cut-off, once the act is on disk. */
  async afterAct(linkId: string, act: keyof typeof ACTS): Promise<void> {
    const { ends } = ACTS[act]
    if (ends !== undefined) await this.#deps.views.endWhere({ linkId }, ends)
  }

  /** The act within a transaction of the caller's, who runs `afterAct` after it. */
  async actIn(tx: Tx, actor: Actor, linkId: string, act: keyof typeof ACTS, options: ActOptions): Promise<LinkResult> {
    await lockLinks(tx)
    const before = await store.findLink(tx, linkId)
    if (before === undefined) return { kind: 'not-found' }
    const atMs = this.now()
    // What time has ended cannot be acted on, even in the seconds before the sweep says so.
    const due = dueAct(before, atMs)
    if (act === 'expire' || act === 'end-pause' ? due !== act : due === 'expire') {
      return { kind: 'illegal', state: due === 'expire' ? 'expired' : before.state }
    }
    const state = nextState(before.ownership, before.state, act)
    if (state === undefined) return { kind: 'illegal', state: before.state }
    const { consent } = options
    if (consent !== undefined) {
      const what = widerThanAsked(before, consent)
      if (what !== undefined) return { kind: 'wider', what }
      const hours = consent.hours ?? before.hours
      const version = (before.consent?.version ?? 0) + 1
      const agreed = { ...consent, ...(hours === undefined ? {} : { hours }) }
      await store.insertConsent(tx, this.#deps.newId(), linkId, version, agreed, options.paper, atMs)
    }
    const pausedUntil = act === 'consent' ? before.pausedUntil : options.pausedUntil
    const sinceMs = state === before.state ? Date.parse(before.stateSince) : atMs
    await store.updateState(tx, linkId, { state, sinceMs, reason: options.reason, pausedUntil })
    const link = await existing(tx, linkId)
    await turnPeriod(tx, { id: this.#deps.newId(), linkId, state, consentVersion: link.consent?.version, atMs })
    await this.#deps.audit.append(tx, {
      action: ACTS[act].action,
      actor,
      object: `link:${linkId}`,
      result: 'done',
      why: act,
      ...(link.consent === undefined ? {} : { consentVersion: link.consent.version }),
      detail: { ...options, from: before.state, to: state, cameraId: link.cameraId },
    })
    await this.#publish(tx, link)
    return { kind: 'done', link: store.shown(link) }
  }

  /** A refused key is a refused sign-in. Anybody may try one: the route bounds how often. */
  async recordRefusedKey(address: string): Promise<void> {
    const { database, audit } = this.#deps
    await database.transaction((tx) =>
      audit.append(tx, {
        action: 'sign-in-refused',
        actor: { kind: 'anonymous', name: 'owner invitation' },
        object: 'session',
        result: 'refused',
        why: 'invitation-invalid',
        detail: { address },
      }),
    )
  }

  /**
   * The owner's way in. The first opening must come before the invitation expires; from then on it is the owner's key
   * for as long as the link is not closed.
   * @param address where it is opened from: on record, so that whoever opens it in the owner's stead leaves a trace
   * @param open opens the session, in the same transaction
   */
  async openInvitation<T extends { sessionId: string }>(
    token: string,
    address: string,
    open: (tx: Tx, invitationId: string) => Promise<T>,
  ): Promise<{ session: T; link: Link } | undefined> {
    const { database } = this.#deps
    const tokenHash = hashToken(token)
    // Most of what is refused ends here, without the locks of the register.
    if ((await store.findInvitation(database.client, tokenHash)) === undefined) return undefined
    return database.transaction(async (tx) => {
      await lockLinks(tx)
      const invitation = await store.findInvitation(tx, tokenHash)
      if (invitation === undefined) return undefined
      const [link, nowMs] = [await existing(tx, invitation.linkId), this.now()]
      const isLate = Date.parse(invitation.expiresAt) <= nowMs
      if (isLate || isClosed(link.state) || dueAct(link, nowMs) === 'expire') return undefined
      await store.markOpened(tx, invitation.id, nowMs)
      const session = await open(tx, invitation.id)
      await this.#deps.audit.append(tx, {
        action: 'owner-session',
        actor: {
          kind: 'owner',
          id: session.sessionId,
          name: link.party.name,
          roles: ['feed-owner'],
          sessionId: session.sessionId,
        },
        object: `link:${link.id}`,
        result: 'done',
        detail: { address },
      })
      return { session, link: store.shown(link) }
    })
  }

  /** When and from where the owner's page of a link was opened, newest first. */
  async openings(linkId: string, sessionId: string | undefined): Promise<OwnerOpening[]> {
    const entries = await this.#deps.audit.entriesOf(`link:${linkId}`, 'owner-session', MAX_OPENINGS)
    return entries.map(({ at, detail, sessionId: opened }) => ({
      at,
      ...(typeof detail?.address === 'string' ? { address: detail.address } : {}),
      isThisOne: opened === sessionId,
    }))
  }

  /**
   * After a restore from a backup: the owner may have revoked since it was made, so every private link that was in
   * force waits for the owner's new word. Invitations that ran out unopened no longer end their links, for staff may
   * give new ones. Run while the gateway is stopped.
   * @returns how many links were put on hold
   */
  async holdAfterRestore(actor: Actor): Promise<number> {
    const { database } = this.#deps
    let held = 0
    for (const state of ['active', 'paused'] as const) {
      let cursor: string | undefined
      do {
        const links = await store.listLinks(database.client, { ownership: 'private', state, limit: 500, cursor })
        for (const { id } of links) {
          const result = await this.act(actor, id, 'hold', { reason: 'restored' })
          if (result.kind === 'done') held += 1
        }
        cursor = links.at(-1)?.id
      } while (cursor !== undefined)
    }
    await database.transaction((tx) => store.dropLapsedInvitations(tx, this.now()))
    return held
  }

  /**
   * A new way in for the owner of a link that awaits consent; those given before open nothing any more.
   * @param origin as for `create`
   */
  async inviteAgain(actor: Actor, linkId: string, origin: string): Promise<InviteResult> {
    const { database, audit } = this.#deps
    return database.transaction(async (tx): Promise<InviteResult> => {
      await lockLinks(tx)
      const link = await store.findLink(tx, linkId)
      if (link === undefined) return { kind: 'not-found' }
      const atMs = this.now()
      const state = dueAct(link, atMs) === 'expire' ? 'expired' : link.state
      if (state !== 'awaiting-consent') return { kind: 'illegal', state }
      await store.voidInvitations(tx, linkId, atMs)
      const ownerInvitation = await this.#invite(tx, linkId, atMs, origin)
      await audit.append(tx, {
        action: 'owner-invited',
        actor,
        object: `link:${linkId}`,
        result: 'done',
        detail: { expiresAt: ownerInvitation.expiresAt },
      })
      return { kind: 'done', ownerInvitation }
    })
  }

  /** Writes down what time has done: expiries and ends of pauses. */
  async sweep(): Promise<void> {
    const { database } = this.#deps
    const nowMs = this.now()
    await database.transaction((tx) => store.raiseLatch(tx, nowMs))
    for (const link of await store.listTimed(database.client, nowMs)) {
      const act = dueAct(link, nowMs)
      if (act !== undefined) await this.act(SYSTEM, link.id, act)
    }
  }

  async #invite(tx: Tx, linkId: string, atMs: number, origin: string): Promise<OwnerInvitation> {
    const token = this.#deps.newToken()
    const expiresAt = toInstant(atMs + INVITATION_MS)
    await store.insertInvitation(tx, { id: this.#deps.newId(), linkId, expiresAt }, hashToken(token), atMs)
    // In the fragment, which browsers send to nobody.
    return { url: `${origin}/owner#${token}`, token, expiresAt }
  }

  async #publish(tx: Tx, link: Link): Promise<void> {
    const { id, cameraId, cellCode, state, stateSince, consent } = link
    const version = consent === undefined ? {} : { consentVersion: consent.version }
    await this.#deps.events.publish(tx, {
      kind: 'link',
      cellCode,
      data: { id, cameraId, cellCode, state, since: stateSince, ...version },
    })
  }
}

/**
 * Changes of links and grants of views take turns: whoever holds the audit counter's row is alone until the end of the
 * transaction, on both databases. Taking no number leaves no gap.
 */
export async function lockLinks(tx: Tx): Promise<void> {
  await takeNumbers(tx, 'audit', 0)
}

async function existing(tx: Tx, id: string): Promise<store.StoredLink> {
  const link = await store.findLink(tx, id)
  if (link === undefined) throw new Error(`link ${id} vanished within its own transaction`)
  return link
}
