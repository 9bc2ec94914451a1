import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { mapMessage } from '../../gateway/alarms/map-message.ts'
import type { Mapping } from '../../gateway/alarms/mapping.ts'
import { alarmMappings, MAPPINGS_DIR, readMappings } from '../../gateway/alarms/mapping-files.ts'
import { covers, filterOf, matchPattern, overlap } from '../../gateway/alarms/topic-pattern.ts'

const mappings = alarmMappings()
const mapping = (id: string): Mapping => {
  const found = mappings.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no mapping ${id}`)
  return found
}
const receivedAt = new Date('2026-03-02T06:03:27.000Z')
const map = (id: string, topic: string | undefined, payload: unknown, source = {}) =>
  mapMessage(
    mapping(id),
    { topic: mapping(id).exampleTopic, device: undefined, priority: undefined, alarmType: 'door', ...source },
    { topic, payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)), receivedAt },
  )

t.test('every mapping that comes along becomes what its examples say', async (t) => {
  const read = readMappings(MAPPINGS_DIR)
  t.strictSame(read.ok ? [] : read.faults, [])
  t.strictSame(
    mappings.map(({ id }) => id),
    [
      'frigate',
      'home-assistant-discovery',
      'home-assistant-statestream',
      'shelly-gen1',
      'shelly-gen2',
      'tasmota',
      'zigbee2mqtt',
    ],
  )
  const examples = mappings.flatMap((one) => one.examples)
  t.ok(examples.length >= 35, `${examples.length} examples`)
  for (const { id, rules, examples: own } of mappings) {
    t.ok(own.some(({ becomes }) => becomes.length === 0) || id === 'home-assistant-discovery', `${id}: one is no alarm`)
    t.ok(rules.length > 0)
  }
})

t.test('a mapping that is not sound is named with file and field', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-mappings-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const sound = mapping('tasmota')
  const [example] = sound.examples
  const files: Record<string, unknown> = {
    'tasmota.json': { ...sound, examples: [{ ...example, becomes: [] }, example] },
    'other.json': { ...sound },
    'unknown.json': { ...sound, id: 'unknown', colour: 'blue' },
    'faces.json': { ...sound, id: 'faces', keep: ['after.face_name'] },
    'list.json': { ...sound, id: 'list', rules: [{ ...sound.rules[0], when: [{ path: 'plate', is: ['X12345'] }] }] },
    'said.json': {
      ...sound,
      id: 'said',
      identity: ['visitor'],
      rules: [{ ...sound.rules[0], text: '{a.visitor}' }],
    },
    'wild.json': { ...sound, id: 'wild', rules: [{ ...sound.rules[0], topic: 'stat/#' }] },
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), JSON.stringify(content))
  await writeFile(join(directory, 'broken.json'), '{')
  const read = readMappings(directory)
  const faults = read.ok ? [] : read.faults
  for (const expected of [
    /^broken\.json: /,
    /^faces\.json: keep\.0: 'face_name' tells who somebody is/,
    /^list\.json: rules\.0\.when\.0: 'plate' tells who somebody is/,
    /^said\.json: rules\.0\.text: 'visitor' tells who somebody is/,
    /^other\.json: id "tasmota" is not the file's name/,
    /^tasmota\.json: example "a reed switch opens" becomes \[\{"type":"door"/,
    /^unknown\.json: .*colour/,
    /^wild\.json: rules\.0\.topic: /,
  ]) {
    t.ok(
      faults.some((fault) => expected.test(fault)),
      String(expected),
    )
  }
})

t.test('of an event of Frigate the class is kept, and who it is said to be is not', async (t) => {
  const after = {
    id: '1772431407.1-abcdef',
    camera: 'back_door',
    label: 'person',
    sub_label: ['Zhang San', 0.93],
    recognized_license_plate: 'X12345',
    false_positive: false,
    start_time: 1772431407.1,
    data: { face: 'Li Si', attributes: [{ label: 'license_plate', box: [1, 2, 3, 4] }] },
    current_zones: ['yard'],
    snapshot: { path: '/media/frigate/clips/person-Zhang.jpg' },
  }
  const mapped = map('frigate', 'frigate/events', { type: 'new', before: { ...after, sub_label: null }, after })
  t.equal(mapped.kind, 'alarms')
  const [one] = mapped.kind === 'alarms' ? mapped.alarms : []
  t.match(one, { sourceKey: 'object:1772431407.1-abcdef', alarm: { type: 'intrusion', text: 'person back_door' } })
  t.equal(one?.alarm.occurredAt.toISOString(), '2026-03-02T06:03:27.100Z')
  t.ok((one?.alarm.strippedFields ?? 0) >= 5, `${one?.alarm.strippedFields} fields stripped`)
  t.notMatch(JSON.stringify(one), /Zhang|Li Si|X12345|jpg/)
  t.strictSame(one?.alarm.data, {
    topic: 'frigate/events',
    'after.camera': 'back_door',
    'after.label': 'person',
    'after.current_zones': ['yard'],
  })
})

t.test(
  'what is kept as a whole is kept without who somebody is, by the closed list and by the mapping’s own',
  async (t) => {
    const frigate = { ...mapping('frigate'), keep: ['after'] }
    const after = {
      id: '1772431407.1-abcdef',
      camera: 'back_door',
      label: 'person',
      sub_label: ['Zhang San', 0.93],
      start_time: 1772431407.1,
      false_positive: false,
      data: { face: 'Li Si', score: 0.9 },
      thumb_path: '/media/Wang-Wu.webp',
    }
    const message = { topic: 'frigate/events', payload: Buffer.from(JSON.stringify({ type: 'new', after })) }
    const source = { topic: 'frigate', device: undefined, alarmType: undefined, priority: undefined }
    const mapped = mapMessage(frigate, source, { ...message, receivedAt: new Date(0) })
    const [one] = mapped.kind === 'alarms' ? mapped.alarms : []
    t.match(one?.alarm.data, { after: { camera: 'back_door', data: { score: 0.9 } } })
    t.notMatch(JSON.stringify(one), /Zhang|Li Si|Wang/)
  },
)

t.test('a message for another camera, another topic or of no interest is ignored and not rejected', async (t) => {
  const event = { type: 'new', before: {}, after: { id: '1', camera: 'gate', label: 'car', false_positive: false } }
  t.match(map('frigate', 'frigate/events', event, { device: 'gate' }), { kind: 'alarms' })
  t.match(map('frigate', 'frigate/events', event, { device: 'yard' }), { kind: 'ignored' })
  t.match(map('frigate', 'frigate/stats', event), { kind: 'ignored' })
  t.match(map('tasmota', 'stat/tasmota_8231A8/RESULT', { POWER: 'ON' }), { kind: 'ignored' })
  t.match(map('tasmota', undefined, { Switch1: { Action: 'ON' } }), { kind: 'alarms' }, 'on the source’s own topic')
})

t.test('what cannot be read is rejected with the reason', async (t) => {
  t.match(map('zigbee2mqtt', 'zigbee2mqtt/front-door', '{"contact":'), { kind: 'rejected', reason: /not JSON/ })
  t.match(map('zigbee2mqtt', 'zigbee2mqtt/front-door', `"${'x'.repeat(65_535)}"`), {
    kind: 'rejected',
    reason: /limit/,
  })
  t.match(map('zigbee2mqtt', 'zigbee2mqtt/front-door', '['.repeat(20) + ']'.repeat(20)), {
    kind: 'rejected',
    reason: /nested/,
  })
  const wrongTime = {
    type: 'new',
    after: { id: '1', camera: 'a', label: 'car', false_positive: false, start_time: 1e300 },
  }
  t.match(map('frigate', 'frigate/events', wrongTime), { kind: 'rejected', reason: /start_time is not a time/ })
  t.match(map('tasmota', 'stat/tasmota_8231A8/RESULT', { Switch1: { Action: 'ON' } }, { alarmType: undefined }), {
    kind: 'rejected',
    reason: /registration/,
  })
})

t.test('fields of the prototype are nobody’s fields', async (t) => {
  for (const path of ['__proto__', 'constructor', 'toString']) {
    t.match(map('frigate', 'frigate/events', { type: path, after: { label: path, false_positive: false } }), {
      kind: 'ignored',
    })
  }
})

t.test('topics and patterns', async (t) => {
  t.equal(filterOf('stat/{topic}/input/{number}', 'a/b'), 'stat/a/b/input/+')
  t.strictSame(matchPattern('{topic}/input/{number}', 'a', 'a/input/3')?.get('number'), '3')
  t.equal(matchPattern('{topic}/input/{number}', 'a', 'a/input/3/4'), undefined)
  t.equal(matchPattern('{topic}', 'a$&', 'a$&')?.get('topic'), 'a$&', 'a topic is not a pattern')
  const table: [string, string, boolean][] = [
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
  ]
  for (const [filter, topic, is] of table) t.equal(covers(filter, topic), is, `${filter} ${topic}`)
  t.equal(overlap('a/+/c', 'a/b/#'), true)
  t.equal(overlap('a/+', 'b/#'), false)
  t.equal(overlap('a/b', 'a/b/c'), false)
  t.equal(overlap('gridlight/#', 'gridlight/v1/in/x/alarm'), true)
})
