import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { Case } from '../../gateway/contracts/case.ts'
import type { CaseClips } from '../../gateway/contracts/clip.ts'
import { readServerSentEvents } from '../fakes/server-sent-events.ts'
import { townshipGateway } from '../fakes/township-gateway.ts'
import { lacksFfmpeg } from '../virtual-township/running.ts'

/** From the end of a clip until it can be played. */
const MAX_KEPT_MS = 5000
const SPAN = { before: 3000, after: 4000 }

t.test(
  'what a camera showed around an alarm is kept, opened through the gate, and gone with the link',
  {
    skip: lacksFfmpeg,
    timeout: 90_000,
  },
  async (t) => {
    const { township, gateway, call, register, link } = await townshipGateway(
      t,
      '127.0.62.0',
      ['cam-dongjie', 'cam-liangzhan'],
      {},
      { clipSpanMs: SPAN },
    )
    const [withScope, without] = [await register('cam-dongjie'), await register('cam-liangzhan')]
    const linkId = await link(withScope, ['live', 'alarm-clip'])
    await link(without, ['live'])
    const headers = { authorization: `Bearer ${await gateway.token('operator')}` }
    const live = await readServerSentEvents(`${gateway.url}/api/v1/events`, headers)
    const nextCase = async (isMeant: (one: Case) => boolean): Promise<Case> => {
      for (;;) {
        const { event, data } = await live.next()
        // The contract of the event; read as the console reads it elsewhere.
        if (event === 'case' && isMeant(data as unknown as Case)) return data as unknown as Case
      }
    }
    const metric = async (figure: string): Promise<number> => {
      const { body } = await gateway.app.inject({ url: '/metrics' })
      return Number(new RegExp(`gridlight_clips\\{figure="${figure}"\\} (\\d+)`).exec(body)?.[1] ?? 0)
    }
    const { signal } = new AbortController()
    while ((await metric('heldBytes')) === 0) await systemClock.sleep(100, signal)
    t.equal(await metric('cameras'), 1, 'held for the camera with the scope alone')
    while (township.camera('cam-dongjie').subscriptions + township.camera('cam-liangzhan').subscriptions < 2) {
      await systemClock.sleep(50, signal)
    }
    // The seconds before the alarm have to pass; nothing announces them.
    await systemClock.sleep(SPAN.before + 1000, signal)
    township.camera('cam-dongjie').setMotion('dongjiekou', true)
    const opened = await nextCase(({ cameraId, version }) => cameraId === withScope && version === 1)
    township.camera('cam-liangzhan').setMotion('liangzhan', true)
    const other = await nextCase(({ cameraId }) => cameraId === without)
    const endedMs = Date.parse(opened.openedAt) + SPAN.after
    const kept = await nextCase(({ id, timeline }) => id === opened.id && timeline.at(-1)?.action === 'clip-kept')
    const keptMs = Date.now() - endedMs
    t.ok(keptMs <= MAX_KEPT_MS, `${keptMs} ms from the end of the clip to the event that tells it`)
    t.equal(kept.id, opened.id)

    const { items } = await call<CaseClips>('GET', `/cases/${opened.id}/clips`)
    const [clip] = items
    if (clip === undefined) throw new Error('no clip')
    t.match(clip, { state: 'ready', cameraId: withScope, mimeType: /avc1/, sha256: /^[0-9a-f]{64}$/ })
    const alarmMs = Date.parse(clip.alarmAt)
    t.ok(Date.parse(clip.startsAt ?? '') <= alarmMs - SPAN.before, 'begins in time')
    t.ok(Date.parse(clip.endsAt ?? '') >= alarmMs + SPAN.after - 300, 'ends in time')
    t.equal(Date.parse(clip.keepUntil ?? '') - Date.parse(clip.endsAt ?? ''), 30 * 86_400_000, 'Article 7')
    t.same(await call('GET', `/cases/${other.id}/clips`), { items: [], absence: 'no-scope' })
    const directory = join(gateway.dataDir, 'clips')
    t.same(readdirSync(directory), [`${clip.id}.mp4`], 'nothing is kept of the camera without the scope')
    t.equal(statSync(join(directory, `${clip.id}.mp4`)).mode & 0o777, 0o600)
    t.equal(statSync(directory).mode & 0o777, 0o700)

    const get = (url: string, role: Record<string, string>) =>
      gateway.app.inject({ url: `/api/v1${url}`, headers: role })
    const ofRole = async (role: 'installer' | 'auditor') => ({ authorization: `Bearer ${await gateway.token(role)}` })
    t.match(await get(`/clips/${clip.id}`, headers), { statusCode: 403, body: /reason-required/ })
    t.match(
      await get(`/clips/${clip.id}?reason=case&download=true`, headers),
      { statusCode: 403 },
      'words for a download',
    )
    for (const role of ['installer', 'auditor'] as const) {
      t.match(await get(`/clips/${clip.id}?reason=case`, await ofRole(role)), { statusCode: 403 }, role)
    }
    t.match(await get(`/clips/${clip.id}?reason=case`, {}), { statusCode: 401 })
    const whole = await get(`/clips/${clip.id}?reason=case`, headers)
    t.match(whole, { statusCode: 200, headers: { 'content-type': 'video/mp4', 'accept-ranges': 'bytes' } })
    t.equal(createHash('sha256').update(whole.rawPayload).digest('hex'), clip.sha256)
    const part = await get(`/clips/${clip.id}?reason=case`, { ...headers, range: 'bytes=100-199' })
    t.match(part, { statusCode: 206, headers: { 'content-range': `bytes 100-199/${clip.sizeBytes}` } })
    t.same(part.rawPayload, whole.rawPayload.subarray(100, 200))
    t.match((await get(`/clips/${clip.id}?reason=case`, { ...headers, range: 'bytes=-5' })).rawPayload.length, 5)
    t.match(await get(`/clips/${clip.id}?reason=case`, { ...headers, range: 'bytes=999999999-' }), { statusCode: 400 })

    const file = join(t.testdir({}), 'clip.mp4')
    writeFileSync(file, whole.rawPayload)
    const probe = JSON.parse(
      execFileSync('ffprobe', [
        ...[
          '-v',
          'error',
          '-show_entries',
          'stream=codec_name:format=duration,start_time',
          '-count_frames',
          '-of',
          'json',
          file,
        ],
      ]).toString(),
    )
    const seconds = Number(probe.format.duration)
    t.match(probe, { streams: [{ codec_name: 'h264' }] })
    t.ok(seconds > (SPAN.before + SPAN.after) / 1000 - 0.5 && seconds < 12, `${seconds} s`)
    t.ok(Math.abs(Number(probe.format.start_time)) < 0.3, `begins at ${probe.format.start_time} s`)
    const decoded = execFileSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.equal(decoded.toString(), '', 'decodes without an error')

    const download = await get(`/clips/${clip.id}?reason=${encodeURIComponent('移交派出所')}&download=true`, headers)
    t.match(download, { statusCode: 200, headers: { 'content-disposition': /attachment/ } })
    const { items: trail } = (await get('/audit?limit=50', await ofRole('auditor'))).json<{
      items: { action: string; detail: unknown; objectName?: string }[]
    }>()
    t.match(
      trail.find(({ action }) => action === 'clip-exported'),
      { detail: { sha256: clip.sha256, reason: { kind: 'request', text: '移交派出所' } } },
    )
    // The township's clock is eight hours ahead of UTC, all year round.
    const there = new Date(alarmMs + 8 * 3_600_000).toISOString()
    t.match(
      trail.find(({ action }) => action === 'clip-kept'),
      { detail: { sha256: clip.sha256 }, objectName: `cam-dongjie ${there.slice(0, 10)} ${there.slice(11, 19)}` },
    )
    t.equal(trail.filter(({ action }) => action === 'recording-opened').length, 1, 'one opening, however many requests')

    writeFileSync(join(directory, `${clip.id}.mp4`), 'x')
    t.match(await get(`/clips/${clip.id}?reason=${encodeURIComponent('移交派出所')}&download=true`, headers), {
      statusCode: 409,
      body: /clip-damaged/,
    })
    await call('POST', `/links/${linkId}/revoke`, { reason: 'test' })
    t.match(await get(`/clips/${clip.id}?reason=case`, headers), {
      statusCode: 403,
      body: /"code":"(link-revoked|no-valid-link)"/,
    })
    const later = await call<{ id: string }>('POST', '/links', {
      ...{ cameraId: withScope, ownership: 'public', scopes: ['live', 'alarm-clip'], purpose: '治安' },
      party: { kind: 'government', name: '镇政府', contact: '0579-0' },
      basis: '公共安全视频图像信息系统管理条例',
      validFrom: new Date().toISOString(),
    })
    t.match(await get(`/clips/${clip.id}?reason=case`, headers), {
      statusCode: 403,
      body: /"code":"recorded-outside-consent"/,
    })
    await call('POST', `/links/${later.id}/revoke`, { reason: 'test' })
    while ((await metric('cameras')) > 0) await systemClock.sleep(50, signal)
    t.pass('nothing of it is held any more')
    live.close()
  },
)
