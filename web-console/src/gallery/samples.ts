import type { Alarm, Priority } from '../../../gateway/contracts/alarm.ts'
import type { Camera, CameraState } from '../../../gateway/contracts/camera.ts'
import { type Case, CasePhase } from '../../../gateway/contracts/case.ts'
import type { ShownState } from '../wall/tile-card.tsx'

/** Made-up records in every state there is; nothing of them is stored anywhere. */
const CELL = '990123101001001'
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

export const sampleCamera = (state: CameraState, ownership: Camera['ownership'], sinceMs: number): Camera => ({
  id: idOf(1),
  name: '云溪镇中心小学食堂后门与南围墙转角处',
  cellCode: CELL,
  placeClass: 'article-7',
  ownership,
  position: { lon: 119.604, lat: 29.103, headingDeg: 60 },
  state,
  stateSince: new Date(sinceMs).toISOString(),
  streams: [],
  device: { id: idOf(2), address: '192.0.2.7', deviceProfile: 'generic' },
  createdAt: new Date(sinceMs).toISOString(),
})

/** Every state of a tile, with the camera it is said of. */
export function tileStates(
  nowMs: number,
): { camera: CameraState; ownership: Camera['ownership']; state: ShownState }[] {
  const sinceMs = nowMs - 83_000
  const online = { camera: 'online', ownership: 'public' } as const
  const offline = { camera: 'offline', ownership: 'public' } as const
  const locked = { camera: 'online', ownership: 'private' } as const
  return [
    { ...online, state: { kind: 'opening', step: 'signalling', sinceMs: nowMs } },
    { ...online, state: { kind: 'opening', step: 'receiving', sinceMs: nowMs - 1_000 } },
    { ...online, state: { kind: 'opening', step: 'first-frame', sinceMs: nowMs - 2_000 } },
    { ...online, state: { kind: 'live', ageSeconds: 0.6 } },
    { ...online, state: { kind: 'live', ageSeconds: 3.4 } },
    { ...online, state: { kind: 'stalled', lastFrameAtMs: nowMs - 6_000, reconnectsAtMs: nowMs + 4_000 } },
    { ...online, state: { kind: 'no-picture', sinceMs } },
    {
      ...offline,
      state: { kind: 'no-picture', sinceMs, problem: { status: 502, code: 'camera-unreachable' } },
    },
    { ...online, state: { kind: 'gateway-away', sinceMs } },
    { ...online, state: { kind: 'unsupported', mimeType: 'video/mp4; codecs="hvc1.1.6.L93.B0"', sinceMs } },
    { ...online, state: { kind: 'over-budget', sinceMs } },
    { ...locked, state: { kind: 'reason-needed', sinceMs } },
    { ...locked, state: { kind: 'refused', problem: { status: 403, code: 'outside-hours' }, sinceMs } },
    { ...locked, state: { kind: 'refused', problem: { status: 403, code: 'link-paused' }, sinceMs } },
    { ...locked, state: { kind: 'ended', why: 'link-revoked', atMs: sinceMs } },
    { ...locked, state: { kind: 'ended', why: 'expired', atMs: sinceMs } },
  ]
}

const PRIORITIES: readonly Priority[] = [1, 2, 3, 4]

export const sampleAlarms = (nowMs: number): Alarm[] =>
  PRIORITIES.flatMap((priority) =>
    (['active', 'cleared'] as const).map(
      (state, at): Alarm => ({
        id: idOf(10 * priority + at),
        sourceId: idOf(3),
        sourceKey: `sample-${priority}`,
        type: priority === 1 ? 'panic-button' : priority === 2 ? 'water-level' : priority === 3 ? 'motion' : 'door',
        priority,
        cellCode: CELL,
        occurredAt: new Date(nowMs - 42_000).toISOString(),
        // The urgent one is fresh, so its edge flashes for ten seconds.
        receivedAt: new Date(nowMs - (priority === 1 ? 0 : 42_000)).toISOString(),
        state,
        text: '收银台按下紧急按钮',
        occurrences: priority,
        times: { gateway: new Date(nowMs - 42_000).toISOString() },
      }),
    ),
  )

/** One case in each phase, one on the shelf. */
export function sampleCases(nowMs: number): Case[] {
  const openedAt = new Date(nowMs - 72_000).toISOString()
  const base: Omit<Case, 'id' | 'phase' | 'priority'> = {
    number: '0017',
    year: 2026,
    step: 'collected',
    legal: [],
    type: 'intrusion',
    cellCode: CELL,
    text: '后门红外报警',
    occurrences: 3,
    alarmIds: [],
    openedAt,
    lastAlarmAt: openedAt,
    times: { gateway: openedAt },
    version: 1,
    timeline: [],
    notifications: [],
  }
  const inPhase = CasePhase.options.map(
    (phase, at): Case => ({ ...base, id: idOf(100 + at), phase, priority: PRIORITIES[at % 4] ?? 1 }),
  )
  const shelvedUntil = new Date(nowMs + 900_000).toISOString()
  return [...inPhase, { ...base, id: idOf(99), phase: 'collected', priority: 2, shelvedUntil }]
}
