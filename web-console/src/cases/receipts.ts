import type { Case } from '../../../gateway/contracts/case.ts'
import type { Answer } from '../api/client.ts'

/** A case that alarms join quickly is told once in this time. */
const SPACING_MS = 1_000

/** What this page owes a receipt for, and when a page like it last gave one, as far as the case says. */
export interface Owed {
  /** Another one is owed anew: a second dispatch, say. */
  key: string
  at: string | undefined
}

interface ReceiptsDeps {
  /** Undefined: the case is not this page's to tell. */
  owed(one: Case): Owed | undefined
  send(caseId: string): Promise<Answer<unknown>>
}

/** Tells the gateway that this page shows a case: once, and again when alarms have joined it that no page has shown. */
export function createReceipts({ owed, send }: ReceiptsDeps): (cases: readonly Case[], nowMs: number) => void {
  const told = new Map<string, { key: string; occurrences: number; atMs: number }>()
  return (cases, nowMs) => {
    for (const one of cases) {
      const { id, lastAlarmAt, occurrences } = one
      const { key, at } = owed(one) ?? {}
      if (key === undefined || (at !== undefined && at >= lastAlarmAt)) continue
      const last = told.get(id)
      if (last?.key === key && (last.occurrences >= occurrences || nowMs - last.atMs < SPACING_MS)) continue
      told.set(id, { key, occurrences, atMs: nowMs })
      void send(id).then((answer) => {
        if (answer.kind !== 'ok') told.delete(id)
      })
    }
  }
}
