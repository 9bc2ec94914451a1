import { randomBytes, randomUUID } from 'node:crypto'
import pino from 'pino'
import type { Test } from 'tap'
import type { Channel, NewChannel } from '../../gateway/contracts/channel.ts'
import type { Principal } from '../../gateway/contracts/identity.ts'
import { type Channels, createChannels } from '../../gateway/notify/channels.ts'
import { afterCommit, type Database } from '../../gateway/storage/database.ts'
import { createVault, type Vault } from '../../gateway/vault.ts'
import { type CaseFixture, startCases } from './case-gateway.ts'
import { FakeClock } from './clock.ts'

export const ADMIN: Principal = {
  kind: 'user',
  id: 'administrator',
  name: 'administrator',
  roles: ['administrator'],
  cellCodes: undefined,
  sessionId: 'administrator',
}

export interface ChannelFixture extends CaseFixture {
  channels: Channels
  /** Stops what sends, as the end of the process would. */
  stop(): Promise<void>
  add(input: Partial<NewChannel> & Pick<NewChannel, 'kind' | 'url'>): Promise<Channel>
}

/** Cases whose notifications go out over real HTTP; time is ours. */
export async function startChannels(
  t: Test,
  database: Database,
  { clock = new FakeClock(), vault = createVault([randomBytes(32)]) }: { clock?: FakeClock; vault?: Vault } = {},
): Promise<ChannelFixture> {
  const cases = Promise.withResolvers<CaseFixture>()
  const channels = createChannels({
    database,
    clock,
    log: pino({ level: 'silent' }),
    random: () => 0.5,
    newId: randomUUID,
    vault,
    nodeId: 'node',
    audit: {
      append: async (tx, entry) => {
        const { audit } = await cases.promise
        afterCommit(tx, () => audit.push(entry))
      },
    },
    cellName: async () => '东街一网格',
    stillNeeded: async (ids) => (await cases.promise).cases.stillNeeded(ids),
    settle: async (of, settlement, work) => (await cases.promise).cases.settle(of, settlement, work),
  })
  const fixture = await startCases(t, database, clock, channels)
  cases.resolve(fixture)
  channels.routes(fixture.app)
  channels.start()
  t.teardown(() => channels.close())
  return {
    ...fixture,
    channels,
    stop: async () => {
      await channels.close()
      await fixture.cases.close()
    },
    add: async (input) => {
      const made = await channels.create(
        { name: input.kind, networks: ['127.0.0.0/8'], position: 0, language: 'zh', enabled: true, ...input },
        ADMIN,
      )
      if (!made.ok) throw new Error(made.why)
      return made.channel
    },
  }
}
