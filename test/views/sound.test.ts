import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../gateway/clock.ts'
import type { LinkScope } from '../../gateway/contracts/link.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import { gstMissing, PIPELINES, startGst, toolMissing } from '../fakes/gst-server.ts'
import { lawfulAccess, newLink } from '../fakes/lawful-access.ts'
import { liveViewer } from '../fakes/live-viewer.ts'

const skip = gstMissing() || toolMissing('ffmpeg')
const REASON = { kind: 'request', text: '派出所来电调看' }

t.test('sound is heard where link and owner cover it, and nowhere else', { skip }, async (t) => {
  const server = await startGst({ '/live': PIPELINES.h264Aac })
  t.teardown(() => server.close())
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock })
  t.teardown(() => pool.close())
  const f = await lawfulAccess(t, pool)
  const base = await f.app.listen({ host: '127.0.0.1', port: 0 })
  const operator = await f.bearer(['operator'])
  const administrator = await f.bearer(['administrator'])
  const source = async () => ({ uri: `rtsp://127.0.0.1:${server.port}/live` })

  const ownerOf = new Map<string, { url: string; headers: Record<string, string> }>()

  async function camera(ownership: 'public' | 'private', scopes: LinkScope[], agreed?: LinkScope[]): Promise<string> {
    const cameraId = await f.addCamera(ownership, { source })
    const payload = newLink(cameraId, ownership, { scopes })
    const made = await f.app.inject({ method: 'POST', url: '/api/v1/links', headers: administrator, payload })
    t.equal(made.statusCode, 201, made.body)
    if (agreed === undefined) return cameraId
    const { id, ownerInvitation } = made.json()
    const { token } = ownerInvitation
    const opened = await f.app.inject({ method: 'POST', url: '/api/v1/owner/session', payload: { token } })
    const [cookie] = opened.cookies
    const headers = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': String(opened.json().csrfToken) }
    const validUntil = new Date(f.clock.now() + 30 * 24 * 60 * 60_000).toISOString()
    const consent = { scopes: agreed, validUntil }
    const url = `/api/v1/owner/links/${id}/consent`
    t.equal((await f.app.inject({ method: 'POST', url, headers, payload: consent })).statusCode, 200)
    ownerOf.set(cameraId, { url: `/api/v1/owner/links/${id}/views`, headers })
    return cameraId
  }
  const ledger = async (cameraId: string) => {
    const { url, headers } = ownerOf.get(cameraId) ?? { url: '', headers: {} }
    return (await f.app.inject({ method: 'GET', url, headers })).json().items
  }
  const watch = async (cameraId: string) => {
    const payload = { cameraId, reason: REASON }
    const opened = await f.app.inject({ method: 'POST', url: '/api/v1/views', headers: operator, payload })
    t.equal(opened.statusCode, 201, opened.body)
    return opened.json()
  }
  const get = (url: string) => fetch(new URL(url, base), { headers: operator })
  const heard = async (cameraId: string): Promise<number> => {
    const auditor = await f.bearer(['auditor'])
    const url = `/api/v1/audit?object=camera:${cameraId}`
    const { items } = (await f.app.inject({ method: 'GET', url, headers: auditor })).json()
    return items.filter(({ action }: { action: string }) => action === 'view-heard').length
  }

  const refused: [string, () => Promise<string>][] = [
    ['a public link without the scope', () => camera('public', ['live'])],
    ['a private link with it, an owner who did not agree', () => camera('private', ['live', 'audio'], ['live'])],
  ]
  for (const [name, made] of refused) {
    await t.test(`${name}: no sound`, async (t) => {
      const cameraId = await made()
      const view = await watch(cameraId)
      t.notHas(view, { soundMimeType: String })
      t.notMatch(await (await get(view.hlsUrl)).text(), /AUDIO|mp4a/)
      const asked = await get(view.hlsUrl.replace('index.m3u8', 'sound/x/sound.m3u8'))
      t.equal(asked.status, 403)
      t.match(await asked.json(), { code: 'scope-missing' })
      const viewer = await liveViewer(base, operator)
      viewer.open(view.id, true)
      t.match(await viewer.untilWords(() => true), { kind: 'refused', viewId: view.id, code: 'scope-missing' })
      viewer.socket.close()
      t.equal(await heard(cameraId), 0)
    })
  }

  await t.test('what cannot be written down is not heard', async (t) => {
    const cameraId = await camera('public', ['live', 'audio'])
    const view = await watch(cameraId)
    const viewer = await liveViewer(base, operator)
    f.breakAudit(true)
    viewer.open(view.id, true)
    const refusal = await viewer.untilWords(({ kind }) => kind === 'refused')
    f.breakAudit(false)
    t.match(refusal, { viewId: view.id, code: 'stream-not-ready' })
    t.notOk(viewer.media.some(({ type }) => type.startsWith('sound')))
    viewer.socket.close()
    t.equal(await heard(cameraId), 0)
  })

  await t.test('an owner who agreed: listed, read and written down once', async (t) => {
    const cameraId = await camera('private', ['live', 'audio'], ['live', 'audio'])
    const view = await watch(cameraId)
    t.equal(view.soundMimeType, 'audio/mp4; codecs="mp4a.40.2"')
    const top = await (await get(view.hlsUrl)).text()
    t.equal(await heard(cameraId), 0, 'a muted picture is no listening')
    t.notHas((await ledger(cameraId))[0], { heardAt: String })
    const uri = /TYPE=AUDIO.*URI="([^"]+)"/.exec(top)?.[1] ?? ''
    const playlist = await get(view.hlsUrl.replace('index.m3u8', uri))
    t.equal(playlist.status, 200)
    t.match(await playlist.text(), '#EXT-X-PART:')
    t.equal(await heard(cameraId), 1)
    t.match(await ledger(cameraId), [{ id: view.id, heardAt: String }], 'and its owner sees it')
    const viewer = await liveViewer(base, operator)
    viewer.open(view.id, true)
    await viewer.untilMedia(({ type }) => type === 'sound-chunk')
    const until = (viewer.media.find(({ type }) => type === 'sound-chunk')?.startTicks ?? 0) + 90_000
    await viewer.untilMedia(({ type, startTicks }) => type === 'sound-chunk' && startTicks >= until)
    const sound = viewer.media.filter(({ type }) => type.startsWith('sound'))
    t.equal(sound[0]?.type, 'sound-init')
    t.ok(samplesOf(sound.map(({ bytes }) => bytes)) >= 16_000, 'a second of sound')
    t.ok(
      viewer.media.some(({ type }) => type === 'chunk'),
      'and pictures',
    )
    t.equal(await heard(cameraId), 1, 'once a view')

    const sounds = (): number => viewer.media.filter(({ type }) => type === 'sound-chunk').length
    viewer.open(view.id, false)
    await viewer.roundTrip()
    const [muted, pictures] = [sounds(), viewer.media.length]
    const mutedAt = viewer.media.at(-1)?.startTicks ?? 0
    await viewer.untilMedia(({ type, startTicks }) => type === 'chunk' && startTicks > mutedAt + 90_000)
    t.equal(sounds(), muted, 'muted: no sound for a second')
    const again = viewer.media.slice(pictures)
    t.notOk(
      again.some(({ type }) => type === 'init'),
      'the picture goes on as it was',
    )
    viewer.open(view.id, true)
    await viewer.untilMedia((media) => media.type === 'sound-chunk' && viewer.media.indexOf(media) >= pictures)
    t.equal(viewer.words.filter(({ kind }) => kind === 'opened').length, 1, 'on the same view')
    await f.app.inject({ method: 'DELETE', url: `/api/v1/views/${view.id}`, headers: operator })
    t.equal((await get(view.hlsUrl.replace('index.m3u8', uri))).status, 410)
    viewer.socket.close()
  })
})

/** Samples that ffmpeg decodes without a complaint. */
function samplesOf(chunks: readonly Buffer[]): number {
  const directory = mkdtempSync(join(tmpdir(), 'gridlight-sound-'))
  const file = join(directory, 'received.mp4')
  writeFileSync(file, Buffer.concat(chunks))
  const run = ['-v', 'error', '-xerror', '-i', file, '-f', 's16le', '-']
  const samples = execFileSync('ffmpeg', run).length / 2
  rmSync(directory, { recursive: true })
  return samples
}
