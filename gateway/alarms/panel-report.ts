import type { Clock } from '../clock.ts'
import type { AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import type { Database } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Intake, Receipt } from './intake.ts'
import { clean, DEFAULT_PRIORITY, type NormalAlarm } from './normalise.ts'
import { findPanelAccount } from './panel-accounts.ts'
import type { SourceWatch } from './source-watch.ts'
import { TokenBuckets } from './token-buckets.ts'

/** One message of an alarm panel, read. */
export interface PanelReport {
  sequence: number
  /** The same for the same message sent again. */
  hash: string
  events: readonly PanelEvent[]
  payload: Uint8Array
}

export interface PanelEvent {
  /** Which trouble begins or ends: code, area and zone. */
  channel: string
  type: AlarmType
  priority: Priority | undefined
  state: AlarmState
  text: string
  data: Readonly<Record<string, string>>
}

/** What the listener of panels needs. */
export interface PanelDesk {
  account(account: string): Promise<{ sourceId: string; key: Buffer | undefined } | undefined>
  /** Rejects when the report is not on disk: it is not acknowledged then. */
  report(sourceId: string, report: PanelReport): Promise<void>
  heartbeat(sourceId: string): void
  reject(sourceId: string | undefined, payload: Uint8Array, why: string): Promise<void>
}

/** Messages of nobody that are kept; more than this is noise, and must not push out what is worth reading. */
const STRANGERS = { perSecond: 1, burst: 20 }

export function createPanelDesk(deps: {
  database: Database
  clock: Clock
  intake: Intake
  watch: SourceWatch
  vault: Vault
}): PanelDesk {
  const { database, clock, intake, watch, vault } = deps
  const strangers = new TokenBuckets(clock, STRANGERS)
  return {
    account: (account) => findPanelAccount(database, vault, account),
    report: async (sourceId, report) => {
      const outcome: Receipt['kind'] = await intake.report(sourceId, report)
      if (outcome === 'stored') watch.heard(sourceId)
    },
    heartbeat: (sourceId) => watch.beat(sourceId),
    reject: async (sourceId, payload, why) => {
      if (sourceId === undefined && !strangers.take('')) return
      await intake.reject(sourceId, payload, why)
    },
  }
}

export function panelAlarm(event: PanelEvent, receivedAt: Date): NormalAlarm {
  const { channel, type, priority, state, text, data } = event
  return {
    sourceKey: `${channel}@open`,
    type,
    priority: priority ?? DEFAULT_PRIORITY[type],
    // Panels stamp when they sent a message, by clocks that drift; when it came is what is known.
    occurredAt: receivedAt,
    state,
    text: clean(text).slice(0, 500),
    cameraId: undefined,
    data,
    strippedFields: 0,
  }
}

/** What a counting source sent and nobody received. */
export function gapAlarm(sourceId: string, { from, to }: { from: number; to: number }, at: Date): NormalAlarm {
  return {
    sourceKey: `gap:${sourceId}:${from}-${to}:${at.getTime()}`,
    type: 'source-silent',
    priority: DEFAULT_PRIORITY['source-silent'],
    occurredAt: at,
    state: 'active',
    text: `缺失消息 missing messages ${from === to ? from : `${from}–${to}`}`,
    cameraId: undefined,
    data: { sourceId, from, to },
    strippedFields: 0,
  }
}
