import t from 'tap'
import type { Case } from '../../gateway/contracts/case.ts'
import { createReceipts, type Owed } from '../../web-console/src/cases/receipts.ts'

t.test('a case is told once, and again when alarms have joined it, once a second at the most', async (t) => {
  const sent: string[] = []
  let owed: Owed | undefined = { key: 'a', at: undefined }
  let isOnline = true
  const tell = createReceipts({
    owed: () => owed,
    send: async (id) => {
      sent.push(id)
      return isOnline ? { kind: 'ok', data: undefined } : { kind: 'offline' }
    },
  })
  const show = async (occurrences: number, nowMs: number): Promise<number> => {
    sent.length = 0
    tell([{ id: 'c', occurrences, lastAlarmAt: `2026-03-02T06:03:${10 + occurrences}.000Z` } as Case], nowMs) // all that is read
    await Promise.resolve()
    return sent.length
  }
  isOnline = false
  t.equal(await show(1, 0), 1)
  isOnline = true
  t.equal(await show(1, 0), 1, 'again where the gateway did not hear it')
  t.equal(await show(1, 5_000), 0)
  t.equal(await show(2, 5_000), 1)
  t.equal(await show(3, 5_900), 0, 'too soon')
  t.equal(await show(3, 6_000), 1, 'in its turn')
  owed = { key: 'b', at: undefined }
  t.equal(await show(3, 6_001), 1, 'another dispatch is owed its own')
  owed = { key: 'c', at: '2026-03-02T06:03:13.000Z' }
  t.equal(await show(3, 9_000), 0, 'another page has told all there is')
  t.equal(await show(4, 9_000), 1)
  owed = undefined
  t.equal(await show(5, 12_000), 0)
})
