import type { words as chinese } from '../zh-cn/figures.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'figures.title': 'Response figures',
  'figures.hint':
    'How long until people have an alarm, and until somebody is there. Of cases, never of people. p50: half of the cases took no longer; p95: nineteen of twenty.',
  'figures.by': 'Grouping',
  'figures.by.all': 'all',
  'figures.by.day': 'by day',
  'figures.by.cell': 'by cell',
  'figures.by.priority': 'by priority',
  'figures.partial': 'There are too many cases; the newest 20000 are counted',
  'figures.none': 'There were no cases in this time',
  'figures.cases': 'Cases: {n} · {met} in time, {late} late, {running} under way',
  'figures.rating': 'rated {mean} ({n})',
  'figures.moment': 'Step',
  'figures.count': 'Cases',
  'figures.own': 'Since the step before, p50 / p95',
  'figures.fromOpened': 'Since the opening, p50 / p95',

  'moment.gateway': 'Gateway had it',
  'moment.console': 'Shown at the centre',
  'moment.acknowledge': 'Acknowledged',
  'moment.dispatch': 'Dispatched',
  'moment.phone': 'Shown on the phone',
  'moment.accept': 'Accepted',
  'moment.on-site': 'On site',
  'moment.feedback': 'Feedback',
  'moment.close': 'Closed',
  'moment.evaluate': 'Evaluated',
}
