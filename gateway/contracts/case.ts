import { z } from 'zod'
import { AlarmTimes, AlarmType, Priority } from './alarm.ts'
import { ChannelFault, ChannelKind } from './channel.ts'
import { CellCode, Id, Instant, InstantInput, Line } from './common.ts'
import type { Role } from './identity.ts'

/** As which the gateway itself stands in a timeline. */
export const GATEWAY_NAME = 'gridlight'

/** 采集, 立案, 派遣, 处置反馈, 核查结案, 评价. */
export const CaseStep = z.enum(['collected', 'opened', 'dispatched', 'handling', 'closed', 'evaluated'])
export type CaseStep = z.infer<typeof CaseStep>

/** Where a case stands, finer than its step: `handling` runs from the acceptance to the asking for closure. */
export const CasePhase = z.enum([
  'collected',
  'opened',
  'dispatched',
  'accepted',
  'en-route',
  'on-site',
  'reported',
  'close-requested',
  'closed',
  'evaluated',
])
export type CasePhase = z.infer<typeof CasePhase>

export const CaseActionName = z.enum([
  'acknowledge',
  'dispatch',
  'accept',
  'decline',
  'en-route',
  'on-site',
  'feedback',
  'request-close',
  'verify-close',
  'return',
  'escalate',
  'shelve',
  'false-alarm',
  'evaluate',
])
export type CaseActionName = z.infer<typeof CaseActionName>

/** Roles that act in the centre, and the one that acts in the street. */
export const CENTRE_ROLES: readonly Role[] = ['operator']
export const PATROL_ROLES: readonly Role[] = ['patrol-lead']
export const PATROL_ACTIONS: readonly CaseActionName[] = [
  'accept',
  'decline',
  'en-route',
  'on-site',
  'feedback',
  'request-close',
]

/** What the patrol found, chosen without typing. */
export const FeedbackOutcome = z.enum(['handled', 'false-alarm', 'need-support', 'nothing-found'])
export type FeedbackOutcome = z.infer<typeof FeedbackOutcome>

/** The longest a case may be shelved: nothing is hidden for a shift. */
export const MAX_SHELVE_MINUTES = 60

const act = z.strictObject({
  /** Chosen by whoever acts; the same key again is the same action. */
  idempotencyKey: z.string().min(1).max(128),
  /** When it was done, by the clock of the device that it was done on. */
  deviceAt: InstantInput.optional(),
  text: Line.optional(),
})

/** One action on a case. */
export const NewCaseAction = z.discriminatedUnion('action', [
  act.extend({ action: z.literal('dispatch'), assigneeId: Id.optional() }),
  act.extend({ action: z.literal('feedback'), outcome: FeedbackOutcome.optional() }),
  act.extend({
    action: z.literal('shelve'),
    text: Line,
    minutes: z.number().int().min(1).max(MAX_SHELVE_MINUTES).default(15),
  }),
  /** Rates the work on the case, never a person. */
  act.extend({ action: z.literal('evaluate'), rating: z.number().int().min(1).max(5).optional() }),
  act.extend({ action: CaseActionName.exclude(['dispatch', 'feedback', 'shelve', 'evaluate']) }),
])
export type NewCaseAction = z.infer<typeof NewCaseAction>

/** What the gateway itself writes into a timeline, beside the actions of people. */
export const TimelineAction = z.enum([
  ...CaseActionName.options,
  'collect',
  'shelve-ended',
  'unshelved',
  'overdue',
  'clip-kept',
  'clip-unavailable',
  'delivered',
  'message-taken',
  'undelivered',
])
export type TimelineAction = z.infer<typeof TimelineAction>

/** `delivered`: the person's page shows the case; `accepted`: the provider took the message, which is no receipt. */
export const NotificationState = z.enum(['sent', 'delivered', 'accepted', 'undelivered', 'not-needed'])
export type NotificationState = z.infer<typeof NotificationState>

export const Notification = z.object({
  id: Id,
  toId: z.string(),
  to: z.string(),
  channel: z.enum(['duty-page', ...ChannelKind.options]),
  /** As the administrator named it; absent for the duty page. */
  channelName: z.string().optional(),
  state: NotificationState,
  at: Instant,
  /** When its receipt came. */
  receivedAt: Instant.optional(),
  /** Why it is undelivered, where that is known. */
  fault: ChannelFault.optional(),
})
export type Notification = z.infer<typeof Notification>

export const Case = z.object({
  id: Id,
  /** Of its cell and year, such as `0017`. */
  number: z.string(),
  year: z.number().int(),
  step: CaseStep,
  phase: CasePhase,
  /** Actions that are possible now, whoever may take them. */
  legal: z.array(CaseActionName),
  priority: Priority,
  type: AlarmType,
  cellCode: CellCode,
  cameraId: Id.optional(),
  text: z.string(),
  /** How many alarms the case holds; `alarmIds` names the newest of them. */
  occurrences: z.number().int().positive(),
  alarmIds: z.array(Id),
  openedAt: Instant,
  lastAlarmAt: Instant,
  /** The operator who acknowledged it. */
  owner: z.object({ id: z.string(), name: z.string() }).optional(),
  assignee: z.object({ id: z.string(), name: z.string() }).optional(),
  /** When an unanswered dispatch goes to the next person. */
  escalatesAt: Instant.optional(),
  shelvedUntil: Instant.optional(),
  closedAt: Instant.optional(),
  /** Until somebody is on site, gives feedback, or closes the case; remaining time is `dueAt` less now. */
  response: z
    .object({
      targetSeconds: z.number().int(),
      dueAt: Instant,
      state: z.enum(['running', 'overdue', 'met', 'late']),
      respondedAt: Instant.optional(),
    })
    .optional(),
  /** Of the first alarm. */
  times: AlarmTimes,
  /** Grows with every change: the higher one is the newer. */
  version: z.number().int().positive(),
  timeline: z.array(
    z.object({
      at: Instant,
      /** By the clock of the device, where it said so. */
      deviceAt: Instant.optional(),
      action: TimelineAction,
      by: z.string(),
      text: z.string().optional(),
    }),
  ),
  notifications: z.array(Notification),
})
export type Case = z.infer<typeof Case>

export const CaseQuery = z.strictObject({
  step: CaseStep.optional(),
  /** `open`: all that are not closed yet. */
  state: z.enum(['open', 'closed']).optional(),
  cell: CellCode.optional(),
  priority: z.coerce.number().int().min(1).max(4).optional(),
  /** Mine to work on: I own it, or it was given to me. */
  mine: z.stringbool().optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
})

export const DutyChange = z.strictObject({ on: z.boolean() })
export const Duty = z.object({ on: z.boolean(), since: Instant.optional() })
export type Duty = z.infer<typeof Duty>
