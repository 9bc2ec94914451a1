import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { lawfulAccess, newLink } from '../fakes/lawful-access.ts'

const skip = gstMissing() || toolMissing('ffmpeg')

t.test('who cannot play it gets H.264, as long as there is room', { skip }, async (t) => {
  const server = await startGst({ '/jpeg': PIPELINES.jpeg, '/h265': PIPELINES.h265 })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock, maxTranscodes: 1 })
  t.teardown(() => pool.close())
  const f = await lawfulAccess(t, pool)
  const operator = await f.bearer(['operator'])
  const administrator = await f.bearer(['administrator'])
  const camera = async (mount: string): Promise<string> => {
    const id = await f.addCamera('public', {
      source: async () => ({ uri: `rtsp://127.0.0.1:${server.port}/${mount}` }),
    })
    const payload = newLink(id, 'public')
    const made = await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: administrator, payload })
    t.equal(made.statusCode, 201)
    return id
  }
  const watch = async (cameraId: string, more: object) => {
    const payload = { cameraId, reason: { kind: 'routine' }, ...more }
    return f.app.inject({
      method: 'POST',
      url: '/api/v1/views',
      headers: { ...operator, 'accept-language': 'zh' },
      payload,
    })
  }
  const [jpeg, h265] = [await camera('jpeg'), await camera('h265')]
  const transcoded = await watch(jpeg, {})
  t.match(
    { status: transcoded.statusCode, ...transcoded.json() },
    { status: 201, mimeType: /^video\/mp4; codecs="avc1\./ },
  )
  const list = await f.app.inject({ method: 'GET', url: transcoded.json().hlsUrl, headers: operator })
  t.match(list.body, /CODECS="avc1\./)
  const through = await watch(h265, { codecs: ['h264', 'h265'] })
  t.match(through.json().mimeType, /hvc1\./)
  const refused = await watch(h265, { codecs: ['h264'] })
  t.match(
    { status: refused.statusCode, ...refused.json() },
    { status: 503, code: 'transcode-limit', title: '正在转码的画面已达上限', nextStep: /H\.264/ },
  )
  await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${transcoded.json().id}`, headers: operator })
  const now = await watch(h265, { codecs: ['h264'] })
  t.match({ status: now.statusCode, ...now.json() }, { status: 201, mimeType: /avc1\./ })
  t.equal((await watch(h265, { codecs: ['vp9'] })).statusCode, 400)
})
