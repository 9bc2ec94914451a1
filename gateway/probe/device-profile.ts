import { z } from 'zod'
import { Facts } from '../contracts/common.ts'
import { Words } from '../words.ts'

const Port = z.number().int().min(1).max(65_535)
const Path = z.string().regex(/^\/\S*$/)

/** All conditions of one hint must hold; text is compared without case. */
export const Hint = z
  .strictObject({
    /** Start of an ONVIF scope after `onvif://www.onvif.org/`, such as `name/Dahua`. */
    scope: z.string().min(1).optional(),
    /** Part of the manufacturer's name. */
    manufacturer: z.string().min(1).optional(),
    /** Start of the model's name. */
    model: z.string().min(1).optional(),
    /** First three bytes of the MAC address, hex without colons. */
    oui: z
      .string()
      .regex(/^[0-9a-f]{6}$/)
      .optional(),
    port: Port.optional(),
    /** Start of the path of a service or stream. */
    path: Path.optional(),
    weight: z.number().int().min(1).max(20),
  })
  .refine(({ weight: _, ...conditions }) => Object.keys(conditions).length > 0, 'a hint needs a condition')

const Rewrite = z.strictObject({ from: z.string().min(1).max(256), to: z.string().max(256).regex(/^\S*$/) })

/** What may differ in code for a make; a name that is not here is a mistake in the file. */
const Quirk = z.enum([
  'mainEncoderMayBeEmpty',
  'lenientXml',
  'trimTopicTail',
  'groupByTimestamp',
  'warnDefaultPassword',
  'stringentRateLimit',
  'offByDefault',
])

export const EventTopic = z.strictObject({
  /** Topic without prefix. */
  match: z.string().min(1),
  kind: z.string().min(1),
  source: z.string().optional(),
  data: z.string().optional(),
  /** Values that mean on, beside true, 1, active and on. */
  on: z.array(z.string()).optional(),
  /** No end is ever told. */
  stateless: z.boolean().optional(),
  holdSeconds: z.number().int().positive().optional(),
})

/**
 * What is known of a family of cameras: data only, each claim with its source. An unknown field is an error; an
 * unknown event topic is not.
 */
export const DeviceProfile = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{1,31}$/),
  title: z.string().min(1),
  /** A family whose facts hold here too, section by section, where this file does not say otherwise. */
  extends: z.string().optional(),
  match: z.strictObject({ any: z.array(Hint) }),
  onvif: z
    .strictObject({
      ports: z.array(Port).min(1),
      devicePath: Path.optional(),
      auth: z.array(z.enum(['wsse', 'digest'])).min(1),
      openOps: z.array(z.string()).optional(),
      timeNeedsAuth: z.boolean().optional(),
      /** ONVIF users are another list than that of the web page or the app. */
      separateUser: z.boolean().optional(),
      /** Told to the installer when a login is refused. */
      accountHelp: Words.optional(),
      lockout: z.strictObject({ tries: z.number().int().positive(), seconds: z.number().int().positive() }).optional(),
      preferMedia2: z.boolean().optional(),
      servicesFallback: z.boolean().optional(),
    })
    .optional(),
  streams: z
    .strictObject({
      /** Path templates with `{channel}` and `{stream}` (0 main, 1 sub), for cameras whose media service does not answer. */
      main: Path.optional(),
      sub: Path.optional(),
      port: Port.default(554),
      transport: z.enum(['tcp', 'udp']).default('tcp'),
      keepalive: z.enum(['GET_PARAMETER', 'OPTIONS']).optional(),
      /** What is wrong in the paths that the camera reports, and what it must be; plain text, each once. */
      rewrites: z.array(Rewrite).min(1).max(8).optional(),
      channelBase: z.number().int().min(0).max(1).default(1),
      /** The login stands in the path, as `{user}` and `{password}`. */
      secretInPath: z.boolean().default(false),
    })
    .optional(),
  snapshot: z
    .strictObject({
      path: Path.optional(),
      auth: z.enum(['digest', 'none']).optional(),
      trustReported: z.boolean().optional(),
    })
    .optional(),
  events: z
    .strictObject({
      mode: z.enum(['pull', 'none']),
      terminationSeconds: z.number().int().positive().optional(),
      renew: z.enum(['duration', 'absoluteZ', 'recreate']).optional(),
      pullSeconds: z.number().int().positive().optional(),
      portMayDiffer: z.boolean().optional(),
      echoReferenceParameters: z.boolean().optional(),
      maxPullPoints: z.number().int().positive().optional(),
      topics: z.array(EventTopic),
    })
    .optional(),
  ptz: z
    .strictObject({
      sendTimeout: z.boolean().optional(),
      stopTwice: z.boolean().optional(),
      trustMoveStatus: z.boolean().optional(),
    })
    .optional(),
  quirks: z.array(Quirk).default([]),
  facts: Facts,
  /** Recorded messages that show it, by name. */
  tests: z.array(z.string()).optional(),
})
export type DeviceProfile = z.infer<typeof DeviceProfile>
