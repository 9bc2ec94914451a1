import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createVault, loadMasterKeys } from '../gateway/vault.ts'

const CONTEXT = 'device:1:credentials'
const SECRET = '{"username":"admin","password":"密码"}'

t.test('what is sealed opens with its key and context only', async (t) => {
  const vault = createVault([randomBytes(32)])
  const sealed = vault.seal(SECRET, CONTEXT)
  t.equal(vault.open(sealed, CONTEXT), SECRET)
  t.not(sealed.toString('latin1').includes('admin'), true)
  t.notSame(vault.seal(SECRET, CONTEXT), sealed, 'a new nonce every time')
  t.throws(() => vault.open(sealed, 'device:2:credentials'), 'moved to another record')
  t.throws(() => createVault([randomBytes(32)]).open(sealed, CONTEXT), 'another key')
})

t.test('a single changed bit anywhere is noticed', async (t) => {
  const vault = createVault([randomBytes(32), randomBytes(32)])
  const sealed = vault.seal(SECRET, CONTEXT)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    t.throws(() => vault.open(changed, CONTEXT), `byte ${at}`)
  }
  for (let length = 0; length < sealed.length; length += 1) {
    t.throws(() => vault.open(sealed.subarray(0, length), CONTEXT), `cut to ${length} bytes`)
  }
})

t.test('the newest key seals, older ones still open', async (t) => {
  const [old, young] = [randomBytes(32), randomBytes(32)]
  const sealedBefore = createVault([old]).seal(SECRET, CONTEXT)
  const rotated = createVault([old, young])
  t.equal(rotated.open(sealedBefore, CONTEXT), SECRET)
  const sealedAfter = rotated.seal(SECRET, CONTEXT)
  t.equal(sealedAfter[0], 1)
  t.throws(() => createVault([old]).open(sealedAfter, CONTEXT), /no key number 1/)
  t.throws(() => createVault([]).seal(SECRET, CONTEXT), /has no key/)
})

async function keyFile(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-vault-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'master.key')
}

t.test('the key file is made once, for its owner only', async (t) => {
  const file = await keyFile(t)
  const keys = loadMasterKeys(file)
  t.equal(keys.length, 1)
  t.equal(keys[0]?.length, 32)
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.same(loadMasterKeys(file), keys)
  await writeFile(file, `${await readFile(file, 'utf8')}${randomBytes(32).toString('base64')}\n`)
  t.same(loadMasterKeys(file).slice(0, 1), keys, 'oldest first')
})

t.test('a key file that others can read, or that holds something else, is refused', async (t) => {
  const file = await keyFile(t)
  loadMasterKeys(file)
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    await chmod(file, mode)
    t.throws(() => loadMasterKeys(file), /can be read by other users/, mode.toString(8))
  }
  await chmod(file, 0o600)
  for (const content of ['', '\n', 'short\n', `${randomBytes(31).toString('base64')}\n`]) {
    await writeFile(file, content)
    t.throws(() => loadMasterKeys(file), /does not hold base64 keys/, JSON.stringify(content))
  }
})
