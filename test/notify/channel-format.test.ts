import t from 'tap'
import type { ChannelKind, ChannelMessage } from '../../gateway/contracts/channel.ts'
import { compose, countFitting, outcomeOf, requestOf, templateFault } from '../../gateway/notify/channel-format.ts'
import { RateWindow } from '../../gateway/notify/rate-window.ts'

const MESSAGE: ChannelMessage = {
  caseId: '7d8f3a52-1c0e-4f6b-9d57-2f6f6b0c1a11',
  number: '2026-0017',
  priority: 1,
  type: 'water-level',
  cellCode: '370101001001001',
  cellName: '东街一网格',
  text: '东街口',
  openedAt: '2026-03-02T06:02:45.000Z',
  to: '张强',
}
const AT = { nowMs: Date.UTC(2026, 2, 2, 6, 3, 27, 123), id: 'd1' }
const told = (changes: Partial<ChannelMessage> = {}, phone: string | undefined = '13800001111') => [
  { message: { ...MESSAGE, ...changes }, phone },
]
const zh = { language: 'zh', consoleUrl: 'https://gridlight.example/' } as const

t.test('words in both languages, with the link', async (t) => {
  t.equal(
    compose(told(), zh).text,
    '【P1 紧急】水位超限 东街口\n东街一网格 案卷2026-0017 14:02:45 派给张强，请签收\n' +
      'https://gridlight.example/patrol?case=7d8f3a52-1c0e-4f6b-9d57-2f6f6b0c1a11',
  )
  t.equal(
    compose(told(), { language: 'en', consoleUrl: undefined }).text,
    '[P1 urgent] Water level 东街口\n东街一网格, case 2026-0017, 14:02:45, sent to 张强: please accept',
  )
})

t.test('an alarm’s text calls nobody and breaks no line', async (t) => {
  const { text } = compose(told({ text: '<@all> <at user_id="all">x</at>\n【P1】' }), zh)
  t.notMatch(text, /[<>]/)
  t.equal(text.split('\n').length, 3)
})

t.test('a text that is too long is cut between characters, within 2048 bytes', async (t) => {
  for (const length of [670, 671, 672, 673, 674, 700, 2000]) {
    const { text } = compose(told({ text: '水'.repeat(length) }), zh)
    t.ok(Buffer.byteLength(text) <= 2048, `${Buffer.byteLength(text)} bytes`)
    t.notMatch(text, /\ufffd/)
  }
})

t.test('a message tells as many cases as fit to the end of each, and never none', async (t) => {
  const cases = (length: number): ChannelMessage[] =>
    Array.from({ length: 10 }, (_, n) => ({ ...MESSAGE, number: `2026-${n}`, text: '水'.repeat(length) }))
  const counts = [3, 30, 100, 500].map((length) => {
    const messages = cases(length)
    const count = countFitting(messages, zh)
    const textOf = (first: number): string =>
      compose(
        messages.slice(0, first).map((message) => ({ message, phone: undefined })),
        zh,
      ).text
    t.notMatch(textOf(count), '…', `${count} cases with ${length} characters are not cut`)
    if (count < messages.length) t.match(textOf(count + 1), '…', 'one more would be')
    return count
  })
  t.same(counts, [10, 7, 4, 1])
  t.equal(countFitting(cases(2000), zh), 1, 'one that is too long by itself goes alone, cut')
})

t.test('what each robot is sent', async (t) => {
  const composition = compose(told(), zh)
  const wecom = requestOf('wecom', { url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k' }, composition, AT)
  t.same(JSON.parse(wecom.body), {
    msgtype: 'text',
    text: { content: composition.text, mentioned_mobile_list: ['13800001111'] },
  })
  const dingtalk = requestOf(
    'dingtalk',
    { url: 'https://oapi.dingtalk.com/robot/send?access_token=x', secret: 'this is secret' },
    composition,
    AT,
  )
  // Computed with Python's hmac, base64 and urllib after the provider's example.
  t.equal(
    dingtalk.url,
    'https://oapi.dingtalk.com/robot/send?access_token=x&timestamp=1772431407123&sign=zjmxeYW14zvnsCJwYSxIjNtY7%2BNoASQxXhDeUA6INUU%3D',
  )
  t.match(JSON.parse(dingtalk.body), { at: { atMobiles: ['13800001111'] }, text: { content: /@13800001111$/ } })
  const feishu = requestOf('feishu', { url: 'https://open.feishu.cn/x', secret: 'demo' }, composition, AT)
  t.match(JSON.parse(feishu.body), {
    timestamp: '1772431407',
    sign: 'BbuSttwOV/ukEBrqcbkUTraklD9athcvrxqW2n8SgnI=',
    msg_type: 'text',
    content: { text: composition.text },
  })
  t.notMatch(JSON.parse(requestOf('feishu', { url: 'https://x' }, composition, AT).body), { sign: String })
})

t.test('a template keeps its shape, whatever is filled in', async (t) => {
  const template = '{"to":["{{phone}}"],"params":{"t":"{{text}}","n":"{{number}}"},"kind":1}'
  t.equal(templateFault(template), undefined)
  const composition = compose(told({ text: '","evil":"1' }), { language: 'zh', consoleUrl: undefined })
  const { body, headers } = requestOf(
    'sms',
    { url: 'https://sms.example', template, authorization: 'Bearer x', secret: 's' },
    composition,
    AT,
  )
  const { params, ...rest } = JSON.parse(body)
  t.same(rest, { to: ['13800001111'], kind: 1 })
  t.same(Object.keys(params), ['t', 'n'])
  t.match(params.t, '","evil":"1')
  t.match(headers, { authorization: 'Bearer x', 'x-gridlight-delivery': 'd1', 'x-gridlight-timestamp': '1772431407' })
  for (const [bad, why] of [
    ['{', 'is not JSON'],
    ['[]', 'names no {{phone}}'],
    ['"{{phone}}"', 'is not a JSON object'],
    ['{"a":"{{phone}} {{password}}"}', 'there is no field password'],
  ] as const) {
    t.equal(templateFault(bad)?.en, `template: ${why}`, bad)
  }
})

t.test('what the answers mean', async (t) => {
  const table: [ChannelKind, number, string, object][] = [
    ['wecom', 200, '{"errcode":0,"errmsg":"ok"}', { kind: 'accepted' }],
    [
      'wecom',
      200,
      '{"errcode":45009,"errmsg":"api freq out of limit"}',
      { fault: 'too-many-messages', isPassing: true, waitMs: 60_000 },
    ],
    ['wecom', 200, '{"errcode":93000,"errmsg":"invalid webhook url"}', { fault: 'robot-not-found', isPassing: false }],
    ['dingtalk', 200, '{"errcode":130101,"errmsg":"send too fast"}', { fault: 'too-many-messages', waitMs: 600_000 }],
    ['dingtalk', 200, '{"errcode":310000,"errmsg":"sign not match"}', { fault: 'signature-refused', isPassing: false }],
    ['feishu', 200, '{"code":0,"msg":"success"}', { kind: 'accepted' }],
    ['feishu', 200, '{"StatusCode":0,"StatusMessage":"success"}', { kind: 'accepted' }],
    ['feishu', 200, '{"code":11232,"msg":"frequency limited"}', { fault: 'too-many-messages', isPassing: true }],
    ['feishu', 200, '{"code":19021,"msg":"sign match fail"}', { fault: 'signature-refused' }],
    ['feishu', 200, '<html>', { fault: 'answer-not-understood', isPassing: false }],
    ['wecom', 200, '{}', { fault: 'answer-not-understood' }],
    ['wecom', 302, '', { fault: 'message-refused' }],
    ['sms', 202, '', { kind: 'accepted' }],
    ['sms', 400, 'bad number', { fault: 'message-refused', isPassing: false, detail: 'bad number' }],
    ['sms', 429, '', { fault: 'too-many-messages', isPassing: true }],
    ['sms', 503, '', { fault: 'unreachable', isPassing: true }],
  ]
  for (const [kind, status, body, expected] of table) {
    t.match(outcomeOf(kind, { status, retryAfterMs: undefined, body }), expected, `${kind} ${status} ${body}`)
  }
  t.match(outcomeOf('sms', { status: 429, retryAfterMs: 7000, body: '' }), { waitMs: 7000 })
})

t.test('twenty a minute are twenty in any minute', async (t) => {
  const window = new RateWindow([])
  let now = 1_000_000
  for (let n = 0; n < 20; n++) {
    t.equal(window.freeAt(now, 20), now)
    window.take(now)
    now += 1000
  }
  t.equal(window.freeAt(now, 20), 1_060_000)
  now = 1_060_001
  t.equal(window.freeAt(now, 20), now)
  t.equal(window.freeAt(now - 7_200_000, 20), now - 7_200_000, 'a clock set back holds nothing up')
  t.equal(new RateWindow([5000, 5000]).freeAt(6000, 2), 65_000, 'what went out before a restart counts')
})
