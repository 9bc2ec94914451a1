import t from 'tap'
import { figuresBy, type Measured, quantile } from '../../gateway/cases/figures.ts'

const measured = (changes: Partial<Measured>): Measured => ({
  cellCode: 'a',
  priority: 1,
  openedMs: Date.UTC(2026, 2, 2, 15, 59),
  occurredMs: undefined,
  respondByMs: undefined,
  respondedMs: undefined,
  isOverdue: false,
  rating: undefined,
  moments: {},
  ...changes,
})

t.test('the nearest rank is a time that was measured', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1)
  t.equal(quantile(hundred, 0.5), 50)
  t.equal(quantile(hundred, 0.95), 95)
  t.equal(quantile([7], 0.95), 7)
  t.equal(quantile([], 0.5), 0)
})

t.test('days are the township’s', async (t) => {
  const [before, after] = [Date.UTC(2026, 2, 2, 15, 59), Date.UTC(2026, 2, 2, 16, 1)]
  t.same(
    figuresBy('day', [measured({ openedMs: before }), measured({ openedMs: after })]).map(({ key }) => key),
    ['2026-03-02', '2026-03-03'],
  )
})

t.test('a clock that runs ahead and a step that was left out spoil no figure', async (t) => {
  const at = Date.UTC(2026, 2, 2)
  const [figure] = figuresBy('all', [
    measured({ openedMs: at, occurredMs: at + 5000, moments: { gateway: at, close: at + 9000 } }),
    measured({
      openedMs: at,
      occurredMs: at - 100,
      moments: { gateway: at, acknowledge: at + 3000, close: at + 4000 },
    }),
  ])
  t.match(figure?.steps, [
    { moment: 'gateway', count: 1, p50Ms: 100 },
    { moment: 'acknowledge', count: 1, p50Ms: 3000 },
    { moment: 'close', count: 2, p50Ms: 1000, p95Ms: 9000 },
  ])
})

t.test('met, late, overdue and running are told apart', async (t) => {
  const [figure] = figuresBy('all', [
    measured({ respondByMs: 10, respondedMs: 10 }),
    measured({ respondByMs: 10, respondedMs: 11 }),
    measured({ respondByMs: 10, isOverdue: true }),
    measured({ respondByMs: 10 }),
    measured({}),
  ])
  t.same(figure?.response, { met: 1, late: 2, running: 1 })
})
