import type { Clock } from '../clock.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import {
  type Channel,
  type ChannelChange,
  type ChannelKind,
  type ChannelTest,
  MAX_RATE_PER_MINUTE,
  type NewChannel,
} from '../contracts/channel.ts'
import type { Principal } from '../contracts/identity.ts'
import { Problem } from '../errors.ts'
import { afterCommit, type Database, type Tx } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Words } from '../words.ts'
import { type ChannelSettings, templateFault } from './channel-format.ts'
import type { ChannelSender } from './channel-sender.ts'
import {
  findChannel,
  listChannels,
  openChannel,
  phoneOf,
  revive,
  sealChannel,
  sealPhone,
  toOpenChannel,
} from './channel-store.ts'
import { nextStepOf, TEST_SENTENCE } from './channel-words.ts'

export interface ChannelRegisterDeps {
  database: Database
  clock: Clock
  vault: Vault
  newId: () => string
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
  sender: Pick<ChannelSender, 'sendNow' | 'wake'>
}

export type ChannelResult =
  | { ok: true; channel: Channel }
  | { ok: false; why: 'no-channel' }
  | { ok: false; why: 'bad-template'; detail: Words }

/** What an administrator does with channels: each act with its entry in the trail, in one transaction. */
export interface ChannelRegister {
  create(input: NewChannel, by: Principal): Promise<ChannelResult>
  change(id: string, change: ChannelChange, by: Principal): Promise<ChannelResult>
  /** Its messages that still wait are given up. @returns whether there was one */
  remove(id: string, by: Principal): Promise<boolean>
  test(
    id: string,
    phone: string | undefined,
    by: Principal,
    acceptLanguage: string | undefined,
  ): Promise<ChannelTest | undefined>
  /** @throws Problem where there is nothing to try again */
  retry(deliveryId: string, by: Principal): Promise<void>
  /** @param phone undefined takes it away */
  setPhone(userId: string, phone: string | undefined, by: Principal): Promise<void>
  phone(userId: string): Promise<string | undefined>
}

/** Undoes the entry in the trail as well: nothing was done. */
const nothingToRetry = (): Problem =>
  new Problem('conflict', {
    zh: '该消息尚未放弃投递，或其通道已移除',
    en: 'this message was not given up, or its channel is gone',
  })

/** Rate that a robot is used at: what was asked for, and never more than its provider takes. */
const rateOf = (kind: ChannelKind, asked: number | undefined): number =>
  Math.min(asked ?? MAX_RATE_PER_MINUTE[kind], MAX_RATE_PER_MINUTE[kind])

/** A field that was not named stays, null takes it away. */
const merged = <T>(old: T | undefined, change: T | null | undefined): T | undefined =>
  change === undefined ? old : (change ?? undefined)

const json = (value: readonly string[] | undefined): string | null =>
  value === undefined ? null : JSON.stringify(value)

/** The register of channels, and the mobile numbers that they reach people by. */
export function createChannelRegister(deps: ChannelRegisterDeps): ChannelRegister {
  const { database, clock, newId, vault, audit, sender } = deps

  const shown = async (tx: Tx, id: string): Promise<ChannelResult> => {
    const channel = (await listChannels(tx, vault)).find((one) => one.id === id)
    if (channel === undefined) throw new Error(`channel ${id} is gone`)
    return { ok: true, channel }
  }

  const badTemplate = (template: string | undefined): ChannelResult | undefined => {
    const fault = template === undefined ? undefined : templateFault(template)
    return fault === undefined ? undefined : { ok: false, why: 'bad-template', detail: fault }
  }

  const settingsOf = ({ url, secret, template, authorization }: ChannelSettings): ChannelSettings => ({
    url,
    ...(secret === undefined ? {} : { secret }),
    ...(template === undefined ? {} : { template }),
    ...(authorization === undefined ? {} : { authorization }),
  })

  return {
    async create(input, by) {
      const refused = badTemplate(input.template)
      if (refused !== undefined) return refused
      const { name, kind, url, cellCodes, networks, position, language, consoleUrl, enabled } = input
      const id = newId()
      const host = new URL(url).host
      return database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'channel-created',
          actor: actorOf(by),
          object: `channel:${id}`,
          result: 'done',
          detail: { name, kind, host, networks, cellCodes, enabled },
        })
        await tx.channel.create({
          data: {
            id,
            name,
            kind,
            position,
            host,
            sealedSettings: sealChannel(vault, id, settingsOf(input as ChannelSettings)),
            cellCodesJson: json(cellCodes),
            networksJson: JSON.stringify(networks),
            ratePerMinute: rateOf(kind, input.ratePerMinute),
            language,
            consoleUrl: consoleUrl ?? null,
            enabled,
            createdAt: new Date(clock.now()),
          },
        })
        return shown(tx, id)
      })
    },

    async change(id, change, by) {
      return database.transaction(async (tx): Promise<ChannelResult> => {
        const row = await findChannel(tx, id)
        if (row === undefined) return { ok: false, why: 'no-channel' }
        const { kind } = toOpenChannel(row, vault)
        const old = openChannel(vault, id, row.sealedSettings)
        const template = merged(old.template, change.template)
        const refused = badTemplate(template)
        if (refused !== undefined) return refused
        const url = change.url ?? old.url
        const settings = settingsOf({
          url,
          secret: merged(old.secret, change.secret),
          template,
          authorization: merged(old.authorization, change.authorization),
        })
        const { name, networks, position, language, enabled, cellCodes, consoleUrl } = change
        await audit.append(tx, {
          action: 'channel-changed',
          actor: actorOf(by),
          object: `channel:${id}`,
          result: 'done',
          // The names of what changed, and the values of what is no secret.
          detail: {
            fields: Object.keys(change),
            name,
            networks,
            position,
            enabled,
            cellCodes,
            host: new URL(url).host,
          },
        })
        await tx.channel.update({
          where: { id },
          data: {
            ...(name === undefined ? {} : { name }),
            ...(networks === undefined ? {} : { networksJson: JSON.stringify(networks) }),
            ...(position === undefined ? {} : { position }),
            ...(language === undefined ? {} : { language }),
            ...(enabled === undefined ? {} : { enabled }),
            ...(cellCodes === undefined ? {} : { cellCodesJson: json(cellCodes ?? undefined) }),
            ...(consoleUrl === undefined ? {} : { consoleUrl }),
            ...(change.ratePerMinute === undefined ? {} : { ratePerMinute: rateOf(kind, change.ratePerMinute) }),
            host: new URL(url).host,
            sealedSettings: sealChannel(vault, id, settings),
          },
        })
        afterCommit(tx, () => sender.wake())
        return shown(tx, id)
      })
    },

    remove: (id, by) =>
      database.transaction(async (tx) => {
        const row = await findChannel(tx, id)
        if (row === undefined) return false
        await audit.append(tx, {
          action: 'channel-removed',
          actor: actorOf(by),
          object: `channel:${id}`,
          result: 'done',
          detail: { name: row.name, kind: row.kind, host: row.host },
        })
        await tx.channel.update({
          where: { id },
          // What it was sealed with is not needed any more.
          data: { removedAt: new Date(clock.now()), sealedSettings: sealChannel(vault, id, { url: '' }) },
        })
        await tx.delivery.updateMany({
          where: { channelId: id, state: 'waiting' },
          data: { state: 'dead', nextAt: null, fault: 'robot-not-found' },
        })
        return true
      }),

    async test(id, phone, by, acceptLanguage) {
      const row = await findChannel(database.client, id)
      if (row === undefined) return undefined
      const channel = toOpenChannel(row, vault)
      const began = clock.monotonicMs()
      const composition = {
        text: TEST_SENTENCE[channel.language],
        phones: phone === undefined ? [] : [phone],
        fields: { number: '0000', priority: '4', cellCode: '', link: '' },
      }
      const outcome =
        channel.kind === 'sms' && phone === undefined
          ? ({ kind: 'refused', fault: 'no-phone-number', detail: 'phone: whom to send it to' } as const)
          : await sender.sendNow(channel, composition, newId())
      const fault = outcome.kind === 'refused' ? outcome.fault : undefined
      await database.transaction((tx) =>
        audit.append(tx, {
          action: 'channel-tested',
          actor: actorOf(by),
          object: `channel:${id}`,
          result: fault === undefined ? 'done' : 'refused',
          ...(fault === undefined ? {} : { why: fault }),
        }),
      )
      return {
        ok: fault === undefined,
        ...(fault === undefined ? {} : { fault, nextStep: nextStepOf(fault, acceptLanguage) }),
        ...('status' in outcome && outcome.status !== undefined ? { status: outcome.status } : {}),
        detail: outcome.detail,
        tookMs: Math.round(clock.monotonicMs() - began),
      }
    },

    retry: (deliveryId, by) =>
      database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'delivery-retried',
          actor: actorOf(by),
          object: `delivery:${deliveryId}`,
          result: 'done',
        })
        if (!(await revive(tx, deliveryId, new Date(clock.now())))) throw nothingToRetry()
        afterCommit(tx, () => sender.wake())
      }),

    setPhone: (userId, phone, by) =>
      database.transaction(async (tx) => {
        await audit.append(tx, {
          action: 'user-changed',
          actor: actorOf(by),
          object: `user:${userId}`,
          result: 'done',
          detail: { phone: phone === undefined ? 'removed' : 'set' },
        })
        if (phone === undefined) {
          await tx.contact.deleteMany({ where: { userId } })
          return
        }
        const data = { sealedPhone: sealPhone(vault, userId, phone), updatedAt: new Date(clock.now()) }
        await tx.contact.upsert({ where: { userId }, create: { userId, ...data }, update: data })
      }),
    phone: (userId) => phoneOf(database.client, vault, userId),
  }
}
