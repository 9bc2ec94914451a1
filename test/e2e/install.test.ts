import { FINGER_TARGET_PX, launch, onElement, openPage, PHONE, pageFaults, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'
import { choose, pressOn, typeInto } from './keyboard.ts'
import { browserTests, type Scene, type Visitor } from './scene.ts'

/** console.md §3: camera registration. */
const MAX_TAPS = 12
const MAX_SCREENS = 4
/** 粮站: inside its cell. */
const PLACE = { longitude: 119.615, latitude: 29.104 }
/** The smallest JPEG a browser decodes is drawn by the browser itself. */
const PICTURE = `(() => {
  const canvas = document.createElement('canvas')
  canvas.width = 3000
  canvas.height = 2000
  canvas.getContext('2d').fillRect(0, 0, 1500, 1000)
  return canvas.toDataURL('image/png').split(',')[1]
})()`

const test = browserTests(() => startGateway('127.0.74.0', { GRIDLIGHT_MAX_TRANSCODES: '0' }))

const installerOf = ({ person }: Scene): Promise<Visitor> =>
  person('installer', { ...PHONE, permissions: ['geolocation'], geolocation: PLACE })

test('a camera in four screens and twelve taps, through a dead zone, to its first picture', async (t, scene) => {
  const { gateway } = scene
  const { page, faults } = await installerOf(scene)
  const { device, address } = gateway.unregistered
  let taps = 0
  const tap = async (name: string | RegExp, role: 'button' | 'radio' = 'button'): Promise<void> => {
    taps += 1
    const place =
      role === 'button' ? page.getByRole('button', { name, exact: true }) : page.getByText(name, { exact: true })
    await place.first().tap({ timeout: 60_000 })
  }
  const startedAt = performance.now()
  // Screen 1: the search has begun by itself, and outlasts a dead zone.
  await page.locator('progress').waitFor()
  await page.context().setOffline(true)
  await page.locator('.problem', { hasText: '无法连接网关' }).waitFor()
  await page.context().setOffline(false)
  await tap('按当前位置选网格')
  await page.locator('select', { has: page.locator('option:checked', { hasText: '粮站' }) }).waitFor()
  taps += 1
  await page.locator('.found button', { hasText: address }).tap({ timeout: 60_000 })

  // Screen 2: the password field has the focus.
  await page.getByLabel('设备用户名').fill(device.username)
  await page.getByLabel('设备密码').fill(device.password)
  const { refusedLogins } = gateway.township.camera(device.id)
  await page.getByLabel('设备密码').fill('not its password')
  await page.getByRole('button', { name: '测试' }).tap()
  await page.locator('.check-failed', { hasText: '登录' }).waitFor({ timeout: 60_000 })
  t.equal(gateway.township.camera(device.id).refusedLogins - refusedLogins, 1, 'a wrong password is tried once')
  await page.getByLabel('设备密码').fill(device.password)
  await page.context().setOffline(true)
  await page.getByRole('button', { name: '测试' }).tap()
  await page.locator('.problem', { hasText: '无法连接网关' }).waitFor()
  await page.context().setOffline(false)
  t.equal(await page.getByLabel('设备密码').inputValue(), device.password, 'what was typed is kept')
  await page.reload()
  await page.locator('[aria-current=step]', { hasText: '2' }).waitFor()
  t.equal(await page.getByLabel('设备用户名').inputValue(), device.username, 'a reload goes on at the same screen')
  t.equal(await page.getByLabel('设备密码').inputValue(), '', 'but the password is not on the phone')
  await page.getByLabel('设备密码').fill(device.password)
  await tap('测试')
  await tap(/^登记这台摄像头/)

  // Screen 3
  await page.locator('input:focus').fill('粮站北门')
  await tap('不是', 'radio')
  await tap('条例第七条公共场所', 'radio')
  await tap('公共', 'radio')
  await tap('使用当前位置')
  await page.getByText('经度 119.61500').waitFor()
  await tap('登记')

  // Screen 4: basis and purpose are proposed, the party is typed once for a row of cameras.
  await page.getByLabel('权属单位或业主名称').fill('镇政府', { timeout: 60_000 })
  await page.getByLabel('联系人及电话').fill('办公室 0000-1234')
  taps += 2
  const beforeReload = await page.getByLabel('接入依据').inputValue()
  t.match(beforeReload, /条例/)
  await page.reload()
  await page.locator('[aria-current=step]', { hasText: '4' }).waitFor()
  t.pass('a reload after the registration does not register again')
  t.equal(await page.getByLabel('联系人及电话').inputValue(), '办公室 0000-1234', 'and keeps what was typed')
  await tap('接入')
  const seconds = (performance.now() - startedAt) / 1000
  await page.locator('.one-picture[data-state=live]').waitFor({ timeout: 20_000 })
  await page.getByText(/关键帧间隔 \d/).waitFor({ timeout: 15_000 })
  t.match(await textOf(page.locator('.one-picture')), /编码 H\.26[45]/)
  t.match(await textOf(page.locator('.one-picture')), /时钟/)
  t.comment(`${taps} taps on ${MAX_SCREENS} screens, ${seconds.toFixed(0)} s with the dead zone and two reloads`)
  t.ok(taps <= MAX_TAPS, `${taps} taps`)

  const picture = Buffer.from(await page.evaluate<string>(PICTURE), 'base64')
  await page.locator('.photo input').first().setInputFiles({ name: 'sign.png', mimeType: 'image/png', buffer: picture })
  await page.getByText('照片已保存到台账').waitFor()
  t.same(await seriousFaults(page), [])
  await page.emulateMedia({ media: 'print' })
  t.match(await textOf(page.locator('.sheet')), /粮站北门/)
  t.ok(await page.locator('.sheet').isVisible())
  t.notOk(await page.locator('header').isVisible(), 'nothing but the sheet on paper')
  await page.emulateMedia({ media: 'screen' })
  t.same(faults, [])
})

test('a device without ONVIF is registered by its streams, by keys alone; H.265 that nothing can play says so', async (t, scene) => {
  const { gateway } = scene
  const { page, faults } = await installerOf(scene)
  const { uri, username, password } = gateway.h265Stream
  // What is found would move the form away under the focus.
  await page.getByRole('button', { name: '开始搜索' }).waitFor()
  await pressOn(page.getByLabel('所属网格'), 'ArrowDown')
  await pressOn(page.getByText('没有 ONVIF'))
  await typeInto(page.getByLabel('主码流地址'), uri)
  const form = page.locator('details form')
  await typeInto(form.getByLabel('设备用户名'), username)
  await typeInto(form.getByLabel('设备密码'), password)
  await pressOn(form.getByRole('button', { name: '下一步' }))
  await typeInto(page.getByLabel('名称'), '无 ONVIF 的摄像头')
  await choose(page.getByLabel('是', { exact: true }))
  await page.getByText('禁止安装的场所').waitFor()
  t.ok(await page.getByRole('button', { name: '登记', exact: true }).isDisabled(), 'a forbidden room ends here')
  await choose(page.getByLabel('不是', { exact: true }))
  await choose(page.getByLabel('其他', { exact: true }))
  await choose(page.getByLabel('公共', { exact: true }))
  await pressOn(page.getByRole('button', { name: '在网格图上点选' }))
  await pressOn(page.locator('.cell-map'), 'ArrowRight')
  const before = await textOf(page.locator('p[role=status]').last())
  await page.keyboard.press('ArrowDown')
  t.not(await textOf(page.locator('p[role=status]').last()), before, 'the arrow keys move the pin')
  t.same(await seriousFaults(page), [])
  await pressOn(page.getByRole('button', { name: '登记', exact: true }))
  await page.locator('[aria-current=step]', { hasText: '4' }).waitFor({ timeout: 60_000 })
  await typeInto(page.getByLabel('权属单位或业主名称'), '镇政府')
  await typeInto(page.getByLabel('联系人及电话'), '办公室 0000-1234')
  await pressOn(page.getByRole('button', { name: '接入', exact: true }))
  const card = page.locator('.one-picture .tile-card')
  await card.getByText('正在转码的画面已达上限').waitFor({ timeout: 20_000 })
  t.match(await textOf(card), /H\.264/, 'and what to do')
  t.same(faults, [])
})

test('a table is checked without touching a device, then registered row by row', async (t, scene) => {
  const { gateway } = scene
  const { page, faults } = await installerOf(scene)
  const { uri, username, password } = gateway.rtspStream
  const table = [
    '名称,网格编码,场所类别,权属,接入方式,主码流,用户名,密码',
    `桥头（表格）,990123101001001,其他,公共,rtsp,${uri},${username},${password}`,
    `河堤,123,其他,公共,rtsp,rtsp://127.0.0.1:1/main,${username},${password}`,
  ]
  await page.getByText('从表格批量登记').tap()
  const panel = page.locator('details', { hasText: '从表格批量登记' })
  const [template] = await Promise.all([
    page.waitForEvent('download'),
    panel.getByRole('link', { name: '下载模板' }).tap(),
  ])
  t.match(template.suggestedFilename(), /^cameras-.*\.csv$/)
  await panel
    .locator('input[type=file]')
    .setInputFiles({ name: '点位.csv', mimeType: 'application/vnd.ms-excel', buffer: Buffer.from(table.join('\r\n')) })
  await panel.getByText('检查结果：新增 1，更新 0，不变 0，有问题 1').waitFor()
  t.match(await textOf(panel.locator('.check-failed')), /第 3 行 河堤.*123/)
  const named = async (): Promise<boolean> =>
    (await page.request.get(`${gateway.baseUrl}/api/v1/cameras`)).text().then((text) => text.includes('桥头（表格）'))
  t.notOk(await named(), 'nothing is written by the check')
  await panel.getByRole('button', { name: '登记 1 路' }).tap()
  await panel.getByText('完成：新增 1，更新 0').waitFor({ timeout: 30_000 })
  t.ok(await named())
  t.same(await seriousFaults(page), [])
  t.same(faults, [])
})

test('the invitation of an owner stays within the phone, and on its paper', async (t, scene) => {
  const { gateway } = scene
  const { page, faults } = await installerOf(scene)
  const { device } = gateway.unregistered
  const [channel] = gateway.township.camera(device.id).found.channels
  await page.getByLabel('所属网格').selectOption({ index: 1 })
  await page.getByText('没有 ONVIF').tap()
  await page.getByLabel('主码流地址').fill(channel?.subUri ?? '')
  const form = page.locator('details form')
  await form.getByLabel('设备用户名').fill(device.username)
  await form.getByLabel('设备密码').fill(device.password)
  await form.getByRole('button', { name: '下一步' }).tap()
  await page.getByLabel('名称').fill('樟树下小卖部')
  t.equal(
    await textOf(page.getByText('还须填写')),
    '还须填写：是否禁装场所、场所类别、资源归属',
    'why it cannot be sent',
  )
  for (const answer of ['不是', '其他', '社会']) await page.getByText(answer, { exact: true }).tap()
  await page.getByRole('button', { name: '登记', exact: true }).tap()
  await page.getByLabel('权属单位或业主名称').fill('樟树下小卖部', { timeout: 60_000 })
  t.equal(await textOf(page.getByText('还须填写')), '还须填写：联系人及电话', 'the last day is proposed')
  await page.getByLabel('联系人及电话').fill('陈女士 0000-1234')
  await page.getByRole('button', { name: '生成业主邀请' }).tap()
  await page.locator('.invitation .qr-code').waitFor()
  // A phone zooms out of a page that is too wide, and its `innerWidth` with it.
  const width = await page.evaluate<number>('document.documentElement.scrollWidth')
  t.equal(width, PHONE.viewport?.width, 'as wide as the phone')
  t.same(await pageFaults(page, FINGER_TARGET_PX), [])
  await page.getByRole('button', { name: '打印邀请' }).tap()
  const sheet = page.locator('.print-sheet')
  t.ok(
    await sheet.evaluate(onElement<boolean>('return element.scrollWidth <= element.clientWidth')),
    'its address is folded',
  )
  t.same(faults, [])
})

test('the label is read where the browser can, and chooses the device', async (t, scene) => {
  const { gateway } = scene
  const camera = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'])
  const { page, faults } = await openPage(camera, PHONE)
  // Chromium on Linux has no detector of its own; this one sees a label in every picture.
  await page.addInitScript(`window.BarcodeDetector = class {
    async detect(video) {
      return video.videoWidth > 0 ? [{ rawValue: 'SN:DS2CD http://192.0.2.64/doc' }] : []
    }
  }`)
  await signInAs(page, gateway.baseUrl, 'installer', gateway.password)
  await page.getByLabel('所属网格').selectOption({ index: 1 })
  await page.getByRole('button', { name: '扫描设备标签' }).tap()
  await page.getByText('192.0.2.64').waitFor()
  t.match(await textOf(page.locator('[aria-current=step]')), /2/)
  t.same(faults, [])
  await camera.close()

  const plain = await installerOf(scene)
  await plain.page.getByLabel('所属网格').waitFor()
  t.equal(await plain.page.getByRole('button', { name: '扫描设备标签' }).count(), 0, 'no button where it cannot')
})
