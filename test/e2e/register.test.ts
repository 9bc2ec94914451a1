import type { Locator, Page } from 'playwright-core'
import { seriousFaults } from './browser.ts'
import { startGateway } from './gateway.ts'
import { registerPrivateCamera, textOf } from './journeys.ts'
import { focusIsBackOn, leaveByEscape, pressOn } from './keyboard.ts'
import { browserTests } from './scene.ts'

/** What an owner signed; only its SHA-256 leaves the computer. */
const SIGNED = { name: '授权书.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 signed') }

const test = browserTests(() => startGateway('127.0.88.0'))

const rowOf = (page: Page, camera: string): Locator =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: camera, exact: true }) })

/** By keys to the field of a document, whose chooser the browser opens. */
async function chooseDocument(page: Page): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    pressOn(page.getByLabel('已签字文件的扫描件'), 'Space'),
  ])
  await chooser.setFiles(SIGNED)
}

test('a consent on paper is recorded by one and checked by another, by keys alone', async (t, {
  gateway,
  somebody,
  person,
  visit,
}) => {
  const { device, address } = gateway.unregistered
  const installer = await somebody()
  await registerPrivateCamera(installer, { device, address })
  const name = device.channels[0]?.name ?? ''

  const { page } = installer
  await visit(page, '/links')
  const row = rowOf(page, name)
  const dialog = page.getByRole('dialog')
  const record = row.getByRole('button', { name: '登记纸质授权' })
  t.same(await leaveByEscape(record, dialog), [])
  await pressOn(record)
  await chooseDocument(page)
  await dialog.getByText(/SHA-256 [0-9a-f]{64}/).waitFor()
  t.same(await seriousFaults(page), [])
  await pressOn(dialog.getByRole('button', { name: '登记纸质授权' }))
  await row.getByText('纸质授权待核对').waitFor()
  const check = row.getByRole('button', { name: '核对纸质授权' })
  await pressOn(check)
  await dialog.getByText('登记人不能自己确认').waitFor()
  await pressOn(dialog.getByRole('button', { name: '取消' }))
  t.same(await focusIsBackOn(check), [], 'after the button as after Escape')

  const admin = await person('admin')
  await visit(admin.page, '/links')
  const theirs = admin.page.getByRole('dialog')
  const theirRow = rowOf(admin.page, name)
  await pressOn(theirRow.getByRole('button', { name: '核对纸质授权' }))
  await chooseDocument(admin.page)
  await theirs.getByText('与登记的文件一致').waitFor()
  t.same(await seriousFaults(admin.page), [])
  await pressOn(theirs.getByRole('button', { name: '核对无误，确认' }))
  await theirRow.getByText(/^有效/).waitFor()
  t.match(await textOf(theirRow), /纸质授权/)
  t.same([...installer.faults, ...admin.faults], [])
})
