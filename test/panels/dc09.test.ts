import { createDecipheriv } from 'node:crypto'
import t from 'tap'
import { acknowledgement, openContent } from '../../gateway/panels/dc09-content.ts'
import { crcOf, FrameCutter, MAX_BODY_BYTES, MAX_FRAME_BYTES, parseFrame } from '../../gateway/panels/dc09-frame.ts'
import { readCodeTables } from '../../gateway/panels/panel-codes.ts'
import { readEvents } from '../../gateway/panels/panel-events.ts'
import { encodePanelMessage } from '../fakes/alarm-panel.ts'

const tables = readCodeTables()
const withoutEnd = (bytes: Buffer): Buffer => bytes.subarray(0, -1)

t.test('CRC and length of what real panels sent, as reported by their users', async (t) => {
  const sent = [
    'BB86002C"NULL"0001L#7303658550[]_15:39:38,06-07-2019',
    'EAC0003A"SIA-DCS"1663L0#0000[#0000|Nri1/NL501]_12:40:58,12-22-2021',
    'EA740027"NULL"0000L0#1409[]_20:38:07,08-27-2026',
    '59890012"ACK"0000L0#1409[]',
  ]
  for (const text of sent) {
    const parsed = parseFrame(Buffer.from(`\n${text}`))
    t.equal(parsed.ok, true, `${text} ${parsed.ok ? '' : parsed.why}`)
  }
  t.equal(crcOf(Buffer.from('123456789')), 0xbb3d, 'check value of CRC-16/ARC')
})

t.test('what is damaged is met with silence; what is whole and strange is not', async (t) => {
  const whole = withoutEnd(encodePanelMessage({ id: 'ADM-CID', account: '1234', data: '1130 01 005' }))
  t.equal(parseFrame(whole).ok, true)
  t.equal(parseFrame(withoutEnd(encodePanelMessage({ id: 'ADM-CID', account: '1234', hasBinaryCrc: true }))).ok, true)
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 1
    t.equal(parseFrame(damaged).ok, false, `a bit of byte ${at}`)
  }
  t.match(parseFrame(withoutEnd(encodePanelMessage({ id: 'SIA-DCS', account: '12' }))), { answer: 'duh' })
  t.match(parseFrame(withoutEnd(encodePanelMessage({ id: 'X', account: '1234' }))), { answer: 'duh' })
  t.match(parseFrame(Buffer.alloc(0)), { answer: 'silent' })
})

t.test('frames are cut out of a stream whatever its pieces, up to the largest and no further', async (t) => {
  const messages = [
    encodePanelMessage({ id: 'NULL', account: '1234' }),
    encodePanelMessage({ id: 'SIA-DCS', account: '1234', data: `Nri1/BA1^${'x'.repeat(150)}^`, hasBinaryCrc: true }),
    encodePanelMessage({ id: 'ADM-CID', account: 'ABCDEF', data: '1130 01 005', at: new Date() }),
  ]
  const stream = Buffer.concat([Buffer.from('noise\0'), ...messages.flatMap((one) => [one, Buffer.of(0)])])
  for (const size of [1, 7, stream.length]) {
    const cutter = new FrameCutter()
    const frames: Buffer[] = []
    for (let at = 0; at < stream.length; at += size) {
      for (const step of cutter.push(stream.subarray(at, at + size))) if (step.kind === 'frame') frames.push(step.bytes)
    }
    t.strictSame(
      frames.map((frame) => parseFrame(frame).ok),
      [true, true, true],
      `pieces of ${size}`,
    )
  }
  const largest = `"ADM-CID"0001L0#1234[${'x'.repeat(MAX_BODY_BYTES - 22)}]`
  t.equal(largest.length, MAX_BODY_BYTES)
  const endless = new FrameCutter()
  t.strictSame(endless.push(Buffer.concat([Buffer.of(10), Buffer.alloc(MAX_FRAME_BYTES - 1, 'x')])), [])
  t.strictSame(endless.push(Buffer.of(0x78)), [{ kind: 'overrun' }])
})

t.test('AES with keys of every length, whatever the padding; the wrong key opens nothing', async (t) => {
  const at = new Date('2026-03-02T06:03:27.000Z')
  for (const length of [16, 24, 32]) {
    const key = Buffer.alloc(length, 3)
    for (let extra = 0; extra < 20; extra++) {
      const data = `Nri1/BA501^${'z'.repeat(extra)}^`
      const parsed = parseFrame(withoutEnd(encodePanelMessage({ id: 'SIA-DCS', account: '1234', data, at, key })))
      if (!parsed.ok) throw new Error(parsed.why)
      t.strictSame(openContent(parsed.frame, key), { ok: true, content: { data, sentAt: at } })
      t.match(openContent(parsed.frame, Buffer.alloc(length, 4)), { ok: false })
      t.match(openContent(parsed.frame, undefined), { ok: false, why: /has no key/ })
    }
  }
})

t.test('Contact ID and SIA events in our terms', async (t) => {
  const cid = (data: string) => readEvents('ADM-CID', data, tables)
  const sia = (data: string) => readEvents('SIA-DCS', data, tables)
  t.match(cid('1130 01 005'), { events: [{ type: 'intrusion', state: 'active', channel: 'contact-id:130:01:005' }] })
  t.match(cid('3130 01 005'), { events: [{ type: 'intrusion', state: 'cleared', channel: 'contact-id:130:01:005' }] })
  t.match(cid('1110 00 001'), { events: [{ type: 'smoke' }] })
  t.match(cid('1120 00 001'), { events: [{ type: 'panic-button', text: '紧急 panic (120) · 00/001' }] })
  t.strictSame(cid('1602 00 001'), { ok: true, events: [] }, 'a test says that the panel lives')
  t.strictSame(cid('1401 01 007'), { ok: true, events: [] }, 'who disarmed is not stored')
  t.match(cid('1999 00 001'), { events: [{ type: 'other', text: /^999/ }] }, 'what nobody knows is not nothing')
  t.match(cid('2130 01 005'), { ok: false })
  t.match(cid('1130'), { ok: false })
  t.match(sia('Nri1/BA501'), { events: [{ type: 'intrusion', channel: 'sia-dcs:BA:1:501' }] })
  t.match(sia('Nri1BR503^Hall ^'), { events: [{ type: 'intrusion', state: 'cleared', channel: 'sia-dcs:BA:1:503' }] })
  t.match(sia('Nti12:30/ri2/FA12^厨房^'), { events: [{ type: 'smoke', data: { area: '2', zone: '12' } }] })
  t.match(sia('Nri1/BA1/TA2/BH1'), {
    events: [{ state: 'active' }, { type: 'tamper' }, { state: 'cleared', channel: 'sia-dcs:BA:1:1' }],
  })
  t.strictSame(sia('Nri1/CL501'), { ok: true, events: [] })
  for (const code of ['CJ501', 'JP7', 'DE3', 'OK7']) {
    t.strictSame(sia(`Nri1/${code}`), { ok: true, events: [] }, `${code} tells of a person`)
  }
  t.match(sia(`N${'/BA1'.repeat(32)}`), { ok: true })
  t.match(sia(`N${'/BA1'.repeat(33)}`), { ok: false, why: /more than 32/ })
  t.match(sia('Nri1'), { ok: false })
  t.match(sia('BA1'), { ok: false })
  t.equal(readEvents('XXX', '', tables), undefined)
  t.match(cid('6130 01 005'), { events: [{ state: 'active', renews: false }] }, 'a report that it still lasts')
  t.match(cid('1130 01 005'), { events: [{ renews: true }] })
  t.match(cid('1423 01 005'), { events: [{ type: 'intrusion' }] })
  t.match(cid('1341 00 003'), { events: [{ type: 'tamper' }] })
  const cleared = (data: string): (string | undefined)[] => {
    const read = sia(data)
    return read?.ok ? read.events.map(({ channel, state }) => `${channel} ${state}`) : []
  }
  for (const code of ['BA', 'BT']) t.ok(cleared('Nri1/BR5').includes(`sia-dcs:${code}:1:5 cleared`), `BR ends ${code}`)
  t.strictSame(cleared('Nri1/BJ5'), ['sia-dcs:BT:1:5 cleared'])
  t.strictSame(cleared('Nri0/XQ1'), ['sia-dcs:XQ:0:1 active'])
  t.strictSame(cleared('Nri0/XH1'), ['sia-dcs:XQ:0:1 cleared'], 'DC-03: the restoral of interference, not an alarm')
  t.strictSame(cleared('Nri0/YK'), ['sia-dcs:YC:0: cleared', 'sia-dcs:YS:0: cleared'])
  const known = [tables.contactId, tables.siaDcs].map(({ alarms }) => Object.keys(alarms).length)
  t.ok(
    known.every((count) => count >= 30),
    `${known.join(' and ')} codes`,
  )
})

t.test(
  'an acknowledgement is padded as the standard says: one to sixteen bytes, a whole block where the text fits',
  async (t) => {
    const key = Buffer.alloc(16, 3)
    const at = new Date('2026-03-02T06:03:27.000Z')
    const parsed = parseFrame(
      withoutEnd(encodePanelMessage({ id: 'SIA-DCS', account: '1234', data: 'Nri1/BA5', at, key })),
    )
    if (!parsed.ok) throw new Error(parsed.why)
    const answered = acknowledgement(parsed.frame, key, at, (count) => Buffer.alloc(count, 1))
    const [, hex = ''] = /\[([0-9A-F]+)\r$/.exec(answered.toString('latin1')) ?? []
    const decipher = createDecipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false)
    const plain = Buffer.concat([decipher.update(hex, 'hex'), decipher.final()]).toString('latin1')
    t.match(plain, /^[^|[\]]{1,16}\|\]_06:03:27,03-02-2026$/)
  },
)
