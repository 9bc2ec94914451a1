import type { ChannelKind, ChannelMessage } from '../contracts/channel.ts'
import type { App } from '../http/route.ts'
import { afterCommit, type Tx } from '../storage/database.ts'
import { type ChannelRegister, type ChannelRegisterDeps, createChannelRegister } from './channel-register.ts'
import { channelRoutes } from './channel-routes.ts'
import { ChannelSender, type ChannelSenderDeps } from './channel-sender.ts'
import { channelAfter, deliveryNames, enqueue } from './channel-store.ts'

export interface ChannelsDeps extends ChannelSenderDeps, Omit<ChannelRegisterDeps, 'sender'> {}

export interface Channels extends ChannelRegister {
  /** The channel asked after `previous`, or the first one of the cell. */
  after(
    tx: Tx,
    cellCode: string,
    previous: string | undefined,
  ): Promise<{ id: string; name: string; kind: ChannelKind } | undefined>
  /** Queues a message in the transaction of the notification it carries. */
  enqueue(
    tx: Tx,
    channelId: string,
    of: { notificationId: string; caseId: string; toId: string; message: ChannelMessage; at: Date },
  ): Promise<void>
  /** What channels are called, by their ids. */
  names(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  /** What messages are called, by their ids. */
  deliveryNames(tx: Tx, ids: readonly string[]): Promise<{ id: string; name: string }[]>
  /** Since the start, by what became of messages. */
  readonly counts: Readonly<Record<string, number>>
  routes(app: App): void
  start(): void
  close(): Promise<void>
}

/** Group robots and text messages: their register, their queues and what sends from them. */
export function createChannels(deps: ChannelsDeps): Channels {
  const { database, vault, newId } = deps
  const sender = new ChannelSender(deps)
  const register = createChannelRegister({ ...deps, sender })
  return {
    ...register,
    after: channelAfter,
    enqueue: async (tx, channelId, of) => {
      await enqueue(tx, channelId, { ...of, id: newId() })
      afterCommit(tx, () => sender.wake())
    },
    names: (tx, ids) => tx.channel.findMany({ where: { id: { in: [...ids] } }, select: { id: true, name: true } }),
    deliveryNames,
    counts: sender.counts,
    routes: (app) => channelRoutes(app, { database, vault, register }),
    start: () => sender.start(),
    close: () => sender.close(),
  }
}
