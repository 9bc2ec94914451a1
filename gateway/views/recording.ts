import { randomUUID } from 'node:crypto'
import { actorOf } from '../contracts/audit.ts'
import type { Principal } from '../contracts/identity.ts'
import type { Link } from '../contracts/link.ts'
import type { ViewReason } from '../contracts/view.ts'
import { takeNumbers } from '../storage/counter.ts'
import { decide, type GateAnswer, type GateQuestion } from './gate.ts'
import { windowEndMs } from './hours.ts'
import { refusalEntry } from './live-view.ts'
import type { Permission } from './permit.ts'
import type { AgreedPeriod } from './sources.ts'
import { insertView, wasOpenedSince } from './store.ts'
import type { ViewsDeps } from './views.ts'

/** One opening goes on so long: a player that seeks asks for the same recording again and again. */
const OPENING_MS = 10 * 60_000

/** What was recorded from `fromMs` to `toMs`, UTC milliseconds. */
export interface Recorded {
  fromMs: number
  toMs: number
}

/** Whether every moment was recorded while the link was active, for alarm clips, within the hours agreed then. Pure. */
export function wasAgreed({ fromMs, toMs }: Recorded, periods: readonly AgreedPeriod[], timeZone: string): boolean {
  if (toMs < fromMs) return false
  let coveredMs = fromMs
  for (const { fromMs: beganMs, untilMs, scopes, hours } of periods) {
    if (beganMs > coveredMs || untilMs <= coveredMs || !scopes.includes('alarm-clip')) continue
    const shutMs = hours === undefined ? Number.POSITIVE_INFINITY : windowEndMs(hours, coveredMs, timeZone)
    if (shutMs === undefined) return false
    if (shutMs < Math.min(untilMs, toMs)) return false
    coveredMs = untilMs
    if (coveredMs >= toMs) return true
  }
  return false
}

/**
 * May this person open this recording, now? The link must allow it now, at whatever hour, and must have allowed it while
 * it was recorded: an owner's word bounds history as it bounds the live picture. Pure.
 */
function decideRecording(
  question: Omit<GateQuestion, 'request'> & { reason: ViewReason },
  recorded: Recorded,
  periods: readonly AgreedPeriod[],
): GateAnswer {
  const { reason, link, ...rest } = question
  const request = { use: 'alarm-clip', reason } as const
  const answer = decide({ ...rest, link: link && withoutHours(link), request })
  if (answer.kind === 'refused' || wasAgreed(recorded, periods, question.timeZone)) return answer
  return { kind: 'refused', why: 'recorded-outside-consent' }
}

/** Hours are those of the recording, not those of whoever looks at it. */
function withoutHours<L extends Pick<Link, 'hours' | 'consent'>>({ hours: _, ...link }: L): Omit<L, 'hours'> {
  if (link.consent === undefined) return link
  const { hours: __, ...consent } = link.consent
  return { ...link, consent }
}

type RecordingDeps = Pick<ViewsDeps, 'database' | 'cameras' | 'links' | 'audit' | 'timeZone' | 'nodeId'>

export interface Opening extends Recorded {
  principal: Principal
  cameraId: string
  /** What is opened, such as `clip:4f1c…`. */
  recording: string
  reason: ViewReason
}

/**
 * The gate's word on a recording, before its first byte. What is granted is in the trail and in the owner's ledger, once
 * for each opening.
 */
export async function mayOpenRecording(deps: RecordingDeps, opening: Opening): Promise<Permission> {
  const { database, cameras, links, audit, timeZone, nodeId } = deps
  const { principal, cameraId, recording, reason, fromMs, toMs } = opening
  const camera = await cameras.camera(cameraId)
  if (camera === undefined || camera.removed) return { kind: 'no-camera' }
  return database.transaction(async (tx): Promise<Permission> => {
    await takeNumbers(tx, 'audit', 0)
    const [link, now] = [await links.linkFor(tx, cameraId), links.now()]
    const periods = link === undefined ? [] : await links.activePeriods(tx, link.id)
    const answer = decideRecording({ principal, camera, link, reason, now, timeZone }, { fromMs, toMs }, periods)
    if (answer.kind === 'refused') {
      await audit.append(tx, refusalEntry(principal, cameraId, answer.why, { recording, reason }))
      return answer
    }
    const { sessionId } = principal
    if (await wasOpenedSince(tx, { recording, sessionId }, now - OPENING_MS)) return { kind: 'granted' }
    await insertView(tx, {
      ...{ id: randomUUID(), cameraId, linkId: answer.link.id, consentVersion: answer.consentVersion },
      ...{ stream: 'main', recording, viewer: principal, sessionId, nodeId, reason },
      ...{ startedMs: now, expiresMs: now, endedWhy: 'closed' },
    })
    await audit.append(tx, {
      action: 'recording-opened',
      actor: actorOf(principal),
      object: `camera:${cameraId}`,
      result: 'done',
      why: reason.kind,
      ...(answer.consentVersion === undefined ? {} : { consentVersion: answer.consentVersion }),
      detail: { recording, linkId: answer.link.id, reason },
    })
    return { kind: 'granted' }
  })
}

/** Whether the gateway itself may keep what an alarm's camera showed then. Nobody watches, so nothing is written down. */
export async function mayKeepRecording(
  { database, links, timeZone }: RecordingDeps,
  { cameraId, ...recorded }: Recorded & { cameraId: string },
): Promise<boolean> {
  const link = await links.linkFor(database.client, cameraId)
  if (link?.state !== 'active') return false
  return wasAgreed(recorded, await links.activePeriods(database.client, link.id), timeZone)
}
