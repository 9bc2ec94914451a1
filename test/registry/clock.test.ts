import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { envelope, NS } from '../../gateway/onvif/soap.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { lacksOpenssl, tlsFront } from '../fakes/tls-front.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'
import { CELL, harness } from './harness.ts'

const describeStream: DescribeStream = async () => ({ ok: true, codec: 'h264', width: 1, height: 1, firstFrameMs: 1 })

t.test('a clock a day off: told, registered all the same, and set when asked', { skip: lacksFfmpeg }, async (t) => {
  const township = await open('127.0.54.0', ['cam-shuiku', 'cam-liangzhan'])
  t.teardown(() => township.close())
  const h = await harness(t, { describeStream })
  for (const [id, zh, seconds] of [
    ['cam-shuiku', /设备时钟慢 2[34] 小时/, -86_400],
    ['cam-liangzhan', /设备时钟快 (7 小时 59 分|8 小时)/, 28_800],
  ] as const) {
    const camera = township.camera(id)
    t.equal(camera.device.clockOffsetSeconds, seconds)
    const { username, password } = camera.device
    const device = { address: camera.found.onvif, username, password }
    const probed = await h.call('POST', '/probes', device, { language: 'zh-CN' })
    const clock = probed.body.checks.find(({ name }: { name: string }) => name === 'clock')
    t.match(clock, { ok: true, code: 'clock-skewed', detail: zh, nextStep: /由网关把设备时间校准/ }, probed.text)
    const made = await h.call('POST', '/cameras', {
      name: id,
      cellCode: CELL,
      placeClass: 'other',
      ownership: 'public',
      source: { kind: 'onvif', ...device },
    })
    t.equal(made.status, 201, made.text)

    t.equal((await h.call('POST', `/cameras/${made.body.id}/clock`, undefined, { role: 'operator' })).status, 403)
    const set = await h.call('POST', `/cameras/${made.body.id}/clock`)
    t.equal(set.status, 200, set.text)
    t.ok(Math.abs(set.body.beforeMs - seconds * 1000) < 3_000, set.text)
    t.ok(Math.abs(set.body.clockOffsetMs) < 3_000, set.text)
    t.ok(Math.abs(camera.clockOffsetMs()) < 3_000, 'it is the camera that has changed')
    const { beforeMs, clockOffsetMs: afterMs } = set.body
    const object = `camera:${made.body.id}`
    t.match(h.entries.at(-1), { action: 'device-clock-set', object, detail: { beforeMs, afterMs } })
    t.ok(Math.abs((await h.call('GET', `/cameras/${made.body.id}`)).body.device.clockOffsetMs) < 3_000)

    const before = h.entries.length
    t.equal((await h.call('POST', '/probes/clock', device)).status, 200, 'before it is registered, too')
    t.match(h.entries.slice(before), [{ action: 'device-clock-set', object: `device:${device.address}` }])
    const wrong = await h.call('POST', '/probes/clock', { ...device, password: 'wrong' })
    t.match([wrong.status, wrong.body.code], [422, 'camera-refused-login'])
  }
})

/** A camera that knows WS-UsernameToken and nothing else, and looks at every token it is sent. */
async function tokenCamera(t: Test, takes: 'digest' | 'text') {
  let offsetMs = -86_400_000
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const operation = /<s:Body><\w+:(\w+)/.exec(body)?.[1] ?? ''
      const now = new Date(Date.now() + offsetMs)
      const within = (name: string): string => new RegExp(`<\\w+:${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? ''
      const isText = body.includes('#PasswordText')
      const isRight = isText
        ? takes === 'text' && within('Password') === 'right'
        : takes === 'digest' && Math.abs(Date.parse(within('Created')) - now.getTime()) < 10_000
      const isIn = body.includes('UsernameToken') ? isRight : operation === 'GetSystemDateAndTime'
      const number = (name: string): number => Number(within(name))
      if (isIn && operation === 'SetSystemDateAndTime') {
        const [year, month, day] = [number('Year'), number('Month') - 1, number('Day')]
        offsetMs = Date.UTC(year, month, day, number('Hour'), number('Minute'), number('Second')) - Date.now()
      }
      const part = (name: string, value: number): string => `<t:${name}>${value}</t:${name}>`
      const time =
        part('Hour', now.getUTCHours()) + part('Minute', now.getUTCMinutes()) + part('Second', now.getUTCSeconds())
      const date =
        part('Year', now.getUTCFullYear()) + part('Month', now.getUTCMonth() + 1) + part('Day', now.getUTCDate())
      const told =
        `<d:SystemDateAndTime xmlns:t="${NS.schema}"><t:UTCDateTime><t:Time>${time}</t:Time>` +
        `<t:Date>${date}</t:Date></t:UTCDateTime></d:SystemDateAndTime>`
      const content = operation === 'GetSystemDateAndTime' ? told : ''
      response.writeHead(isIn ? 200 : 400)
      response.end(
        isIn
          ? envelope(`<d:${operation}Response xmlns:d="${NS.device}">${content}</d:${operation}Response>`)
          : envelope(
              '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode>' +
                '</s:Code><s:Reason><s:Text>Sender not authorized</s:Text></s:Reason></s:Fault>',
            ),
      )
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return { port: (server.address() as AddressInfo).port, offsetMs: () => offsetMs } // an address, since it listens
}

t.test(
  'a camera that knows WS-UsernameToken alone is set before it is registered',
  { skip: lacksOpenssl },
  async (t) => {
    const h = await harness(t, { describeStream })
    const set = (port: number, overrides?: object) =>
      h.call('POST', '/probes/clock', {
        ...{ address: `127.0.0.1:${port}`, username: 'admin', password: 'right' },
        ...(overrides === undefined ? {} : { overrides }),
      })

    const digests = await tokenCamera(t, 'digest')
    const answer = await set(digests.port)
    t.equal(answer.status, 200, answer.text)
    t.ok(Math.abs(digests.offsetMs()) < 3_000, 'the login after it is made for the new clock')
    t.ok(Math.abs(answer.body.beforeMs + 86_400_000) < 3_000, answer.text)

    const text = await tokenCamera(t, 'text')
    const front = await tlsFront(t, { host: '127.0.0.1', port: text.port })
    t.match(await set(front.port), { status: 422, body: { code: 'camera-refused-login' } }, 'nobody said so')
    t.match(await set(text.port, { readableLogin: true }), { status: 422 }, 'never in the clear')
    t.ok(text.offsetMs() < -86_000_000)
    const readable = await set(front.port, { readableLogin: true })
    t.equal(readable.status, 200, readable.text)
    t.ok(Math.abs(text.offsetMs()) < 3_000, 'over HTTPS, by the installer’s word')
  },
)
