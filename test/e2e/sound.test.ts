import { spawnSync } from 'node:child_process'
import type { Page } from 'playwright-core'
import { WALL } from './browser.ts'
import { cameraTile, startGateway } from './gateway.ts'
import { arrangeWall, becomes, tileIs } from './journeys.ts'
import { browserTests } from './scene.ts'

const PLACE = '茶厂门口'

const test = browserTests(() => startGateway('127.0.82.0'))

/** Ears of a page: what is heard in it, and what of sound was sent to it. */
async function giveEars(page: Page): Promise<{ fetched(): number }> {
  let fetched = 0
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload !== 'string' && (payload[0] === 3 || payload[0] === 4)) fetched += 1
    }),
  )
  page.on('request', (request) => {
    if (/^\/live\/[^/]+\/sound\//.test(new URL(request.url()).pathname)) fetched += 1
  })
  await page.addInitScript(`{
    const Plain = Audio
    window.heard = []
    window.Audio = function () {
      const audio = new Plain()
      heard.push(audio)
      return audio
    }
    // How loud it is, 0 to 1, at its loudest while this looks.
    window.loudness = async () => {
      const context = new AudioContext()
      const analyser = context.createAnalyser()
      context.createMediaElementSource(heard.at(-1)).connect(analyser).connect(context.destination)
      const samples = new Float32Array(analyser.fftSize)
      let most = 0
      for (const until = performance.now() + 10_000; most < 0.05 && performance.now() < until; ) {
        analyser.getFloatTimeDomainData(samples)
        most = samples.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), most)
        await new Promise(requestAnimationFrame)
      }
      return most
    }
  }`)
  return { fetched: () => fetched }
}

/** Programs that make AAC; the gateway runs in this process. */
const soundMakers = (): number =>
  spawnSync('ps', ['--ppid', String(process.pid), '-o', 'comm='], { encoding: 'utf8' }).stdout.match(/ffmpeg/g)
    ?.length ?? 0

const decodedBytes = 'heard.at(-1).webkitAudioDecodedByteCount'
/** Stopped, and without a source. */
const SILENT = 'heard.at(-1).paused && heard.at(-1).readyState === 0'

const soundIs = (page: Page, state: string): Promise<void> =>
  page.locator(`.tile-sound[data-sound=${state}]`).waitFor({ timeout: 15_000 })

for (const way of ['over the live socket', 'over HLS']) {
  test(`the sound of an enlarged picture, ${way}`, async (t, { gateway, somebody }) => {
    const { page, faults, signIn } = await somebody(WALL)
    const ears = await giveEars(page)
    if (way === 'over HLS') await page.routeWebSocket('**/live/socket', (socket) => socket.close())
    await arrangeWall(page, 4, [cameraTile(gateway, 'chachangmenkou')])
    await signIn('operator')
    await tileIs(page, 1, 'live')
    t.equal(await page.locator('.tile-sound').count(), 0, 'one among others cannot be heard')
    await page.keyboard.press('Digit1')
    await page.keyboard.press('Enter')
    await soundIs(page, 'muted')
    await becomes(page, `document.querySelector('[data-tile] video')?.videoWidth === 1280`)
    t.same([ears.fetched(), soundMakers(), await page.evaluate('heard.length')], [0, 0, 0], 'nothing while it is muted')

    await page.getByRole('button', { name: '收听声音' }).click()
    await soundIs(page, 'heard')
    t.equal(soundMakers(), 1, 'made while somebody listens')
    const before = await page.evaluate<number>(decodedBytes)
    await becomes(page, `${decodedBytes} > ${before} + 4000`)
    const loudness = await page.evaluate<number>('loudness()')
    t.ok(loudness > 0.05, `the chime is as loud as ${loudness.toFixed(2)}`)

    await page.keyboard.press('KeyV')
    await soundIs(page, 'muted')
    const atMute = ears.fetched()
    await page.waitForTimeout(1_500) // the time over which nothing comes
    t.ok(ears.fetched() - atMute <= 1, 'muted again: no more of it than was on its way')
    t.ok(await page.evaluate(SILENT))

    if (way === 'over the live socket') {
      await page.keyboard.press('KeyV')
      await soundIs(page, 'heard')
      await page.keyboard.press('Escape')
      await page.locator('.tiles-4').waitFor()
      await becomes(page, SILENT)
      t.pass('silent when the picture is one among others')
      await page.keyboard.press('Enter')
      await soundIs(page, 'muted')
      await page.keyboard.press('KeyV')
      await soundIs(page, 'heard')
      await gateway.revoke(PLACE)
      await tileIs(page, 1, 'ended')
      t.ok(await page.evaluate(SILENT), 'revoked: silent')
      await gateway.link(PLACE, ['live'])
      await tileIs(page, 1, 'live')
      const atEnd = ears.fetched()
      await page.keyboard.press('KeyV')
      t.equal(await page.locator('.tile-sound').count(), 0, 'and cannot be heard without the scope')
      t.equal(ears.fetched(), atEnd)
      await gateway.revoke(PLACE)
      await gateway.link(PLACE, ['live', 'audio'])
    }
    t.same(faults, [])
  })
}
