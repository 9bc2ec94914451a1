import { z } from 'zod'
import {
  type Channel,
  ChannelFault,
  ChannelKind,
  ChannelMessage,
  type Delivery,
  DeliveryState,
} from '../contracts/channel.ts'
import { CellCode, toInstant } from '../contracts/common.ts'
import type { Database, Tx } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import type { Vault } from '../vault.ts'
import { ChannelSettings } from './channel-format.ts'

type ChannelRow = Prisma.ChannelGetPayload<object>
type DeliveryRow = Prisma.DeliveryGetPayload<object>

const Codes = z.array(CellCode)
const Networks = z.array(z.string())

const channelContext = (id: string): string => `channel:${id}:settings`
const phoneContext = (userId: string): string => `contact:${userId}:phone`

export const sealChannel = (vault: Vault, id: string, settings: ChannelSettings): Uint8Array<ArrayBuffer> =>
  new Uint8Array(vault.seal(JSON.stringify(settings), channelContext(id)))
export const openChannel = (vault: Vault, id: string, sealed: Uint8Array): ChannelSettings =>
  ChannelSettings.parse(JSON.parse(vault.open(sealed, channelContext(id))))
export const sealPhone = (vault: Vault, userId: string, phone: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(vault.seal(phone, phoneContext(userId)))
const openPhone = (vault: Vault, userId: string, sealed: Uint8Array): string => vault.open(sealed, phoneContext(userId))

/** Seals everything of the outgoing channels with the newest key. @returns how many values */
export async function resealChannels(tx: Tx, vault: Vault): Promise<number> {
  const channels = await tx.channel.findMany({ select: { id: true, sealedSettings: true } })
  for (const { id, sealedSettings } of channels) {
    const sealed = sealChannel(vault, id, openChannel(vault, id, sealedSettings))
    await tx.channel.update({ where: { id }, data: { sealedSettings: sealed } })
  }
  const contacts = await tx.contact.findMany({ select: { userId: true, sealedPhone: true } })
  for (const { userId, sealedPhone } of contacts) {
    const sealed = sealPhone(vault, userId, openPhone(vault, userId, sealedPhone))
    await tx.contact.update({ where: { userId }, data: { sealedPhone: sealed } })
  }
  return channels.length + contacts.length
}

/** A channel with what is needed to send over it. */
export interface OpenChannel {
  id: string
  name: string
  kind: ChannelKind
  settings: ChannelSettings
  networks: readonly string[]
  ratePerMinute: number
  language: 'zh' | 'en'
  consoleUrl: string | undefined
  enabled: boolean
}

const languageOf = (row: ChannelRow): 'zh' | 'en' => (row.language === 'en' ? 'en' : 'zh')

export function toOpenChannel(row: ChannelRow, vault: Vault): OpenChannel {
  return {
    id: row.id,
    name: row.name,
    kind: ChannelKind.parse(row.kind),
    settings: openChannel(vault, row.id, row.sealedSettings),
    networks: Networks.parse(JSON.parse(row.networksJson)),
    ratePerMinute: row.ratePerMinute,
    language: languageOf(row),
    consoleUrl: row.consoleUrl ?? undefined,
    enabled: row.enabled && row.removedAt === null,
  }
}

const cellsOf = ({ cellCodesJson }: Pick<ChannelRow, 'cellCodesJson'>): string[] | undefined =>
  cellCodesJson === null ? undefined : Codes.parse(JSON.parse(cellCodesJson))

function toChannel(row: ChannelRow, vault: Vault, counts: { waiting: number; dead: number }): Channel {
  const { settings, networks, ratePerMinute, kind, name, consoleUrl, language } = toOpenChannel(row, vault)
  const cellCodes = cellsOf(row)
  return {
    id: row.id,
    name,
    kind,
    host: row.host,
    hasSecret: settings.secret !== undefined,
    hasTemplate: settings.template !== undefined,
    hasAuthorization: settings.authorization !== undefined,
    ...(cellCodes === undefined ? {} : { cellCodes }),
    networks: [...networks],
    position: row.position,
    ratePerMinute,
    language,
    ...(consoleUrl === undefined ? {} : { consoleUrl }),
    enabled: row.enabled,
    ...counts,
    createdAt: toInstant(row.createdAt.getTime()),
  }
}

const IN_ORDER = [{ position: 'asc' }, { createdAt: 'asc' }, { id: 'asc' }] as const satisfies object[]

/** All channels, in the order in which they are asked. */
export async function listChannels(tx: Tx, vault: Vault): Promise<Channel[]> {
  const rows = await tx.channel.findMany({ where: { removedAt: null }, orderBy: [...IN_ORDER] })
  const counted = await tx.delivery.groupBy({
    by: ['channelId', 'state'],
    where: { state: { in: ['waiting', 'dead'] } },
    _count: { _all: true },
  })
  const countOf = (id: string, state: DeliveryState): number =>
    counted.find((one) => one.channelId === id && one.state === state)?._count._all ?? 0
  return rows.map((row) =>
    toChannel(row, vault, { waiting: countOf(row.id, 'waiting'), dead: countOf(row.id, 'dead') }),
  )
}

export async function findChannel(tx: Tx, id: string): Promise<ChannelRow | undefined> {
  const row = await tx.channel.findUnique({ where: { id } })
  return row === null || row.removedAt !== null ? undefined : row
}

/** The channel asked after `previous`, or the first one; undefined where there is none left for this cell. */
export async function channelAfter(
  tx: Tx,
  cellCode: string,
  previous: string | undefined,
): Promise<{ id: string; name: string; kind: ChannelKind } | undefined> {
  const rows = await tx.channel.findMany({ where: { removedAt: null }, orderBy: [...IN_ORDER] })
  const at = previous === undefined ? -1 : rows.findIndex(({ id }) => id === previous)
  // One that was removed meanwhile has no place to go on from.
  if (previous !== undefined && at === -1) return undefined
  const found = rows.slice(at + 1).find((row) => row.enabled && (cellsOf(row)?.includes(cellCode) ?? true))
  return found && { id: found.id, name: found.name, kind: ChannelKind.parse(found.kind) }
}

export interface NewDelivery {
  id: string
  notificationId: string
  caseId: string
  toId: string
  message: ChannelMessage
  at: Date
}

/** Queues a message behind all others of its channel, which stays locked until the transaction ends. */
export async function enqueue(tx: Tx, channelId: string, { message, ...delivery }: NewDelivery): Promise<void> {
  const { lastNumber } = await tx.channel.update({
    where: { id: channelId },
    data: { lastNumber: { increment: 1n } },
    select: { lastNumber: true },
  })
  await tx.delivery.create({
    data: {
      ...delivery,
      channelId,
      number: lastNumber,
      messageJson: JSON.stringify(message),
      state: 'waiting' satisfies DeliveryState,
      nextAt: delivery.at,
    },
  })
}

/** Channels that have messages, and when the first of them may be tried, wall time. */
export async function waitingChannels({ client }: Database): Promise<{ id: string; nextMs: number }[]> {
  const rows = await client.delivery.groupBy({
    by: ['channelId'],
    where: { state: 'waiting', nextAt: { not: null }, channel: { enabled: true, removedAt: null } },
    _min: { nextAt: true },
  })
  return rows.map(({ channelId, _min: first }) => ({ id: channelId, nextMs: first.nextAt?.getTime() ?? 0 }))
}

/** Makes this node the only one that sends for the channel until `until`. */
export async function takeLease(
  { client }: Database,
  id: string,
  nodeId: string,
  times: { now: Date; until: Date },
): Promise<boolean> {
  const { count } = await client.channel.updateMany({
    where: { id, OR: [{ leaseNode: null }, { leaseNode: nodeId }, { leaseUntil: { lt: times.now } }] },
    data: { leaseNode: nodeId, leaseUntil: times.until },
  })
  return count > 0
}

export interface Waiting {
  id: string
  notificationId: string
  caseId: string
  toId: string
  message: ChannelMessage
  attempts: number
  atMs: number
  nextMs: number
}

/** The next messages of a channel, in order. */
export async function nextDeliveries({ client }: Database, channelId: string, limit: number): Promise<Waiting[]> {
  const rows = await client.delivery.findMany({
    where: { channelId, state: 'waiting' },
    orderBy: { number: 'asc' },
    take: limit,
  })
  return rows.map((row) => ({
    id: row.id,
    notificationId: row.notificationId,
    caseId: row.caseId,
    toId: row.toId,
    message: ChannelMessage.parse(JSON.parse(row.messageJson)),
    attempts: row.attempts,
    atMs: row.at.getTime(),
    nextMs: row.nextAt?.getTime() ?? 0,
  }))
}

/** When messages of the last minute went out, so that a restart does not forget the provider's limit. */
export async function triedSince({ client }: Database, channelId: string, since: Date): Promise<number[]> {
  const rows = await client.delivery.findMany({
    where: { channelId, triedAt: { gt: since } },
    orderBy: { triedAt: 'asc' },
    select: { triedAt: true },
  })
  return rows.flatMap(({ triedAt }) => triedAt?.getTime() ?? [])
}

export interface DeliveryChange {
  state: DeliveryState
  triedAt?: Date
  attempts?: number
  nextAt: Date | null
  fault?: ChannelFault | null
}

export async function changeDelivery(tx: Tx, id: string, change: DeliveryChange): Promise<void> {
  await tx.delivery.update({ where: { id }, data: change })
}

function toDelivery(row: DeliveryRow & { channel: { name: string } }): Delivery {
  const message = ChannelMessage.parse(JSON.parse(row.messageJson))
  const fault = ChannelFault.safeParse(row.fault)
  return {
    id: row.id,
    channelId: row.channelId,
    channelName: row.channel.name,
    caseId: row.caseId,
    caseNumber: message.number,
    cellCode: message.cellCode,
    to: message.to,
    state: DeliveryState.parse(row.state),
    attempts: row.attempts,
    at: toInstant(row.at.getTime()),
    ...(row.triedAt === null ? {} : { triedAt: toInstant(row.triedAt.getTime()) }),
    ...(row.nextAt === null ? {} : { nextAt: toInstant(row.nextAt.getTime()) }),
    ...(fault.success ? { fault: fault.data } : {}),
  }
}

/** Deliveries in a state, newest first. @param before place after which the list goes on */
export async function listDeliveries(
  { client }: Database,
  state: DeliveryState,
  before: { at: Date; id: string } | undefined,
  limit: number,
): Promise<Delivery[]> {
  const rows = await client.delivery.findMany({
    where: {
      state,
      ...(before === undefined ? {} : { OR: [{ at: { lt: before.at } }, { at: before.at, id: { lt: before.id } }] }),
    },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: limit,
    include: { channel: { select: { name: true } } },
  })
  return rows.map(toDelivery)
}

/** A message is spoken of by its case, its receiver and its channel. */
export async function deliveryNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]> {
  const select = { id: true, messageJson: true, channel: { select: { name: true } } }
  const rows = await tx.delivery.findMany({ where: { id: { in: [...ids] } }, select })
  return rows.map(({ id, messageJson, channel }) => {
    const { number, to } = ChannelMessage.parse(JSON.parse(messageJson))
    return { id, name: `${number} ${to} · ${channel.name}` }
  })
}

/** Puts a message that was given up back to its place in the queue. @returns whether there was one */
export async function revive(tx: Tx, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.delivery.updateMany({
    where: { id, state: 'dead', channel: { removedAt: null } },
    data: { state: 'waiting', attempts: 0, nextAt: now, at: now, fault: null },
  })
  return count > 0
}

export async function phoneOf(tx: Tx, vault: Vault, userId: string): Promise<string | undefined> {
  const row = await tx.contact.findUnique({ where: { userId } })
  return row === null ? undefined : openPhone(vault, userId, row.sealedPhone)
}
