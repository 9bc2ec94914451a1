import { execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { verifyPassword } from '../../gateway/identity/password.ts'
import { secretHash } from '../../gateway/identity/secret.ts'
import { commandLine } from '../fakes/command-line.ts'

t.test('what makes no sense is answered with the usage', async (t) => {
  const { run } = await commandLine(t)
  for (const args of [[], ['nonsense'], ['user'], ['user', 'remove'], ['constructor'], ['audit', 'erase']]) {
    const { code, err } = await run(args)
    t.equal(code, 64, args.join(' '))
    t.match(err, /用法 \/ usage:[\s\S]*audit verify \[--checkpoint FILE\]/)
  }
  for (const args of [
    ['user', 'add', '--role', 'operator'],
    ['user', 'add', 'wang', 'li', '--role', 'operator'],
    ['user', 'add', 'wang', '--face', 'x'],
    ['user', 'add', 'wang'],
    ['user', 'add', 'WANG', '--role', 'operator'],
    ['user', 'add', 'wang', '--role', 'king'],
    ['backup'],
    ['audit', 'verify', '--checkpoint'],
  ]) {
    const { code, err } = await run(args)
    t.equal(code, 64, args.join(' '))
    t.match(err, /\.\/scripts\/gridlight (user add|backup|audit verify)/)
  }
})

t.test('a faulty configuration is told in full', async (t) => {
  const { run } = await commandLine(t, { GRIDLIGHT_HTTP_PORT: 'x', GRIDLIGHT_NONSENSE: '1' })
  const { code, err } = await run(['audit', 'verify'])
  t.equal(code, 78)
  t.match(err, /GRIDLIGHT_HTTP_PORT/)
  t.match(err, /GRIDLIGHT_NONSENSE/)
})

t.test('user add', async (t) => {
  const { run, inDatabase } = await commandLine(t)
  const made = await run([
    'user',
    'add',
    'wang',
    '--role',
    'operator',
    '--role',
    'patrol-lead',
    '--cell',
    '330783101001001',
  ])
  t.equal(made.code, 0, made.err)
  const password = /once: (\S+)$/.exec(made.out)?.[1] ?? ''
  const piped = await run(['user', 'add', 'li', '--role', 'auditor', '--display-name', '李审计'], 'from the pipe 1')
  t.equal(piped.code, 0, piped.err)
  t.notMatch(piped.out, /from the pipe/)
  t.match(await run(['user', 'add', 'li', '--role', 'operator']), { code: 1, err: /already/ })
  t.match(await run(['user', 'add', 'x1', '--role', 'administrator', '--role', 'auditor']), { code: 1, err: /auditor/ })
  t.match(await run(['user', 'add', 'x2', '--role', 'operator'], 'short'), { code: 64, err: /password/ })
  await inDatabase(async ({ client }) => {
    const [li, wang] = await client.user.findMany({ orderBy: { username: 'asc' } })
    t.match(wang, { rolesJson: '["operator","patrol-lead"]', cellCodesJson: '["330783101001001"]' })
    t.ok(await verifyPassword(password, wang?.passwordHash ?? ''))
    t.equal(li?.displayName, '李审计')
    t.ok(await verifyPassword('from the pipe 1', li?.passwordHash ?? ''))
    const entries = await client.auditEntry.findMany({ where: { action: 'user-created' } })
    t.equal(entries.length, 2)
    t.match(entries[0], { actorKind: 'system', actorName: /^command line \(/ })
  })
})

t.test('token add prints the token alone on standard output', async (t) => {
  const { run, inDatabase } = await commandLine(t)
  const made = await run(['token', 'add', 'panel', '--role', 'operator', '--expires', '2099-01-01T00:00:00+08:00'])
  t.equal(made.code, 0, made.err)
  t.match(made.out, /^glt_[\w-]{43}$/)
  const token = await inDatabase(({ client }) => client.token.findFirstOrThrow())
  t.equal(token.tokenHash, secretHash(made.out))
  t.equal(token.expiresAt?.toISOString(), '2098-12-31T16:00:00.000Z')
  t.match(await run(['token', 'add', 'x', '--role', 'operator', '--expires', '2001-01-01T00:00:00Z']), { code: 1 })
  t.match(await run(['token', 'add', 'x', '--role', 'operator', '--expires', 'tomorrow']), { code: 64 })
})

t.test('audit verify: whole, edited, cut, and against checkpoints kept elsewhere', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  t.match(await run(['audit', 'verify']), { code: 66, err: /there is no database/ })
  for (const name of ['aa', 'bb', 'cc']) await run(['token', 'add', name, '--role', 'operator'])
  t.match(await run(['audit', 'verify']), { code: 0, out: /3 entries[\s\S]*without checkpoints kept elsewhere/ })
  const checkpoint = await inDatabase(async ({ client }) => {
    const { generateKeyPairSync, randomUUID } = await import('node:crypto')
    const { createSigner } = await import('../../gateway/audit/signer.ts')
    const { toAuditCheckpoint } = await import('../../gateway/audit/store.ts')
    const head = await client.auditEntry.findFirstOrThrow({ orderBy: { sequence: 'desc' } })
    return toAuditCheckpoint(randomUUID(), createSigner(generateKeyPairSync('ed25519').privateKey).sign(head, 0))
  })
  const file = join(dataDir, 'outside.jsonl')
  await writeFile(file, `${JSON.stringify(checkpoint)}\n`)
  const answer = join(dataDir, 'answer.json')
  await writeFile(answer, JSON.stringify({ items: [checkpoint] }))
  t.match(await run(['audit', 'verify', '--checkpoint', file]), { code: 0, out: /3 entries, 1 checkpoints/ })
  t.match(await run(['audit', 'verify', '--checkpoint', answer]), { code: 0, out: /3 entries, 1 checkpoints/ })
  t.match(await run(['audit', 'verify', '--checkpoint', join(dataDir, 'none')]), { code: 66 })
  await writeFile(join(dataDir, 'bad.jsonl'), 'not a checkpoint\n')
  t.match(await run(['audit', 'verify', '--checkpoint', join(dataDir, 'bad.jsonl')]), { code: 66, err: /bad.jsonl:1/ })

  await inDatabase(async ({ client }) => {
    await client.auditEntry.delete({ where: { sequence: 3n } })
    await client.counter.update({ where: { name: 'audit' }, data: { value: 2n } })
  })
  t.match(await run(['audit', 'verify']), { code: 0 }, 'a cut tail leaves no trace inside')
  t.match(await run(['audit', 'verify', '--checkpoint', file]), { code: 1, out: /entry 3: truncated/ })
  await inDatabase(({ client }) => client.auditEntry.update({ where: { sequence: 2n }, data: { actorName: 'x' } }))
  t.match(await run(['audit', 'verify']), { code: 1, out: /entry 2: changed/ })
})

t.test('grid import', async (t) => {
  const { run, inDatabase, dataDir } = await commandLine(t)
  const sample = join(import.meta.dirname, '../../scripts/virtual-township/grid.geojson')
  const cells = JSON.parse(await readFile(sample, 'utf8')).features.length
  const { code, out } = await run(['grid', 'import', sample])
  t.equal(code, 0, out)
  t.equal(await inDatabase(({ client }) => client.division.count()), cells)
  await writeFile(join(dataDir, 'bad.geojson'), '{"type":"FeatureCollection","features":[{}]}')
  t.match(await run(['grid', 'import', join(dataDir, 'bad.geojson')]), { code: 1, out: /feature 0: invalid-feature/ })
  await writeFile(join(dataDir, 'no.geojson'), '[]')
  t.match(await run(['grid', 'import', join(dataDir, 'no.geojson')]), { code: 1, err: /FeatureCollection/ })
  t.match(await run(['grid', 'import', join(dataDir, 'none')]), { code: 66 })
})

t.test('profiles check', async (t) => {
  const { run } = await commandLine(t)
  t.match(await run(['profiles', 'check']), { code: 0, out: /sound: [1-9]/ })
})

t.test('profiles try', async (t) => {
  const { run, dataDir } = await commandLine(t)
  const attempt = async (...args: string[]) => {
    const { code, out, err } = await run(['profiles', 'try', ...args])
    return { code, err, answer: out.startsWith('{') ? JSON.parse(out) : undefined }
  }
  const door = 'zigbee2mqtt/front-door'
  t.match(await attempt('zigbee2mqtt', door, '{"contact":false}'), {
    code: 0,
    answer: { outcome: 'alarms', alarms: [{ rule: 'contact', type: 'door', state: 'active' }] },
  })
  t.match(await attempt('zigbee2mqtt', door, '{"battery":80}'), { code: 0, answer: { outcome: 'ignored' } })
  t.match(await attempt('zigbee2mqtt', door, '{"contact":'), { code: 1, answer: { outcome: 'rejected', why: /JSON/ } })
  t.match(await attempt('zigbee2mqtt', door, '{"contact":false}', '--registered', 'zigbee2mqtt/other'), {
    answer: { outcome: 'ignored' },
  })
  await mkdir(dataDir, { recursive: true })
  const own = join(dataDir, 'own.json')
  const shipped = join(import.meta.dirname, '../../device-profiles/alarm-sources/zigbee2mqtt.json')
  await writeFile(own, (await readFile(shipped, 'utf8')).replace('"id": "zigbee2mqtt"', '"id": "own"'))
  await writeFile(join(dataDir, 'payload'), '{"smoke":true}')
  t.match(await attempt(own, door, `@${join(dataDir, 'payload')}`), {
    code: 0,
    answer: { alarms: [{ type: 'smoke' }] },
  })
  await writeFile(own, '{"id":"own"}')
  t.match(await attempt(own, door, '{}'), { code: 1, err: /own\.json: title/ })
  t.match(await attempt('nobody', door, '{}'), { code: 66 })
  t.match(await attempt('zigbee2mqtt', door), { code: 64, err: /profiles try MAPPING/ })
  t.match(await attempt('zigbee2mqtt', door, '{}', '--alarm-type', 'fire'), { code: 64, err: /smoke/ })
})

const PROGRAM = join(import.meta.dirname, '../../gateway/cli/main.ts')

t.test('as a program: exit code, streams, and a password from a pipe', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-program-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const env = { PATH: process.env.PATH, GRIDLIGHT_DATA_DIR: directory }
  const unknown = await new Promise<number | string | null | undefined>((resolve) => {
    execFile(process.execPath, [PROGRAM, 'nonsense'], { env }, (error) => resolve(error?.code))
  })
  t.equal(unknown, 64)
  const runWith = (stdin: 'closed' | 'left open' | string) =>
    new Promise<{ code: number | null; out: string }>((resolve) => {
      const args = [PROGRAM, 'user', 'add', stdin === 'left open' ? 'open' : stdin === 'closed' ? 'closed' : 'piped']
      const child = spawn(process.execPath, [...args, '--role', 'operator'], {
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      let out = ''
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        out += chunk
      })
      if (stdin === 'closed') child.stdin.end()
      else if (stdin !== 'left open') child.stdin.end(`${stdin}\r\n`)
      child.once('exit', (code) => resolve({ code, out }))
    })
  const piped = await runWith('a password from a pipe')
  t.match(piped, { code: 0, out: /account made: piped/ })
  t.notMatch(piped.out, /shown this once/)
  t.match(await runWith('closed'), { code: 0, out: /shown this once/ })
  t.match(await runWith('left open'), { code: 0, out: /shown this once/ })
})
