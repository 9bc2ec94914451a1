import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import t from 'tap'
import { DESK, lacksBrowser, launch, openPage, seriousFaults } from './browser.ts'
import { type JourneyGateway, startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'
import { choose, focusIsBackOn, leaveByEscape, pick, pressOn, typeDay, typeInto } from './keyboard.ts'

const skip = lacksBrowser
const PASSWORD = 'a first password'

let gateway: JourneyGateway
let browser: Browser

t.before(async () => {
  if (skip) return
  ;[gateway, browser] = await Promise.all([startGateway('127.0.71.0'), launch()])
})
t.teardown(async () => {
  await browser?.close()
  await gateway?.close()
})

async function person(
  username: string,
  options: BrowserContextOptions = DESK,
  password = username === 'admin' ? gateway.adminPassword : gateway.password,
): Promise<{ page: Page; faults: string[] }> {
  const opened = await openPage(browser, options)
  await signInAs(opened.page, gateway.baseUrl, username, password)
  return opened
}

const visit = async (page: Page, path: string): Promise<void> => {
  await page.goto(`${gateway.baseUrl}${path}`)
  await page.locator('h1').waitFor({ state: 'attached' })
}

t.test(
  'an administrator lets a person in, signs them out everywhere and disables them, by keys alone',
  { skip },
  async (t) => {
    const admin = await person('admin')
    await visit(admin.page, '/users')
    await pressOn(admin.page.getByRole('button', { name: '新增用户' }))
    const dialog = admin.page.getByRole('dialog')
    await typeInto(dialog.getByLabel('用户名'), 'newcomer')
    await typeInto(dialog.getByLabel('姓名'), '新来的值班员')
    await typeInto(dialog.getByLabel('初始密码'), PASSWORD)
    await pressOn(dialog.getByRole('button', { name: '保存' }))
    await admin.page.getByRole('row', { name: /新来的值班员/ }).waitFor()

    const newcomer = await person('newcomer', DESK, PASSWORD)
    await newcomer.page.locator('.tiles').first().waitFor()
    await pressOn(admin.page.getByRole('button', { name: '管理“新来的值班员”' }))
    await pressOn(dialog.getByRole('button', { name: '全部下线' }))
    await dialog.getByText('所有登录已失效').waitFor()
    await newcomer.page.locator('input[name=password]').waitFor()
    t.pass('the newcomer stands at the sign-in page')

    await pressOn(dialog.getByRole('button', { name: '停用' }))
    await admin.page.getByRole('row', { name: /新来的值班员.*已停用/ }).waitFor()
    await typeInto(newcomer.page.locator('input[name=username]'), 'newcomer')
    await typeInto(newcomer.page.locator('input[name=password]'), PASSWORD)
    await newcomer.page.keyboard.press('Enter')
    await newcomer.page.locator('.problem').waitFor()

    await pressOn(admin.page.getByRole('button', { name: '新增令牌' }))
    await typeInto(dialog.getByLabel('用途'), '县平台对接')
    await pressOn(dialog.getByRole('button', { name: '新增令牌' }))
    const secret = await textOf(dialog.locator('output'))
    const headers = { authorization: `Bearer ${secret}` }
    const cameras = `${gateway.baseUrl}/api/v1/cameras`
    t.equal((await fetch(cameras, { headers })).status, 200, 'the token that was shown works')
    await pressOn(dialog.getByRole('button', { name: '关闭' }))
    await pressOn(admin.page.getByRole('button', { name: '撤销令牌“县平台对接”' }))
    await admin.page.getByRole('row', { name: /县平台对接.*已撤销/ }).waitFor()
    t.equal((await fetch(cameras, { headers })).status, 401, 'and no more')
    t.same([...admin.faults, ...newcomer.faults], [])
    await Promise.all([admin.page.context().close(), newcomer.page.context().close()])
  },
)

t.test('a panel gets the account and the key by which it reports, and another one later', { skip }, async (t) => {
  const { page, faults } = await person('admin')
  await visit(page, '/sources')
  await page.getByRole('row', { name: /沿街商铺联网报警主机/ }).waitFor()
  await page.getByRole('button', { name: '新增告警源' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('名称').fill('粮站报警主机')
  await pressOn(dialog.getByLabel('所属网格'), 'ArrowDown')
  const add = dialog.getByRole('button', { name: '新增告警源' })
  await dialog.getByLabel(/^SIA DC-09 账号/).fill('12g4')
  t.equal(await add.isDisabled(), true, 'no hexadecimal digits')
  await dialog.getByLabel(/^SIA DC-09 账号/).fill('ab12')
  await dialog.getByLabel(/^十六进制密钥/).fill('0'.repeat(31))
  t.equal(await add.isDisabled(), true, 'no key of any length')
  await dialog.getByLabel(/^十六进制密钥/).fill('0'.repeat(32))
  await add.click()
  await dialog.getByText('账号 AB12 已登记；主机监听未开启').waitFor()
  await dialog.getByRole('button', { name: '已保存凭据' }).click()

  const manage = page.getByRole('button', { name: '管理“粮站报警主机”' })
  await manage.click()
  const account = dialog.getByLabel(/^SIA DC-09 账号/)
  t.equal(await account.inputValue(), 'AB12')
  await dialog.getByText('已有密钥，不再显示').waitFor()
  t.equal(await dialog.getByLabel(/^十六进制密钥/).inputValue(), '')
  await dialog.getByLabel('名称').fill('粮站北报警主机')
  await dialog.getByRole('button', { name: '保存' }).click()
  const renamed = page.getByRole('button', { name: '管理“粮站北报警主机”' })
  await renamed.click()
  await dialog.getByText('已有密钥，不再显示').waitFor()
  await account.fill('cd34')
  await dialog.getByRole('button', { name: '保存' }).click()
  await dialog.waitFor({ state: 'detached' })
  await renamed.click()
  t.equal(await account.inputValue(), 'CD34')
  await dialog.getByText('未设密钥').waitFor()
  await account.fill('')
  await dialog.getByRole('button', { name: '保存' }).click()
  await dialog.waitFor({ state: 'detached' })
  await renamed.click()
  t.equal(await account.inputValue(), '')
  t.strictSame(faults, [])
})

t.test(
  'a source is made with credentials shown once, and what it sends wrong is seen with the reason',
  { skip },
  async (t) => {
    const { page, faults } = await person('admin')
    await visit(page, '/sources')
    await page.getByRole('row', { name: /沿街商铺联网报警主机/ }).waitFor()
    await pressOn(page.getByRole('button', { name: '新增告警源' }))
    const dialog = page.getByRole('dialog')
    await typeInto(dialog.getByLabel('名称'), '河堤水位计')
    await choose(dialog.getByLabel('传感器', { exact: true }))
    await pressOn(dialog.getByLabel('所属网格'), 'ArrowDown')
    await pressOn(dialog.getByRole('button', { name: '新增告警源' }))
    await dialog.getByRole('button', { name: '已保存凭据' }).waitFor()
    const [, , , url = '', token = ''] = await dialog.locator('output').allTextContents()
    await pressOn(dialog.getByRole('button', { name: '已保存凭据' }))
    const answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'w-1', type: 'flood', occurredAt: '2026-03-02T06:00:00Z' }),
    })
    t.equal(answer.status, 400)
    await page.reload()
    await page.locator('.rejected li', { hasText: '河堤水位计' }).getByText(/type/).first().waitFor()
    t.notMatch(await textOf(page.locator('main')), new RegExp(token), 'the token is not shown again')

    await page.getByText('试一条报文').click()
    const trial = page.locator('details', { hasText: '试一条报文' })
    const message = {
      id: 'w-2',
      type: 'water-level',
      occurredAt: '2026-03-02T06:00:00Z',
      text: '超警戒',
      data: { faceId: 'f' },
    }
    await trial.getByLabel('报文').fill(JSON.stringify(message))
    await trial.getByRole('button', { name: '试一试' }).click()
    await trial.getByText('· 水位超限 ·').waitFor()
    t.match(await textOf(trial), /已去除 1 项身份字段/)

    const manage = page.getByRole('button', { name: '管理“河堤水位计”' })
    await manage.click()
    await dialog.getByLabel('名称').fill('河堤东水位计')
    await dialog.getByLabel(/^告警级别/).selectOption('1')
    await dialog.getByRole('button', { name: '保存' }).click()
    await page.getByRole('row', { name: /河堤东水位计.*一级 紧急/ }).waitFor()
    const renamed = page.getByRole('button', { name: '管理“河堤东水位计”' })
    await renamed.click()
    await dialog.getByLabel('暂停原因').fill('更换电池')
    await dialog.getByRole('button', { name: '暂停', exact: true }).click()
    await page.getByRole('row', { name: /已暂停至 .*：更换电池/ }).waitFor()
    await renamed.click()
    await dialog.getByRole('button', { name: '更换凭据' }).click()
    t.not((await dialog.locator('output').allTextContents())[4], token)
    await dialog.getByRole('button', { name: '已保存凭据' }).click()
    await renamed.click()
    await dialog.getByRole('button', { name: '停用' }).click()
    await dialog.getByRole('button', { name: '确认停用，不能恢复' }).click()
    await page.getByText('已停用的告警源（1）').click()
    await page.getByRole('row', { name: /河堤东水位计.* 停用/ }).waitFor()
    t.same(faults, [])
    await page.context().close()
  },
)

t.test('the auditor filters the trail, walks the chain and takes it along, by keys alone', { skip }, async (t) => {
  const { page, faults } = await person('auditor')
  await visit(page, '/audit')
  await page.locator('tbody tr').first().waitFor()
  await pressOn(page.getByRole('button', { name: '校验全部记录' }))
  await page.getByText(/^ ?完整：\d+ 条记录/).waitFor()
  const filter = page.getByRole('button', { name: '筛选' })
  await pick(page.getByLabel('行为'), '更换密钥')
  await pressOn(filter)
  await page.getByText('没有相符的记录').waitFor()
  const since = page.getByLabel('起始日')
  await typeDay(since, '2020-03-02')
  t.equal(await since.inputValue(), '2020-03-02')
  await typeInto(page.getByLabel('操作人'), 'Administrator')
  await pick(page.getByLabel('行为'), '登记摄像头')
  await pick(page.getByLabel('结果'), '已执行')
  await pressOn(filter)
  await page
    .getByRole('row', { name: /登记摄像头/ })
    .first()
    .waitFor()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    pressOn(page.getByRole('button', { name: '导出 CSV' })),
  ])
  t.match(download.suggestedFilename(), /^audit-\d{4}-\d\d-\d\d\.csv$/)
  await visit(page, '/audit')
  await page
    .getByRole('row', { name: /查看审计日志/ })
    .first()
    .waitFor()
  t.pass('reading it is an entry of it')
  t.same(faults, [])
  await page.context().close()
})

t.test('health names every camera, worst first, with figures once somebody watched', { skip }, async (t) => {
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
  await page.context().close()
})

t.test(
  'a camera is turned while a button is held, by mouse and by key, and stops when it is let go',
  { skip },
  async (t) => {
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
    t.same(faults, [])
    await page.context().close()
  },
)

t.test(
  'an administrator decides on targets, retention, numbers and channels, each with its effect in words, by keys alone',
  { skip },
  async (t) => {
    const { page, faults } = await person('admin')
    await visit(page, '/settings')
    const targets = page.locator('section', { hasText: '响应时限' })
    const urgent = targets.getByLabel('一级 紧急（分钟）')
    await typeInto(urgent, '0.1')
    await targets.getByText('每一级填 0.5 至 1440 分钟').waitFor()
    t.ok(await targets.getByRole('button', { name: '保存' }).isDisabled())
    await typeInto(urgent, '4')
    await pressOn(targets.getByRole('button', { name: '保存' }))
    await targets.getByText('已保存，对之后的案卷生效').waitFor()
    const retention = page.locator('section', { hasText: '告警片段保存期限' })
    const kept = retention.getByLabel('条例第七条公共场所（天）')
    await typeInto(kept, '29')
    t.ok(await retention.getByRole('button', { name: '保存' }).isDisabled(), 'Article 13')
    await typeInto(kept, '90')
    await pressOn(retention.getByRole('button', { name: '保存' }))
    await retention.getByText('已保存，对之后的片段生效').waitFor()
    await pressOn(retention.getByText('删除证明'))
    await retention.getByText('还没有到期删除的片段').waitFor()
    const delivery = page.locator('section', { hasText: '事件投递' })
    await delivery.getByRole('row', { name: /mqtt/ }).waitFor()
    await pressOn(delivery.getByText('被拒收的消息', { exact: true }))
    await delivery.getByText('没有被拒收的消息').waitFor()
    t.same(await seriousFaults(page), [])
    await page.reload()
    t.equal(await urgent.inputValue(), '4')
    t.equal(await kept.inputValue(), '90')

    await visit(page, '/users')
    const lead = page.getByRole('button', { name: '管理“王建国”' })
    const dialog = page.getByRole('dialog')
    t.same(await leaveByEscape(lead, dialog), [])
    await pressOn(lead)
    await dialog.getByText('未登记').waitFor()
    await typeInto(dialog.getByLabel('手机号'), '138 0013 8000')
    await pressOn(dialog.getByRole('button', { name: '保存号码' }))
    await dialog.getByText('已登记 138****8000').waitFor()
    await pressOn(dialog.getByRole('button', { name: '删除号码' }))
    await dialog.getByText('未登记').waitFor()
    t.same(await seriousFaults(page), [])
    await pressOn(dialog.getByRole('button', { name: '关闭' }))
    t.same(await focusIsBackOn(lead), [])

    await visit(page, '/channels')
    const add = page.getByRole('button', { name: '新增渠道' }).first()
    t.same(await leaveByEscape(add, dialog), [])
    await pressOn(add)
    await typeInto(dialog.getByLabel('名称'), '街道群')
    await typeInto(dialog.getByLabel('地址（Webhook）'), 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k')
    t.same(await seriousFaults(page), [])
    await pressOn(dialog.getByRole('button', { name: '新增渠道' }))
    await dialog.waitFor({ state: 'detached' })
    t.same(await focusIsBackOn(add), [])
    await pressOn(page.getByRole('button', { name: '停用' }))
    await pressOn(page.getByRole('button', { name: '启用' }))
    const manage = page.getByRole('button', { name: '管理“街道群”' })
    await pressOn(manage)
    t.equal(await dialog.getByLabel('地址（Webhook）').inputValue(), '', 'it is not shown again')
    await typeInto(dialog.getByLabel('次序'), '3')
    await typeInto(dialog.getByLabel('名称'), '东街群')
    await pressOn(dialog.getByRole('button', { name: '保存' }))
    const renamed = page.getByRole('button', { name: '管理“东街群”' })
    await renamed.waitFor()
    t.same(await focusIsBackOn(renamed), [])
    await pressOn(renamed)
    t.equal(await dialog.getByLabel('次序').inputValue(), '3')
    await pressOn(dialog.getByText('移除渠道'))
    await pressOn(dialog.getByRole('button', { name: '确认移除' }))
    await page.getByText('还没有渠道').waitFor()
    t.same(faults, [])
    await page.context().close()
  },
)

t.test(
  'an installer changes a registered camera, by keys alone; another login is tried before it is taken',
  { skip },
  async (t) => {
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
    await pressOn(dialog.getByText('设备与众不同？手动指定'))
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
    await page.context().close()
  },
)
