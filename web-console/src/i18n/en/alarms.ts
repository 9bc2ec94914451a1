import type { words as chinese } from '../zh-cn/alarms.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'way.heading': 'Way of the alarm',
  'way.device': 'By the device’s clock',
  'way.gateway': 'Gateway had it',
  'way.console': 'Shown at the centre',
  'way.acknowledged': 'Acknowledged',
  'way.phone': 'Shown on the phone',
  'way.notYet': 'not yet',

  'noisy.title': 'Noisiest sources of the week',
  'noisy.span': '{from} to {to}, {n} alarms in all',
  'noisy.none': 'No alarm this week',
  'noisy.source': 'Source',
  'noisy.type': 'Type',
  'noisy.count': 'Alarms',
  'noisy.share': 'Share',
  'noisy.chatter': 'Chatter',
  'noisy.minutes': '{n} min',
  'noisy.stale': 'Open over 24 h',
  'noisy.hint':
    'Chatter: three times or more within a minute. The few at the top usually make most of the work: have them mended, moved or paused.',

  'flood.banner':
    'Alarm flood: {n} new cases in {minutes} min. Urgent and important ones stand alone, others by cell and type.',
  'flood.recent': '{n}/{most} in {minutes} min',
  'flood.waiting': '{n} unacknowledged',
  'flood.acknowledgeAll': 'Acknowledge {n}',
}
