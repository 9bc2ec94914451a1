import { z } from 'zod'
import {
  Channel,
  ChannelChange,
  ChannelTest,
  Delivery,
  DeliveryQuery,
  NewChannel,
  NewChannelTest,
  Phone,
  PhoneChange,
} from '../contracts/channel.ts'
import { IdParams, page } from '../contracts/common.ts'
import { noSuch, Problem } from '../errors.ts'
import { cursorOf, pageOf, placeOf } from '../http/paging.ts'
import { type App, principalOf } from '../http/route.ts'
import type { Database } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { ChannelRegister, ChannelResult } from './channel-register.ts'
import { listChannels, listDeliveries } from './channel-store.ts'

export interface ChannelRoutesDeps {
  database: Database
  vault: Vault
  register: ChannelRegister
}

const ADMINISTRATOR = { roles: ['administrator'] } as const
const tags = ['channels']

function shown(result: ChannelResult): Channel {
  if (result.ok) return result.channel
  throw result.why === 'no-channel' ? noSuch('channel') : new Problem('invalid-request', result.detail)
}

/** Keeps enough to recognise a number. */
const masked = (phone: string): string => `${phone.slice(0, -8)}****${phone.slice(-4)}`

export function channelRoutes(app: App, { database, vault, register }: ChannelRoutesDeps): void {
  const access = ADMINISTRATOR

  app.get(
    '/api/v1/channels',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Channels to people, in the order in which they are asked; secrets are never shown',
        response: { 200: page(Channel) },
      },
    },
    async () => ({ items: await listChannels(database.client, vault) }),
  )

  app.post(
    '/api/v1/channels',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Add a group robot (WeCom, DingTalk, Feishu) or a provider of text messages',
        body: NewChannel,
        response: { 201: Channel },
      },
    },
    async (request, reply) => reply.code(201).send(shown(await register.create(request.body, principalOf(request)))),
  )

  app.patch(
    '/api/v1/channels/:id',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Change a channel; secrets that are not given stay',
        params: IdParams,
        body: ChannelChange,
        response: { 200: Channel },
      },
    },
    async (request) => shown(await register.change(request.params.id, request.body, principalOf(request))),
  )

  app.delete(
    '/api/v1/channels/:id',
    {
      config: { access },
      schema: { tags, summary: 'Remove a channel', params: IdParams, response: { 204: z.undefined() } },
    },
    async (request, reply) => {
      if (!(await register.remove(request.params.id, principalOf(request)))) {
        throw noSuch('channel')
      }
      return reply.code(204).send()
    },
  )

  app.post(
    '/api/v1/channels/:id/test',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Send a test message now and say what the provider answered',
        params: IdParams,
        body: NewChannelTest,
        response: { 200: ChannelTest },
      },
    },
    async (request) => {
      const { params, body, headers } = request
      const result = await register.test(params.id, body.phone, principalOf(request), headers['accept-language'])
      if (result === undefined) throw noSuch('channel')
      return result
    },
  )

  app.get(
    '/api/v1/deliveries',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Messages by state, newest first; without one those that were given up',
        querystring: DeliveryQuery,
        response: { 200: page(Delivery) },
      },
    },
    async ({ query: { state, limit, cursor } }) => {
      const items = await listDeliveries(database, state, placeOf(cursor), limit)
      return pageOf(items, limit, cursorOf)
    },
  )

  app.post(
    '/api/v1/deliveries/:id/retry',
    {
      config: { access },
      schema: {
        tags,
        summary: 'Queue a message that was given up once more',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await register.retry(request.params.id, principalOf(request))
      return reply.code(204).send()
    },
  )

  app.get(
    '/api/v1/users/:id/phone',
    {
      config: { access },
      schema: {
        tags: ['identity'],
        summary: 'Mobile number, its middle hidden',
        params: IdParams,
        response: { 200: Phone },
      },
    },
    async ({ params }) => {
      const phone = await register.phone(params.id)
      return phone === undefined ? {} : { phone: masked(phone) }
    },
  )

  app.put(
    '/api/v1/users/:id/phone',
    {
      config: { access },
      schema: {
        tags: ['identity'],
        summary: 'Mobile number for text messages and calls by name in a group',
        params: IdParams,
        body: PhoneChange,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await register.setPhone(request.params.id, request.body.phone ?? undefined, principalOf(request))
      return reply.code(204).send()
    },
  )
}
