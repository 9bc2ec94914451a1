import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { grantedMs, isOn, parseNotifications, parseSubscription, topicPath } from '../../gateway/onvif/events.ts'
import { waitMs } from '../../gateway/onvif/pull-point.ts'
import { parseSoap } from '../../gateway/onvif/soap.ts'
import { SOAP_LIMITS, type XmlElement } from '../../gateway/onvif/xml.ts'

const CAMERAS = resolve(import.meta.dirname, '../../../shared/fixtures/cameras')
const lacksRecordings = existsSync(CAMERAS) ? false : 'the recorded messages are not here'

function body(bytes: Buffer): XmlElement {
  const message = parseSoap(bytes, SOAP_LIMITS)
  if (message.kind !== 'body') throw new Error(JSON.stringify(message))
  return message.element
}

/** What the index says of a recording: how many events, and the first of them as `topic operation {data}`. */
function told(file: string): { count: number; events: string[] } {
  const line = readFileSync(join(CAMERAS, 'INDEX.md'), 'utf8')
    .split('\n')
    .find((row) => row.startsWith(`| events/${file} |`))
  const [, count = '0', events = ''] = /(\d+) event\(s\): (.*?)\.? \|$/.exec(line ?? '') ?? []
  return { count: Number(count), events: events.split('; ').filter((event) => /^\w+:/.test(event)) }
}

t.test('every recorded event message parses as its index says', { skip: lacksRecordings }, async (t) => {
  let files = 0
  let compared = 0
  for (const file of readdirSync(join(CAMERAS, 'events'))) {
    const { count, events } = told(file)
    const notifications = parseNotifications(body(readFileSync(join(CAMERAS, 'events', file))))
    t.equal(notifications.length, count, `${file}: ${count} events`)
    for (const [at, event] of events.entries()) {
      const [, topic = '', operation, data = '{}'] = /^(\S+) (\w+|-) (\{.*\})$/.exec(event) ?? []
      const found = notifications[at]
      const values = Object.fromEntries((found?.data ?? []).map(({ name, value }) => [name, value]))
      t.same(
        [found?.topic, found?.operation ?? '-', values],
        [topicPath(topic), operation, JSON.parse(data)],
        `${file}: ${event}`,
      )
      compared += 1
    }
    files += 1
  }
  t.equal(files, 34)
  t.equal(compared, 42, 'all that the index spells out')
})

t.test('subscriptions as recorded', { skip: lacksRecordings }, async (t) => {
  const read = (file: string) => parseSubscription(body(readFileSync(join(CAMERAS, 'soap', file))))
  t.same(read('hikvision/create_pull_point_subscription.xml'), {
    address: 'http://192.168.8.120/onvif/Events/PullSubManager_20250415T164937Z_0',
    reference: '',
    grantedMs: 60_000,
  })
  t.equal(read('tplink/CreatePullPointSubscriptionResponse.xml').address, 'http://192.168.100.70:1024/event-1024_1024')
  t.equal(read('malformed/subscription-noreference.xml').address, undefined)
})

const answer = (xml: string): XmlElement =>
  body(
    Buffer.from(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>${xml}</s:Body></s:Envelope>`),
  )

t.test('reference parameters go back as they came', async (t) => {
  const subscription = (inner: string) =>
    parseSubscription(
      answer(
        `<R><SubscriptionReference><Address>http://c/x</Address><ReferenceParameters>${inner}</ReferenceParameters></SubscriptionReference></R>`,
      ),
    ).reference
  const sent = subscription(
    '<d:SubscriptionId xmlns:d="http://www.axis.com/2009/event" a="&lt;">1&amp;2</d:SubscriptionId>',
  )
  const element = answer(sent)
  t.match(element, { name: 'SubscriptionId', namespace: 'http://www.axis.com/2009/event', text: '1&2' })
  t.equal(element.attributes.get('a'), '<')
  t.equal(subscription(`<x>${'y'.repeat(5_000)}</x>`), '', 'what is too long is not sent back')
})

t.test('topics, values and times', async (t) => {
  for (const [text, path] of [
    ['tns1:RuleEngine/CellMotionDetector/Motion//.', 'RuleEngine/CellMotionDetector/Motion'],
    [' ns7:VideoSource/tnsx:MotionAlarm/ ', 'VideoSource/MotionAlarm'],
    ['', ''],
    ['a/'.repeat(500), 'a/'.repeat(16).slice(0, -1)],
  ] as const) {
    t.equal(topicPath(text), path, text.slice(0, 40))
  }
  for (const value of ['true', 'True', 'TRUE', '1', 'active', 'ON']) t.ok(isOn(value), value)
  for (const value of ['false', '0', '', 'inactive', 'yes']) t.notOk(isOn(value), value)
  t.ok(isOn('yes', ['Yes']))
  const times = (now: string, end: string) =>
    grantedMs(answer(`<R><CurrentTime>${now}</CurrentTime><TerminationTime>${end}</TerminationTime></R>`))
  t.equal(times('2026-03-02T06:00:00Z', '2026-03-02T06:01:00Z'), 60_000)
  t.equal(times('2026-03-02T06:00:00Z', '2026-03-02T05:01:00Z'), undefined)
  t.equal(times('now', ''), undefined)
  const many = answer(
    `<R>${'<NotificationMessage><Topic>a</Topic><Message><Message/></Message></NotificationMessage>'.repeat(300)}</R>`,
  )
  t.equal(parseNotifications(many).length, 200)
})

t.test('waiting grows, is spread, and is longest after a refused login', async (t) => {
  const waits = [0, 1, 2, 3, 4, 5, 20].map((failures) => waitMs('closed', failures, () => 1))
  t.same(waits, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
  t.equal(
    waitMs('closed', 0, () => 0),
    5_000,
  )
  t.equal(
    waitMs('login-refused', 0, () => 0),
    15 * 60_000,
  )
})
