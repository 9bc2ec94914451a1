import { z } from 'zod'
import {
  Camera,
  CameraPatch,
  CameraQuery,
  type ChannelResult,
  ChannelsAnswer,
  NewCamera,
  NewChannels,
} from '../contracts/camera.ts'
import { Id, IdParams, page } from '../contracts/common.ts'
import { NewProbe, Probe } from '../contracts/device.ts'
import { StaffRole } from '../contracts/identity.ts'
import { PROBLEMS, Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { type Check, inWords } from '../probe/check.ts'
import type { Interview, InterviewRequest } from '../probe/interview.ts'
import { PROBE_CODES } from '../probe/probe-codes.ts'
import { asGiven, inLanguage } from '../words.ts'
import type { CameraWork } from './camera-work.ts'
import { type Cameras, unwrap } from './cameras.ts'
import type { ImportDeps } from './import.ts'
import type { tryChannels } from './source.ts'

export interface RegistryRoutesDeps {
  cameras: Cameras
  /** Asks one device; ends with the signal. */
  probe(request: InterviewRequest, signal: AbortSignal): Promise<Interview>
  /** Tries a source to its first picture; ends with the signal. */
  trySource: ImportDeps['trySource']
  /** Cameras registered at an address. */
  cameraIdsAt(address: string): Promise<string[]>
  /** Tries several channels of one recorder, with one login. */
  tryChannels(
    source: NewChannels['source'],
    channels: readonly string[],
    signal: AbortSignal,
  ): ReturnType<typeof tryChannels>
  work: CameraWork
}

/** A recorder of 64 channels, two played at a time. */
const CHANNELS_TIMEOUT_MS = 10 * 60_000

export const WRITERS = { access: { roles: ['administrator', 'installer'] as const } }
const READERS = { access: { roles: StaffRole.options } }

export function registryRoutes(app: App, deps: RegistryRoutesDeps): void {
  const { cameras, probe, trySource } = deps
  const onCamera: CameraWork['run'] = (...args) => deps.work.run(...args)

  app.post(
    '/api/v1/probes',
    { config: WRITERS, schema: { summary: 'Ask one device who it is', body: NewProbe, response: { 200: Probe } } },
    async (request, reply) => {
      const { username, password, ...asked } = request.body
      const credentials = username === undefined ? undefined : { username, password: password ?? '' }
      const found = await onCamera(reply, (signal) => probe({ ...asked, credentials, watchKeyFrames: true }, signal))
      return toProbe(found, await deps.cameraIdsAt(asked.address), request.headers['accept-language'])
    },
  )

  app.post(
    '/api/v1/cameras',
    { config: WRITERS, schema: { summary: 'Register a camera', body: NewCamera, response: { 201: Camera } } },
    async (request, reply) => {
      const principal = principalOf(request)
      const input = request.body
      unwrap(await cameras.checkPlace(principal, input))
      const tried = await onCamera(reply, (signal) => trySource(input.source, signal))
      if (tried.kind === 'failed') throw notUsable(tried.checks, request.headers['accept-language'])
      const camera = unwrap(await cameras.register(principal, input, tried.source))
      return reply.code(201).header('location', `/api/v1/cameras/${camera.id}`).send(camera)
    },
  )

  app.post(
    '/api/v1/cameras/channels',
    {
      config: WRITERS,
      schema: {
        summary: 'Register several channels of one recorder',
        body: NewChannels,
        response: { 200: ChannelsAnswer },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { source, channels } = request.body
      for (const place of channels) unwrap(await cameras.checkPlace(principal, place))
      const tokens = channels.map(({ channel }) => channel)
      const language = request.headers['accept-language']
      const tried = await onCamera(reply, (signal) => deps.tryChannels(source, tokens, signal), CHANNELS_TIMEOUT_MS)
      if (tried.kind === 'failed') throw notUsable(tried.checks, language)
      const results: ChannelResult[] = []
      for (const { channel, ...place } of channels) {
        const one = tried.channels.get(channel)
        if (one?.kind !== 'works') results.push(channelProblem(channel, one?.checks ?? [], language))
        else {
          const outcome = await cameras.register(principal, { ...place, source: { ...source, channel } }, one.source)
          results.push(
            outcome.kind === 'done'
              ? { channel, result: 'created', camera: outcome.value }
              : {
                  channel,
                  result: 'problem',
                  code: outcome.why,
                  detail: inLanguage(outcome.detail ?? PROBLEMS[outcome.why].title, language),
                },
          )
        }
      }
      const created = results.filter(({ result }) => result === 'created').length
      return { created, problems: results.length - created, channels: results }
    },
  )

  app.get(
    '/api/v1/cameras',
    {
      config: READERS,
      schema: {
        summary: 'Cameras of your cells',
        querystring: CameraQuery.extend({ cursor: Id.optional() }),
        response: { 200: page(Camera) },
      },
    },
    (request) => cameras.list(principalOf(request), request.query),
  )

  app.get(
    '/api/v1/cameras/:id',
    { config: READERS, schema: { summary: 'One camera', params: IdParams, response: { 200: Camera } } },
    async (request) => unwrap(await cameras.read(principalOf(request), request.params.id)),
  )

  app.patch(
    '/api/v1/cameras/:id',
    {
      config: WRITERS,
      schema: { summary: 'Change a camera', params: IdParams, body: CameraPatch, response: { 200: Camera } },
    },
    async (request, reply) => {
      const principal = principalOf(request)
      const { id } = request.params
      const { source, ...change } = request.body
      if (source !== undefined) {
        unwrap(await cameras.read(principal, id))
        const tried = await onCamera(reply, (signal) => trySource(source, signal))
        if (tried.kind === 'failed') throw notUsable(tried.checks, request.headers['accept-language'])
        const renewed = unwrap(await cameras.replaceSource(principal, id, tried.source))
        if (Object.keys(change).length === 0) return renewed
      }
      return unwrap(await cameras.change(principal, id, change))
    },
  )

  app.delete(
    '/api/v1/cameras/:id',
    { config: WRITERS, schema: { summary: 'Remove a camera', params: IdParams, response: { 204: z.null() } } },
    async (request, reply) => {
      unwrap(await cameras.remove(principalOf(request), request.params.id))
      return reply.code(204).send(null)
    },
  )
}

function toProbe(found: Interview, cameraIds: string[], acceptLanguage: string | undefined): Probe {
  const { device, profile, clockOffsetMs, certificate, channels, channelCount, nextChannel, checks } = found
  return {
    ...(device === undefined ? {} : { device }),
    deviceProfile: profile.id,
    ...(clockOffsetMs === undefined ? {} : { clockOffsetMs }),
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            found: certificate.found,
            ...(certificate.registered === undefined ? {} : { registered: certificate.registered }),
          },
        }),
    cameraIds,
    channels: channels.map(({ streams, ...channel }) => ({
      ...channel,
      streams: streams.map(({ pathSecrets: _, ...stream }) => stream),
    })),
    channelCount: Math.max(channelCount, channels.length),
    ...(nextChannel === undefined ? {} : { nextChannel }),
    checks: checks.map((check) => inWords(check, acceptLanguage, profile.onvif?.accountHelp)),
  }
}

function channelProblem(channel: string, checks: readonly Check[], acceptLanguage: string | undefined): ChannelResult {
  const failed = checks.find(({ ok }) => !ok)
  if (failed?.code === undefined) return { channel, result: 'problem', code: 'camera-not-usable' }
  const { detail, nextStep = '' } = inWords(failed, acceptLanguage)
  return { channel, result: 'problem', code: failed.code, detail, nextStep }
}

/** The first finding that stands in the way decides which problem it is; all of them come along. */
function notUsable(checks: readonly Check[], acceptLanguage: string | undefined): Problem {
  const failed = checks.find(({ ok }) => !ok)
  const problem = failed?.code === undefined ? 'camera-not-usable' : PROBE_CODES[failed.code].problem
  const detail =
    failed === undefined
      ? { zh: '没有找到码流', en: 'no stream was found' }
      : asGiven(inWords(failed, acceptLanguage).detail)
  return new Problem(problem, detail, { checks: checks.map((check) => inWords(check, acceptLanguage)) })
}
