import { seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { focusIsBackOn, leaveByEscape, pick, pressOn, typeInto } from './keyboard.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.92.0'))

test('health names every camera, worst first, with figures once somebody watched', async (t, {
  gateway,
  person,
  visit,
}) => {
  const { page, faults } = await person('operator')
  await page.locator('[data-tile="1"][data-state="live"]').waitFor({ timeout: 20_000 })
  await visit(page, '/health')
  const rows = page.locator('.health-row')
  await rows.first().waitFor()
  t.equal(await rows.count(), gateway.publicCameras.length)
  await page.locator('.figures', { hasText: '首帧 p50 / p95' }).first().waitFor({ timeout: 15_000 })
  await page.getByLabel('搜索摄像头或网格').fill(gateway.publicCameras[1] ?? '')
  await page.locator('.health-row:only-child').waitFor()
  t.same(faults, [])
})

test('a camera is turned while a button is held, by mouse and by key, and stops when it is let go', async (t, {
  person,
}) => {
  const { page, faults } = await person('operator')
  await page.locator('.tree-camera', { hasText: '镇政府广场' }).click()
  const tile = page.locator('.tile-live', { hasText: '镇政府广场' })
  await tile.first().waitFor({ timeout: 20_000 })
  await tile.first().dblclick({ position: { x: 100, y: 100 } })
  await page.locator('.tiles-1 .tile-live').waitFor({ timeout: 20_000 })
  await page.getByRole('button', { name: '云台' }).click()
  const asked = (action: string) =>
    page.waitForResponse(
      (response) =>
        response.url().endsWith('/ptz') &&
        response.status() === 200 &&
        (response.request().postData() ?? '').includes(`"action":"${action}"`),
    )
  const right = page.getByRole('button', { name: '向右' })
  await right.hover()
  const [moving] = await Promise.all([asked('move'), page.mouse.down()])
  t.match(await moving.json(), { moving: true })
  await Promise.all([asked('stop'), page.mouse.up()])
  await right.focus()
  await Promise.all([asked('move'), page.keyboard.down('Enter')])
  await Promise.all([asked('stop'), page.keyboard.up('Enter')])
  t.same(await seriousFaults(page), [])

  await page.keyboard.press('Escape')
  await page.locator('.tree-camera', { hasText: '东街口' }).click()
  const other = page.locator('.tile-live', { hasText: '东街口' })
  await other.first().waitFor({ timeout: 20_000 })
  await other.first().dblclick({ position: { x: 100, y: 100 } })
  await page.locator('.tiles-1 .tile-live', { hasText: '东街口' }).waitFor({ timeout: 20_000 })
  t.equal(await page.getByRole('button', { name: '云台' }).count(), 0, 'its link does not cover that')
  t.same(faults, [])
})

test('an installer changes a registered camera, by keys alone; another login is tried before it is taken', async (t, {
  gateway,
  person,
  visit,
}) => {
  const { page, faults } = await person('installer')
  const { username, password } = gateway.rtspStream
  const camera = async () => {
    const answer = await page.request.get(`${gateway.baseUrl}/api/v1/cameras/${gateway.cameraIds.qiaotou}`)
    return answer.json()
  }
  const { name } = await camera()
  await visit(page, '/health')
  const manage = page.getByRole('button', { name: `管理摄像头“${name}”` })
  const dialog = page.getByRole('dialog')
  t.same(await leaveByEscape(manage, dialog), [])
  await pressOn(manage)
  await typeInto(dialog.getByLabel('国标编码'), '99012310001320000007')
  await pressOn(dialog.getByRole('button', { name: '保存' }))
  await dialog.getByText('已保存').waitFor()
  await pressOn(dialog.getByText('设备、登录与手动指定'))
  await typeInto(dialog.getByLabel('设备用户名'), username)
  await typeInto(dialog.getByLabel('设备密码'), 'wrong')
  await pressOn(dialog.getByText('识别有误？手动指定'))
  await pick(dialog.getByLabel('取流方式'), 'TCP')
  await pressOn(dialog.getByRole('button', { name: '试看并替换' }))
  await dialog.locator('.problem').waitFor({ timeout: 20_000 })
  t.equal((await camera()).device.overrides, undefined, 'all stays as it was')
  await typeInto(dialog.getByLabel('设备密码'), password)
  await pressOn(dialog.getByRole('button', { name: '试看并替换' }))
  await dialog.getByText('已试出画面并替换').waitFor({ timeout: 20_000 })
  t.match(await camera(), { gbId: '99012310001320000007', device: { overrides: { transport: 'tcp' } } })
  await pressOn(dialog.getByRole('button', { name: '把设备时钟校准到网关时间' }))
  await dialog.getByText(/已校时/).waitFor({ timeout: 20_000 })
  await pressOn(dialog.getByText('移除摄像头', { exact: true }))
  await dialog.getByText('接入登记、查看记录和审计日志保留').waitFor()
  t.same(await seriousFaults(page), [])
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  t.same(await focusIsBackOn(manage), [])
  t.same(faults, [])
})
