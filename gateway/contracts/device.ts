import { z } from 'zod'
import { Id, Instant } from './common.ts'

/** IPv4, IPv6 in brackets, or a name, with an optional port. */
export const DeviceAddress = z
  .string()
  .trim()
  .max(260)
  .regex(/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/, 'an address such as 192.0.2.7 or 192.0.2.7:8000')

export const NewDiscovery = z.strictObject({
  method: z.enum(['multicast', 'range']),
  targets: z
    .array(z.string().trim().max(64))
    .min(1)
    .max(64)
    .optional()
    .describe(
      'range: the CIDR ranges and single addresses to ask, needed. multicast: only interfaces whose network meets one ' +
        'of these ranges are asked, and only devices within them are listed; without targets every interface that ' +
        'lies in the camera networks.',
    ),
})
export type NewDiscovery = z.infer<typeof NewDiscovery>

export const FoundDevice = z.object({
  address: z.string(),
  endpointReference: z.string().optional(),
  xaddrs: z.array(z.string()),
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  name: z.string().optional(),
  /** Cameras already registered at this address. */
  cameraIds: z.array(Id),
})
export type FoundDevice = z.infer<typeof FoundDevice>

export const DiscoveryProblem = z.object({ code: z.string(), detail: z.string() })

export const Discovery = z.object({
  id: Id,
  method: z.enum(['multicast', 'range']),
  state: z.enum(['running', 'finished']),
  startedAt: Instant,
  /** What is searched: interface names with addresses, or ranges. */
  searched: z.array(z.string()),
  progress: z.object({ done: z.number().int(), total: z.number().int() }),
  devices: z.array(FoundDevice),
  problems: z.array(DiscoveryProblem),
})
export type Discovery = z.infer<typeof Discovery>

/** What an installer says otherwise than the device profile; it wins over the profile, and the profile over the code. */
export const DeviceOverrides = z.strictObject({
  /** The make, where the device was taken for another. */
  deviceProfile: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,31}$/)
    .optional(),
  /** Path of the ONVIF device service. */
  devicePath: z
    .string()
    .max(256)
    .regex(/^\/\S*$/)
    .optional(),
  transport: z.enum(['tcp', 'udp']).optional(),
  /** The password itself may be sent (PasswordText, Basic) where no digest is taken: over HTTPS with a pinned certificate only. */
  readableLogin: z.boolean().optional(),
  /** `none`: the device is not asked for events. */
  events: z.enum(['pull', 'none']).optional(),
  renew: z.enum(['duration', 'absoluteZ', 'recreate']).optional(),
  /** Whether a move is sent with a timeout. */
  ptzTimeout: z.boolean().optional(),
  ptzStopTwice: z.boolean().optional(),
})
export type DeviceOverrides = z.infer<typeof DeviceOverrides>

/** A page of a recorder's channels. */
export const MAX_CHANNELS_A_PAGE = 64

export const NewProbe = z.strictObject({
  address: DeviceAddress,
  username: z.string().max(128).optional(),
  password: z.string().max(256).optional(),
  overrides: DeviceOverrides.optional(),
  /** Of a recorder: channels from this one on, as `nextChannel` of the page before. */
  fromChannel: z.string().max(128).optional(),
  channelLimit: z.number().int().min(1).max(MAX_CHANNELS_A_PAGE).optional(),
})
export type NewProbe = z.infer<typeof NewProbe>

export const StreamRole = z.enum(['main', 'sub', 'other'])
export type StreamRole = z.infer<typeof StreamRole>

export const Codec = z.enum(['h264', 'h265', 'mjpeg', 'unknown'])
export type Codec = z.infer<typeof Codec>

/** A stream a device offers; `uri` never holds user info. */
export const ProbedStream = z.object({
  role: StreamRole,
  codec: Codec,
  width: z.number().int().nonnegative(),
  height: z.number().int().nonnegative(),
  frameRate: z.number().positive().optional(),
  uri: z.string(),
})
export type ProbedStream = z.infer<typeof ProbedStream>

export const ProbedChannel = z.object({ token: z.string(), name: z.string(), streams: z.array(ProbedStream) })
export type ProbedChannel = z.infer<typeof ProbedChannel>

/** One step of the interview, with its cause and next step when it failed. */
export const ProbeCheck = z.object({
  name: z.enum(['address', 'reachable', 'clock', 'login', 'media', 'describe', 'first-frame']),
  ok: z.boolean(),
  code: z.string().optional(),
  /** In the asker's language: what was found, then the facts. */
  detail: z.string(),
  nextStep: z.string().optional(),
  /** Logins that the device allows still before it locks the account, where it says so. */
  triesLeft: z.number().int().optional(),
})
export type ProbeCheck = z.infer<typeof ProbeCheck>

export const DeviceInformation = z.object({
  manufacturer: z.string(),
  model: z.string(),
  firmware: z.string(),
  serial: z.string(),
})
export type DeviceInformation = z.infer<typeof DeviceInformation>

export const Probe = z.object({
  device: DeviceInformation.optional(),
  deviceProfile: z.string(),
  clockOffsetMs: z.number().int().optional(),
  /** Of a device that speaks HTTPS: SHA-256 in hex of what it shows, and of what it showed when it was registered. */
  certificate: z.object({ found: z.string(), registered: z.string().optional() }).optional(),
  /** Cameras registered at this address already. */
  cameraIds: z.array(Id),
  channels: z.array(ProbedChannel),
  /** Of a recorder: how many channels there are in all, and the first that is not in this page. */
  channelCount: z.number().int(),
  nextChannel: z.string().optional(),
  checks: z.array(ProbeCheck),
})
export type Probe = z.infer<typeof Probe>

/** The certificate a person has looked at and takes for the device's own: SHA-256, hex. */
export const CertificateAcceptance = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })
export type CertificateAcceptance = z.infer<typeof CertificateAcceptance>

/** What the clock was off by, and is now: the device's less the gateway's. */
export const ClockSet = z.object({ beforeMs: z.number().int(), clockOffsetMs: z.number().int() })
export type ClockSet = z.infer<typeof ClockSet>

export const DeviceProfileItem = z.object({ id: z.string(), title: z.string() })
export const DeviceProfileList = z.object({ items: z.array(DeviceProfileItem) })
export type DeviceProfileList = z.infer<typeof DeviceProfileList>
