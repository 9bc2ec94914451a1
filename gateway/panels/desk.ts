import type { PanelEvent } from './panel-events.ts'

/** One message of a panel, read. */
export interface PanelReport {
  sequence: number
  /** The same for the same message sent again, whatever its padding and timestamp. */
  hash: string
  events: readonly PanelEvent[]
  /** What was sent, decrypted, for what is kept of a refusal. */
  payload: Uint8Array
}

/** What the listener needs of whoever keeps accounts and alarms. */
export interface PanelDesk {
  /** The panel that reports under this account, with its AES key where it encrypts. */
  account(account: string): Promise<{ sourceId: string; key: Buffer | undefined } | undefined>
  /** Resolves once the report is on disk, or was before; rejects when it is not: no acknowledgement then. */
  report(sourceId: string, report: PanelReport): Promise<void>
  heartbeat(sourceId: string): void
  /** Keeps what could not be taken, with the reason. */
  reject(sourceId: string | undefined, payload: Uint8Array, why: string): Promise<void>
}
