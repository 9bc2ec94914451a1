import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { type Notification, parseNotifications } from '../../gateway/onvif/events.ts'
import { parseSoap } from '../../gateway/onvif/soap.ts'
import { SOAP_LIMITS } from '../../gateway/onvif/xml.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'
import { rulesOf, SignalStates } from '../../gateway/registry/signal-states.ts'

const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
const profiles = read.ok ? read.profiles : []
const generic = profiles.find(({ id }) => id === 'generic')
const statesOf = (make: string): SignalStates => {
  const profile = profiles.find(({ id }) => id === make)
  if (profile === undefined) throw new Error(make)
  return new SignalStates(rulesOf(profile, generic))
}

const NOW = Date.UTC(2026, 2, 2, 6)
const motion = (value: string, operation: Notification['operation'] = 'Changed', more: object = {}): Notification => ({
  topic: 'RuleEngine/CellMotionDetector/Motion',
  operation,
  utcMs: NOW - 1_000,
  source: [{ name: 'Rule', value: 'r' }],
  data: [{ name: 'IsMotion', value }],
  ...more,
})
const kinds = (states: SignalStates, ...notifications: Notification[]): string[] =>
  notifications.map((notification) => states.apply(notification, 0, NOW).kind)

t.test('only a change from off to on raises, and on to off clears', async (t) => {
  const states = statesOf('hikvision')
  t.same(
    kinds(
      states,
      motion('true', 'Initialized'),
      motion('true'),
      motion('false'),
      motion('true'),
      motion('1'),
      motion('true', 'Initialized'),
      motion('false'),
      motion('false'),
    ),
    ['nothing', 'nothing', 'nothing', 'raise', 'nothing', 'nothing', 'clear', 'nothing'],
  )
  t.same(kinds(states, motion('true'), motion('true', 'Deleted'), motion('false')), ['raise', 'clear', 'nothing'])
  t.same(
    kinds(states, motion('true', undefined), motion('', undefined)),
    ['raise', 'clear'],
    'where the operation is left out',
  )
})

t.test('twice within one second of the camera is two alarms', async (t) => {
  const states = statesOf('hikvision')
  const keys = ['true', 'false', 'true']
    .map((value) => states.apply(motion(value), 0, NOW))
    .flatMap((meaning) => (meaning.kind === 'raise' ? meaning.key : []))
  t.equal(new Set(keys).size, 2)
})

t.test('after a loss nothing is known, and an alarm stays open until the camera speaks', async (t) => {
  const states = statesOf('hikvision')
  t.same(kinds(states, motion('true')), ['raise'])
  states.forget()
  t.same(kinds(states, motion('true', 'Initialized'), motion('true'), motion('false')), ['nothing', 'nothing', 'clear'])
  t.same(kinds(states, motion('true')), ['raise'])
  states.forget()
  t.same(kinds(states, motion('false', 'Initialized')), ['clear'], 'it ended while we were away')
})

t.test('an alarm of the process before is cleared by the key it was raised with', async (t) => {
  const raised = statesOf('hikvision').apply(motion('true'), 0, NOW)
  if (raised.kind !== 'raise') throw new Error('not raised')
  t.match(raised.key, /^state:[0-9a-f]{16}:\d+$/)
  const later = statesOf('hikvision')
  t.ok(later.adopt(raised.key, 'motion'))
  t.notOk(later.adopt('once:00:1', 'motion'))
  t.same(later.apply(motion('false', 'Initialized'), 0, NOW), { kind: 'clear', key: raised.key, type: 'motion' })
})

t.test('stateless topics raise once while held', async (t) => {
  const crossed = motion('', 'Changed', {
    topic: 'RuleEngine/LineDetector/Crossed',
    data: [{ name: 'ObjectId', value: '7' }],
  })
  const states = statesOf('hikvision')
  const first = states.apply(crossed, 0, NOW)
  t.match(first, { kind: 'raise', type: 'line-crossing', holdMs: 10_000, key: /^once:/ })
  const again = states.apply({ ...crossed, utcMs: NOW }, 0, NOW)
  t.same([first, again].map((one) => one.kind === 'raise' && one.key)[0], again.kind === 'raise' && again.key)
  t.equal(states.release(first.kind === 'raise' ? first.signal : '').kind, 'clear')
  t.equal(states.apply({ ...crossed, operation: 'Initialized' }, 0, NOW).kind, 'nothing')
})

t.test('makes: what becomes an alarm, and what does not', async (t) => {
  const item = (name: string, value = 'true') => [{ name, value }]
  const cases: [make: string, topic: string, data: Notification['data'], type: string | undefined][] = [
    ['tplink', 'RuleEngine/TPSmartEventDetector/TPSmartEvent', item('IsVehicle'), 'motion'],
    ['tplink', 'RuleEngine/PeopleDetector/People', item('IsNotPerson'), undefined],
    ['tplink', 'RuleEngine/CellMotionDetector/Tamper', item('IsTamper'), 'tamper'],
    ['tplink', 'RuleEngine/CellMotionDetector/LineCross', item('IsLineCross'), 'line-crossing'],
    ['axis', 'CameraApplicationPlatform/VMD/Camera1ProfileANY', item('active', '1'), 'motion'],
    ['hanwha', 'VideoAnalytics/MotionDetection', item('State'), 'motion'],
    ['bosch', 'IVA/EnteringField/any rule name', item('State'), 'intrusion'],
    ['xm', 'UserAlarm/IVA/HumanShapeDetect', item('State'), 'motion'],
    ['dahua', 'Device/Trigger/DigitalInput', item('LogicalState'), 'other'],
    ['dahua', 'RuleEngine/TamperDetector/Tamper', item('IsTamper'), 'tamper'],
    ['hikvision', 'RuleEngine/CountAggregation/Counter', item('Count', '1'), undefined],
    ['reolink', 'RuleEngine/MyRuleDetector/FaceDetect', item('State'), undefined],
    ['generic', 'RuleEngine/CellMotionDetector/MotionX', item('IsMotion'), undefined],
  ]
  for (const [make, topic, data, type] of cases) {
    const meaning = statesOf(make).apply(motion('', 'Changed', { topic, data }), 0, NOW)
    t.equal(meaning.kind === 'raise' ? meaning.type : undefined, type, `${make} ${topic}`)
  }
})

t.test('the camera’s time counts where it can be believed', async (t) => {
  const at = (utcMs: number | undefined, offsetMs: number): number | undefined => {
    const meaning = statesOf('generic').apply(motion('true', 'Changed', { utcMs }), offsetMs, NOW)
    return meaning.kind === 'raise' ? meaning.occurredAtMs : undefined
  }
  t.equal(at(NOW - 2_000, 0), NOW - 2_000)
  t.equal(at(NOW - 2_000 + 86_400_000, 86_400_000), NOW - 2_000, 'a day ahead, and known to be')
  t.equal(at(0, 0), NOW, '1970')
  t.equal(at(undefined, 0), NOW)
})

t.test('a camera that invents sources is followed so far and no further', async (t) => {
  const states = statesOf('generic')
  const raised = Array.from({ length: 1_000 }, (_, at) =>
    states.apply(motion('true', 'Changed', { source: [{ name: 'Rule', value: String(at) }] }), 0, NOW),
  ).filter(({ kind }) => kind === 'raise')
  t.equal(raised.length, 256)
})

const EVENTS = resolve(import.meta.dirname, '../../../shared/fixtures/cameras/events')
const MAKES: readonly [prefix: string, make: string][] = [
  ['dahua', 'dahua'],
  ['hanwha', 'hanwha'],
  ['hikvision', 'hikvision'],
  ['reolink', 'reolink'],
  ['tp-link', 'tplink'],
  ['vigi', 'tplink'],
  ['xm', 'xm'],
]

t.test(
  'what the recorded messages raise',
  { skip: existsSync(EVENTS) ? false : 'recorded messages absent' },
  async (t) => {
    const raised: Record<string, string[]> = {}
    for (const file of readdirSync(EVENTS)) {
      const message = parseSoap(readFileSync(join(EVENTS, file)), SOAP_LIMITS)
      const states = statesOf(MAKES.find(([prefix]) => file.startsWith(prefix))?.[1] ?? 'generic')
      const notifications = message.kind === 'body' ? parseNotifications(message.element) : []
      const meanings = notifications.map((notification) => states.apply(notification, 0, NOW))
      const told = meanings.flatMap((meaning) => (meaning.kind === 'raise' ? meaning.type : []))
      if (told.length > 0) raised[file.replace('.xml', '')] = told
    }
    // Not among them: Initialized, Deleted, counters, recording jobs, and topics no table names.
    t.same(raised, {
      'dahua-digital-input': ['other'],
      'dahua-motion-on-off': ['motion'],
      'hanwha-videoanalytics-motion': ['motion'],
      'hikvision-linedetector': ['line-crossing'],
      'hikvision-tamper': ['tamper'],
      'ipcam-motion-one-source-item': ['motion'],
      'other-prefix-topic': ['motion'],
      'reolink-echoes-security': ['motion'],
      'reolink-person-changed-epoch-utc': ['motion'],
      'script-in-rule-name': ['motion'],
      'tp-link-tapo-tapo-cellmotiondetector-person': ['motion'],
      'tp-link-tapo-tapo-cellmotiondetector-vehicle': ['motion'],
      'tp-link-tapo-tapo-line-crossed': ['line-crossing'],
      'tp-link-tapo-tapo-tamper': ['tamper'],
      'tp-link-tapo-tapo-tpsmartevent-person': ['motion'],
      'tp-link-tapo-tapo-tpsmartevent-vehicle': ['motion'],
      'values-mixed-truthy': ['motion'],
      'vigi-c440-region-baggage': ['intrusion', 'other'],
      'wsbase-notify-post': ['motion'],
      'xm-topic-trailing-slashes': ['motion'],
      'xm-useralarm-humanshape': ['motion'],
    })
  },
)
