import t from 'tap'
import { killUnderLoad } from '../../scripts/torture/kills.ts'

const KILLS = 50
const TIMEOUT_MS = 600_000

t.setTimeout(TIMEOUT_MS)
t.test(`${KILLS} kills under load lose no acknowledged alarm and double none`, { timeout: TIMEOUT_MS }, async (t) => {
  const report = await killUnderLoad(KILLS)
  t.comment(`${KILLS} kills: ${JSON.stringify(report)}`)
  t.ok(report.acknowledged >= KILLS * 100)
  t.ok(report.unanswered > 0, 'the kills came in the middle of work')
  t.strictSame(report.lost, [], 'none lost')
  t.equal(report.doubled, 0, 'none doubled')
  t.equal(report.mistold, 0, 'each was told once')
  t.equal(report.integrity, 'ok')
})
