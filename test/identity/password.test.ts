import t from 'tap'
import { hashPassword, verifyPassword } from '../../gateway/identity/password.ts'

t.test('a hash opens to its password only, and says how it was made', async (t) => {
  const stored = await hashPassword('correct horse battery')
  t.match(stored, /^\$scrypt\$ln=14,r=8,p=5\$/)
  t.equal(await verifyPassword('correct horse battery', stored), true)
  t.equal(await verifyPassword('correct horse batterx', stored), false)
  t.not(await hashPassword('correct horse battery'), stored, 'salted')
})

t.test('the same characters composed otherwise are the same password', async (t) => {
  t.equal(await verifyPassword('Cafe\u0301 12345', await hashPassword('Caf\u00e9 12345')), true)
})

// Test vector of RFC 7914 §12: scrypt("pleaseletmein", "SodiumChloride", 16384, 8, 1), its first 32 bytes.
t.test('a hash made elsewhere is checked with its own parameters (RFC 7914)', async (t) => {
  const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex')
  const salt = Buffer.from('SodiumChloride')
  const stored = `$scrypt$ln=14,r=8,p=1$${salt.toString('base64url')}$${hash.toString('base64url')}`
  t.equal(await verifyPassword('pleaseletmein', stored), true)
  t.equal(await verifyPassword('pleaseletmeIn', stored), false)
})

t.test('hashes that are not ours, or would eat the memory, open to nothing', async (t) => {
  const good = await hashPassword('correct horse battery')
  for (const stored of [
    '',
    'correct horse battery',
    good.replace('ln=14', 'ln=30'),
    good.replace('r=8', 'r=99'),
    good.replace('p=5', 'p=99'),
    good.replace('ln=14', 'ln=0'),
    `${good}x`,
  ]) {
    t.equal(await verifyPassword('correct horse battery', stored), false, stored)
  }
})
