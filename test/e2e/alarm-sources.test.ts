import { startGateway } from './gateway.ts'
import { textOf } from './journeys.ts'
import { choose, pressOn, typeInto } from './keyboard.ts'
import { browserTests, type Scene, type Visitor } from './scene.ts'

const test = browserTests(() => startGateway('127.0.91.0'))

/** The administrator before the list of sources. */
async function atSources({ person, visit }: Scene): Promise<Visitor> {
  const visitor = await person('admin')
  await visit(visitor.page, '/sources')
  await visitor.page.getByRole('row', { name: /沿街商铺联网报警主机/ }).waitFor()
  return visitor
}

test('a panel gets the account and the key by which it reports, and another one later', async (t, scene) => {
  const { page, faults } = await atSources(scene)
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

test('a source is made with credentials shown once, and what it sends wrong is seen with the reason', async (t, scene) => {
  const { page, faults } = await atSources(scene)
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
})
