import type { Locator, Page } from 'playwright-core'
import { onElement, seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { textOf } from './journeys.ts'
import { focusIsBackOn, leaveByEscape, pressOn, tabTo, typeDay, typeInto } from './keyboard.ts'
import { browserTests } from './scene.ts'

const test = browserTests(() => startGateway('127.0.93.0'))

const rowOf = (page: Page, camera: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: camera, exact: true }) })

test('what the law wants of a camera is filled in by keys alone', async (t, { person, visit }) => {
  const { page, faults } = await person('admin')
  await visit(page, '/links')
  const row = rowOf(page, '桥头停车场')
  const edit = row.getByRole('button', { name: '填写' })
  const dialog = page.getByRole('dialog')
  t.same(await leaveByEscape(edit, dialog), [])
  await pressOn(edit)
  await typeDay(dialog.getByLabel('启用日期'), '2026-03-02')
  await typeInto(dialog.getByLabel('备案号'), '云公备2026-0105')
  await typeDay(dialog.getByLabel('备案日期'), '2026-03-09')
  await typeDay(dialog.getByLabel('提示标识设置日期'), '2026-03-03')
  const save = dialog.getByRole('button', { name: '保存' })
  await typeInto(dialog.getByLabel('录像保存天数'), '45天')
  t.equal(await save.isDisabled(), true, 'no number of days')
  await typeInto(dialog.getByLabel('录像保存天数'), '45')
  t.same(await seriousFaults(page), [])
  await pressOn(save)
  await row.getByText('云公备2026-0105').waitFor()
  t.match(await textOf(row), '2026-03-09')
  t.notMatch(await textOf(row), '缺', 'nothing is wanted any more')
  t.same(await focusIsBackOn(edit), [], 'after it is saved')

  await pressOn(edit)
  const written: string[] = []
  for (const label of ['启用日期', '备案号', '备案日期', '提示标识设置日期', '录像保存天数']) {
    written.push(await dialog.getByLabel(label).inputValue())
  }
  t.same(written, ['2026-03-02', '云公备2026-0105', '2026-03-09', '2026-03-03', '45'], 'all of it')
  t.same(faults, [])
})

test('the filing sheet and the register on paper, by keys alone', async (t, { person, visit }) => {
  const { page, faults } = await person('admin')
  await visit(page, '/links')
  const sheet = page.getByRole('dialog')
  const sheets: [opener: Locator, words: string][] = [
    [rowOf(page, '东街口').getByRole('button', { name: '备案表' }), '公共安全视频图像信息系统备案表'],
    [page.getByRole('button', { name: '打印台账' }), '接入台账（9 路）'],
  ]
  for (const [opener, words] of sheets) {
    t.same(await leaveByEscape(opener, sheet), [], words)
    await pressOn(opener)
    await sheet.getByRole('heading', { name: words }).waitFor()
    t.match(await textOf(sheet), '东街口')
    t.same(await seriousFaults(page), [], words)
    const print = sheet.getByRole('button', { name: '打印' })
    await tabTo(print)
    await page.emulateMedia({ media: 'print' })
    t.equal(await print.isVisible(), false, 'no buttons on paper')
    t.equal(await page.locator('#console').isVisible(), false, 'nor what lies under it')
    t.equal(await sheet.getByRole('table').isVisible(), true)
    await page.emulateMedia({ media: 'screen' })
    await pressOn(sheet.getByRole('button', { name: '关闭' }))
    await sheet.waitFor({ state: 'detached' })
    t.same(await focusIsBackOn(opener), [], words)
  }
  t.same(faults, [])
})

const isOn = onElement<boolean>('return element === document.activeElement')

test('a link is revoked by keys alone, and the focus stays in its row', async (t, { gateway, person, visit }) => {
  const { page, faults } = await person('admin')
  await visit(page, '/links')
  const dialog = page.getByRole('dialog')
  const openFor = async (camera: string): Promise<Locator> => {
    const row = rowOf(page, camera)
    await pressOn(row.getByRole('button', { name: '撤销' }))
    await typeInto(dialog.getByLabel('撤销原因'), '摄像头迁移')
    await tabTo(dialog.getByRole('button', { name: '撤销' }))
    return row
  }
  const revoke = rowOf(page, '镇政府广场').getByRole('button', { name: '撤销' })
  t.same(await leaveByEscape(revoke, dialog), [])
  await pressOn(revoke)
  t.equal(await dialog.getByRole('button', { name: '撤销' }).isDisabled(), true, 'not without a reason')
  await page.keyboard.press('Escape')
  const row = await openFor('镇政府广场')
  t.same(await seriousFaults(page), [])
  await page.keyboard.press('Enter')
  await row.getByText('已终止').waitFor()
  await revoke.waitFor({ state: 'detached' })
  t.equal(await row.locator('.register-acts').evaluate(isOn), true, 'its button is gone')

  const other = await openFor('卫生院大门')
  await gateway.revoke('卫生院大门')
  await other.getByText('已终止').waitFor()
  await page.keyboard.press('Enter')
  await dialog.locator('.problem').waitFor()
  t.equal(await dialog.getByRole('button', { name: '撤销' }).evaluate(isOn), true, 'somebody else was first')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  t.equal(await other.locator('.register-acts').evaluate(isOn), true, 'what opened it is gone')
  t.same(faults, [])
})

test('what is done to a case by its buttons leaves the focus with it', async (t, { gateway, person }) => {
  const { page, faults } = await person('operator')
  await gateway.panel.raise({ type: 'panic-button', priority: 1, text: '店内求助' })
  const row = page.locator('.case-row', { hasText: '店内求助' })
  await pressOn(row)
  const drawer = page.locator('.drawer')
  await pressOn(drawer.getByRole('button', { name: '签收' }))
  await page.locator('.drawer[data-step="opened"]').waitFor()
  t.equal(await drawer.evaluate(isOn), true, 'and no button that a second press would push')
  const dialog = page.getByRole('dialog')
  t.same(await leaveByEscape(drawer.getByRole('button', { name: '搁置 15 分钟' }), dialog), [])
  const exporting = drawer.getByRole('button', { name: '导出' })
  await exporting.waitFor({ timeout: 60_000 })
  t.same(await leaveByEscape(exporting, dialog), [])
  await pressOn(exporting)
  await typeInto(dialog.getByLabel('导出事由'), '派出所依法调取')
  const saved = page.waitForEvent('download')
  await pressOn(dialog.getByRole('button', { name: '导出' }))
  t.match((await saved).suggestedFilename(), /\.mp4$/)
  t.same(await focusIsBackOn(exporting), [], 'after it is saved')
  await pressOn(drawer.getByRole('button', { name: '关闭' }))
  await drawer.waitFor({ state: 'detached' })
  t.equal(await row.evaluate(isOn), true, 'whoever closes a case is back in the queue')
  t.same(faults, [])
})
