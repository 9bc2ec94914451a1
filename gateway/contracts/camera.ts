import { z } from 'zod'
import { CellCode, Id, Instant, Line, Ownership } from './common.ts'
import { Codec, DeviceAddress, DeviceOverrides, StreamRole } from './device.ts'

/** State Council Order 799: public places of Article 7, other public places of Article 9, and the rest. */
export const PlaceClass = z.enum(['article-7', 'article-9', 'other'])
export type PlaceClass = z.infer<typeof PlaceClass>

/** Rooms in which Article 8 forbids cameras; named so that they can be refused in words. */
export const ForbiddenPlace = z.enum([
  'guest-room',
  'dormitory-room',
  'bath',
  'toilet',
  'changing-room',
  'fitting-room',
  'nursing-room',
])

/** What a registrar may say a place is; a forbidden one is never stored. */
export const NewPlaceClass = z.union([PlaceClass, ForbiddenPlace])

/** Contract of the retained MQTT state as well. */
export const CameraState = z.enum(['online', 'offline', 'stalled', 'unlinked'])
export type CameraState = z.infer<typeof CameraState>

/** Where a camera stands and looks, WGS-84 degrees; heading clockwise from north. */
export const Position = z.strictObject({
  lon: z.number().min(-180).max(180),
  lat: z.number().min(-90).max(90),
  headingDeg: z.number().min(0).lt(360).optional(),
})
export type Position = z.infer<typeof Position>

/** GB/T 28181 §E.1: 20 decimal digits. */
export const GbId = z.string().regex(/^\d{20}$/)

/** An RTSP URI without user info: credentials travel in their own fields. */
export const RtspUri = z
  .string()
  .trim()
  .max(1024)
  .regex(/^rtsps?:\/\/[^\s@/?#]+(?:[/?][^\s]*)?$/, 'rtsp:// or rtsps://host[:port]/path without user name or password')

export const OnvifSource = z.strictObject({
  kind: z.literal('onvif'),
  address: DeviceAddress,
  username: z.string().max(128),
  password: z.string().max(256),
  /** Video source token of a recorder with several channels; the first one when absent. */
  channel: z.string().max(128).optional(),
  overrides: DeviceOverrides.optional(),
})

export const RtspSource = z.strictObject({
  kind: z.literal('rtsp'),
  mainUri: RtspUri,
  subUri: RtspUri.optional(),
  username: z.string().max(128).optional(),
  password: z.string().max(256).optional(),
  /** How media come, where the device refuses the usual way. */
  overrides: DeviceOverrides.pick({ transport: true, deviceProfile: true }).optional(),
})

export const CameraSource = z.discriminatedUnion('kind', [OnvifSource, RtspSource])
export type CameraSource = z.infer<typeof CameraSource>

export const NewCamera = z.strictObject({
  name: Line,
  cellCode: CellCode,
  placeClass: NewPlaceClass,
  ownership: Ownership,
  position: Position.optional(),
  gbId: GbId.optional(),
  source: CameraSource,
})
export type NewCamera = z.infer<typeof NewCamera>

export const CameraChange = z.strictObject({
  name: Line.optional(),
  cellCode: CellCode.optional(),
  placeClass: NewPlaceClass.optional(),
  position: Position.nullable().optional(),
  gbId: GbId.nullable().optional(),
})
export type CameraChange = z.infer<typeof CameraChange>

/** A change with a further source: a new password, another address; it is tried before it is stored. */
export const CameraPatch = CameraChange.extend({ source: CameraSource.optional() })
export type CameraPatch = z.infer<typeof CameraPatch>

export const CameraStream = z.object({
  role: StreamRole,
  codec: Codec,
  width: z.number().int(),
  height: z.number().int(),
  frameRate: z.number().optional(),
  uri: z.string(),
})
export type CameraStream = z.infer<typeof CameraStream>

export const Camera = z.object({
  id: Id,
  ...NewCamera.omit({ source: true }).shape,
  state: CameraState,
  stateSince: Instant,
  stateReason: z.string().optional(),
  streams: z.array(CameraStream),
  device: z.object({
    id: Id,
    address: z.string(),
    manufacturer: z.string().optional(),
    model: z.string().optional(),
    deviceProfile: z.string(),
    channel: z.string().optional(),
    /** The device's clock minus the gateway's, as last looked at. */
    clockOffsetMs: z.number().int().optional(),
    /** SHA-256 of the certificate it was registered with, hex; absent where it speaks HTTP. */
    certificateSha256: z.string().optional(),
    overrides: DeviceOverrides.optional(),
  }),
  createdAt: Instant,
})
export type Camera = z.infer<typeof Camera>

export const CameraQuery = z.strictObject({
  cell: CellCode.optional(),
  state: CameraState.optional(),
  q: z.string().trim().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(200),
  cursor: z.string().max(200).optional(),
})

/** Several channels of one recorder, asked and registered in one go. */
export const NewChannels = z.strictObject({
  source: OnvifSource.omit({ channel: true }),
  channels: z
    .array(NewCamera.omit({ source: true }).extend({ channel: z.string().min(1).max(128) }))
    .min(1)
    .max(64),
})
export type NewChannels = z.infer<typeof NewChannels>

export const ChannelResult = z.object({
  channel: z.string(),
  result: z.enum(['created', 'problem']),
  camera: Camera.optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  nextStep: z.string().optional(),
})
export type ChannelResult = z.infer<typeof ChannelResult>

export const ChannelsAnswer = z.object({
  created: z.number().int(),
  problems: z.number().int(),
  channels: z.array(ChannelResult),
})
export type ChannelsAnswer = z.infer<typeof ChannelsAnswer>

/** What became of one line of an imported table; `row` counts as spreadsheets do, the heading being row 1. */
export const CameraImportRow = z.object({
  row: z.number().int(),
  name: z.string().optional(),
  result: z.enum(['created', 'updated', 'unchanged', 'problem']),
  cameraId: Id.optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  nextStep: z.string().optional(),
})
export type CameraImportRow = z.infer<typeof CameraImportRow>

export const CameraImportQuery = z.strictObject({
  /** Says what would be done; writes nothing and asks no device. */
  dryRun: z.stringbool().default(false),
})

export const CameraImportAnswer = z.object({
  dryRun: z.boolean().optional(),
  created: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  problems: z.number().int(),
  rows: z.array(CameraImportRow),
})
export type CameraImportAnswer = z.infer<typeof CameraImportAnswer>
