import { z } from 'zod'
import { Alarm, AlarmLoad } from './alarm.ts'
import { CameraState } from './camera.ts'
import { Case } from './case.ts'
import { CellCode, Id, Instant } from './common.ts'
import { LinkState } from './link.ts'
import { ViewEnd } from './view.ts'

/** A camera's reachability changed. */
export const CameraEvent = z.object({
  id: Id,
  name: z.string(),
  cellCode: CellCode,
  state: CameraState,
  since: Instant,
  reason: z.string().optional(),
})
export type CameraEvent = z.infer<typeof CameraEvent>

export const LinkEvent = z.object({
  id: Id,
  cameraId: Id,
  cellCode: CellCode,
  state: LinkState,
  since: Instant,
  /** Of the owner's word in force. */
  consentVersion: z.number().int().optional(),
})
export type LinkEvent = z.infer<typeof LinkEvent>

export const ViewEndedEvent = z.object({ id: Id, cameraId: Id, why: ViewEnd, at: Instant })
export type ViewEndedEvent = z.infer<typeof ViewEndedEvent>

/** What `GET /api/v1/events` carries: the SSE event name and its data. */
export const LiveEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('alarm'), data: Alarm }),
  z.object({ kind: z.literal('case'), data: Case }),
  z.object({ kind: z.literal('camera'), data: CameraEvent }),
  z.object({ kind: z.literal('link'), data: LinkEvent }),
  z.object({ kind: z.literal('view-ended'), data: ViewEndedEvent }),
  z.object({ kind: z.literal('flood'), data: AlarmLoad }),
])
export type LiveEvent = z.infer<typeof LiveEvent>
/** A session, or all that a person or script has open, is over or has other rights: told to other gateways alone. */
export const SessionEndedEvent = z.object({
  sessionId: Id.optional(),
  principalId: Id.optional(),
  why: z.enum(['signed-out', 'rights-changed']),
  /** The gateway that ended it, and has acted on it already. */
  nodeId: z.string(),
})
export type SessionEndedEvent = z.infer<typeof SessionEndedEvent>

/** The first view of a day of a private feed whose owner wants to be told: for whoever brings such news to owners. */
export const FirstViewEvent = z.object({ linkId: Id, cameraId: Id, at: Instant, unit: z.string(), reason: z.string() })
export type FirstViewEvent = z.infer<typeof FirstViewEvent>

/** What the outbox holds: live events, what gateways of one database tell each other, and news for owners. */
export const OutboxEvent = z.discriminatedUnion('kind', [
  ...LiveEvent.options,
  z.object({ kind: z.literal('session-ended'), data: SessionEndedEvent }),
  z.object({ kind: z.literal('first-view'), data: FirstViewEvent }),
])
export type OutboxEvent = z.infer<typeof OutboxEvent>

/**
 * An event to be written in the transaction of the change it tells. It reaches everyone whose rights cover
 * `cellCode`, or one session alone when `sessionId` is given.
 */
export type NewLiveEvent = OutboxEvent & { cellCode: string; sessionId?: string }
