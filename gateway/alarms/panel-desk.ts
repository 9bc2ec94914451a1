import type { Clock } from '../clock.ts'
import type { Database } from '../storage/database.ts'
import type { Vault } from '../vault.ts'
import type { Intake } from './intake.ts'
import { findPanelAccount } from './panel-accounts.ts'
import type { PanelReport } from './panel-report.ts'
import type { SourceWatch } from './source-watch.ts'
import type { Receipt } from './store-messages.ts'
import { TokenBuckets } from './token-buckets.ts'

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
      if (outcome !== 'repeated') watch.heard(sourceId)
    },
    heartbeat: (sourceId) => watch.beat(sourceId),
    reject: async (sourceId, payload, why) => {
      if (sourceId === undefined && !strangers.take('')) return
      await intake.reject(sourceId, payload, why)
    },
  }
}
