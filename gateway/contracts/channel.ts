import { z } from 'zod'
import { AlarmType, Priority } from './alarm.ts'
import { CellCode, Id, Instant, Line } from './common.ts'

/** How a message leaves the gateway: group robots of three messengers, or a provider of text messages. */
export const ChannelKind = z.enum(['wecom', 'dingtalk', 'feishu', 'sms'])
export type ChannelKind = z.infer<typeof ChannelKind>

/** Messages a minute that a provider takes from one robot; more of them are refused, at DingTalk for ten minutes. */
export const MAX_RATE_PER_MINUTE = { wecom: 20, dingtalk: 20, feishu: 100, sms: 600 } as const satisfies Record<
  ChannelKind,
  number
>

/** Longest template of a text message's body. */
const MAX_TEMPLATE_CHARS = 4000

const HttpUrl = z.url({ protocol: /^https?$/ }).max(1000)

/** A network such as `10.2.0.0/16`, in which a channel's host may lie although it is private. */
const Network = z.union([z.cidrv4(), z.cidrv6()])

const settings = z.strictObject({
  name: Line,
  /** Of the robot or the provider; it holds a key, so it is sealed and never shown again. */
  url: HttpUrl,
  /** What messages are signed with: the robot's (DingTalk, Feishu) or our own (text messages). */
  secret: z.string().min(1).max(200).optional(),
  /**
   * Body of a text message, JSON; `{{phone}}`, `{{text}}`, `{{number}}`, `{{priority}}`, `{{cellCode}}`, `{{link}}` and
   * `{{id}}` in its strings are filled in.
   */
  template: z.string().max(MAX_TEMPLATE_CHARS).optional(),
  /** Sent with every text message as the `authorization` header. */
  authorization: z
    .string()
    .max(1000)
    .regex(/^[\x21-\x7e]+( [\x21-\x7e]+)*$/, 'printable ASCII')
    .optional(),
  /** Cells it serves; absent means all. */
  cellCodes: z.array(CellCode).min(1).max(1000).optional(),
  /** Private networks and loopback are never dialled unless named here; in them plain HTTP is allowed. */
  networks: z.array(Network).max(20).default([]),
  /** Lower ones are asked first. */
  position: z.number().int().min(0).max(1000).default(0),
  ratePerMinute: z.number().int().min(1).max(600).optional(),
  /** Of the messages. */
  language: z.enum(['zh', 'en']).default('zh'),
  /** Where phones reach the console, such as `https://gridlight.example`; messages then carry a link to the case. */
  consoleUrl: HttpUrl.optional(),
  enabled: z.boolean().default(true),
})

export const NewChannel = settings.extend({ kind: ChannelKind })
export type NewChannel = z.infer<typeof NewChannel>

/** Null takes a field away; absent leaves it. */
export const ChannelChange = z.strictObject({
  name: settings.shape.name.optional(),
  url: settings.shape.url.optional(),
  secret: settings.shape.secret.nullable(),
  template: settings.shape.template.nullable(),
  authorization: settings.shape.authorization.nullable(),
  cellCodes: settings.shape.cellCodes.nullable(),
  networks: z.array(Network).max(20).optional(),
  position: z.number().int().min(0).max(1000).optional(),
  ratePerMinute: settings.shape.ratePerMinute,
  language: z.enum(['zh', 'en']).optional(),
  consoleUrl: settings.shape.consoleUrl.nullable(),
  enabled: z.boolean().optional(),
})
export type ChannelChange = z.infer<typeof ChannelChange>

export const Channel = z.object({
  id: Id,
  name: z.string(),
  kind: ChannelKind,
  /** Of its address; the address itself is a secret. */
  host: z.string(),
  hasSecret: z.boolean(),
  hasTemplate: z.boolean(),
  hasAuthorization: z.boolean(),
  cellCodes: z.array(CellCode).optional(),
  networks: z.array(z.string()),
  position: z.number().int(),
  ratePerMinute: z.number().int(),
  language: z.enum(['zh', 'en']),
  consoleUrl: z.string().optional(),
  enabled: z.boolean(),
  /** Messages that wait for their turn, and those given up. */
  waiting: z.number().int(),
  dead: z.number().int(),
  createdAt: Instant,
})
export type Channel = z.infer<typeof Channel>

/** Why a message was not taken: closed vocabulary, each with words in the console. */
export const ChannelFault = z.enum([
  'address-not-allowed',
  'name-not-found',
  'unreachable',
  'tls-refused',
  'timeout',
  'too-many-messages',
  'signature-refused',
  'robot-not-found',
  'message-refused',
  'answer-not-understood',
  'no-phone-number',
])
export type ChannelFault = z.infer<typeof ChannelFault>

/** What became of a test message. */
export const ChannelTest = z.object({
  ok: z.boolean(),
  fault: ChannelFault.optional(),
  /** HTTP status, where there was an answer. */
  status: z.number().int().optional(),
  /** What the provider said, cut short. */
  detail: z.string(),
  nextStep: z.string().optional(),
  tookMs: z.number().int(),
})
export type ChannelTest = z.infer<typeof ChannelTest>

export const NewChannelTest = z.strictObject({
  /** Whom a text message goes to. */
  phone: z
    .string()
    .regex(/^\+?\d{5,15}$/)
    .optional(),
})

export const DeliveryState = z.enum(['waiting', 'accepted', 'not-needed', 'dead'])
export type DeliveryState = z.infer<typeof DeliveryState>

export const Delivery = z.object({
  id: Id,
  channelId: Id,
  channelName: z.string(),
  caseId: Id,
  caseNumber: z.string(),
  cellCode: CellCode,
  to: z.string(),
  state: DeliveryState,
  attempts: z.number().int(),
  at: Instant,
  triedAt: Instant.optional(),
  nextAt: Instant.optional(),
  fault: ChannelFault.optional(),
})
export type Delivery = z.infer<typeof Delivery>

export const DeliveryQuery = z.strictObject({
  state: DeliveryState.default('dead'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
})

/** What a message tells; kept with the delivery, put into words when it is sent. */
export const ChannelMessage = z.object({
  caseId: Id,
  /** Such as `2026-0017`. */
  number: z.string(),
  priority: Priority,
  type: AlarmType,
  cellCode: CellCode,
  cellName: z.string().optional(),
  text: z.string(),
  openedAt: Instant,
  to: z.string(),
})
export type ChannelMessage = z.infer<typeof ChannelMessage>

/** A mobile number, shown with its middle hidden. */
export const PhoneChange = z.strictObject({
  phone: z
    .string()
    .regex(/^\+?\d{5,15}$/, 'digits, with a + in front at most')
    .nullable(),
})
export const Phone = z.object({ phone: z.string().optional() })
