import { layCable } from '../fakes/cable.ts'
import { DESK, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { signInAs, textOf } from './journeys.ts'
import { focusIsBackOn, leaveByEscape, pick, pressOn, typeDay, typeInto } from './keyboard.ts'
import { browserTests } from './scene.ts'

const PASSWORD = 'a first password'

const test = browserTests(() => startGateway('127.0.71.0'))

test('an administrator lets a person in, signs them out everywhere and disables them, by keys alone', async (t, {
  gateway,
  person,
  visit,
}) => {
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
})

test('the auditor filters the trail, walks the chain and takes it along, by keys alone', async (t, {
  person,
  visit,
}) => {
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
  await typeInto(page.getByLabel('操作人'), '管理员')
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
})

test('what was pressed while the gateway could not be reached says so, and says when it is reached again', async (t, {
  gateway,
  somebody,
}) => {
  const cable = await layCable(gateway.baseUrl)
  t.teardown(() => cable.close())
  const { page } = await somebody()
  await signInAs(page, cable.url, 'admin', gateway.adminPassword)
  await page.goto(`${cable.url}/settings`)
  const targets = page.locator('section', { hasText: '响应时限' })
  await targets.getByRole('button', { name: '保存' }).waitFor()
  cable.cut()
  await targets.getByLabel('二级 重要（分钟）').fill('9')
  await targets.getByRole('button', { name: '保存' }).click()
  await targets.getByText('无法连接网关').waitFor()
  cable.mend()
  await targets.getByText('网关已恢复连接。刚才的操作可能没有完成，请核对后重试').waitFor({ timeout: 20_000 })
  t.equal(await targets.getByText('无法连接网关').count(), 0)
  await targets.getByRole('button', { name: '保存' }).click()
  await targets.getByText('已保存，对之后的案卷生效').waitFor()
  t.equal(await targets.locator('.problem').count(), 0)
})

test('targets and retention are decided, each with its effect in words, by keys alone', async (t, {
  person,
  visit,
}) => {
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
  t.same(faults, [])
})

test('a number of a person is kept and shown in part, by keys alone', async (t, { person, visit }) => {
  const { page, faults } = await person('admin')
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
  t.same(faults, [])
})

test('a channel is added, changed and removed, by keys alone', async (t, { person, visit }) => {
  const { page, faults } = await person('admin')
  const dialog = page.getByRole('dialog')
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
})

test('with the cable cut no figures of another time are shown, and the right ones come by themselves', async (t, {
  gateway,
  somebody,
}) => {
  const cable = await layCable(gateway.baseUrl)
  t.teardown(() => cable.close())
  const { page } = await somebody()
  await signInAs(page, cable.url, 'operator', gateway.password)
  await page.goto(`${cable.url}/health`)
  const availability = page.locator('section', { hasText: '在线率' })
  const rows = availability.locator('tbody tr')
  await rows.first().waitFor()
  cable.cut()
  await page.locator('.banner-fault').waitFor({ timeout: 20_000 })
  await availability.getByText('近 30 天').click()
  await availability.getByText('无法连接网关').waitFor()
  t.equal(await rows.count(), 0, 'the figures of seven days do not pass for those of thirty')
  cable.mend()
  await rows.first().waitFor({ timeout: 30_000 })
  t.equal(await availability.getByText('无法连接网关').count(), 0, 'asked again with the link, without a tap')
})
