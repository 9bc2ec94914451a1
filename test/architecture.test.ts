import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import { MUTANTS } from '../scripts/mutants/list.ts'

/**
 * The house's arrows. A room may import itself, the leaves and what is listed here; what one feature needs of another
 * is an interface of its own that app.ts fills.
 */
const LEAVES = [
  'chore.ts',
  'clock.ts',
  'config.ts',
  'dial.ts',
  'digest.ts',
  'ending.ts',
  'errors.ts',
  'media.ts',
  'pinned-tls.ts',
  'vault.ts',
  'words.ts',
]
const FEATURE = ['contracts', 'storage', 'http/exchange.ts', 'http/paging.ts', 'http/route.ts', 'identity/rights.ts']
const MAY_IMPORT: Record<string, readonly string[]> = {
  contracts: [],
  storage: [],
  // media plane: knows no cameras, people or databases
  cmaf: [],
  rtp: ['cmaf'],
  rtsp: ['rtp', 'cmaf'],
  hls: ['cmaf'],
  relay: ['rtsp', 'rtp', 'cmaf', 'hls'],
  // device plane
  onvif: ['contracts'],
  mqtt: ['contracts'],
  probe: ['contracts', 'onvif'],
  registry: [...FEATURE, 'onvif', 'probe'],
  grid: FEATURE,
  // lawful access
  links: FEATURE,
  views: FEATURE,
  audit: FEATURE,
  identity: FEATURE,
  // the operator's place of work
  walls: FEATURE,
  // alarms
  alarms: [...FEATURE, 'mqtt/topics.ts'],
  panels: ['contracts'],
  cases: FEATURE,
  clips: [...FEATURE, 'cmaf'],
  notify: [...FEATURE, 'mqtt/topics.ts'],
  http: ['contracts'],
  cli: ['*'],
}
/** Leaves that a room may not have: contracts serve the browser, the media plane reads no configuration. */
const WITHOUT_LEAVES = new Set(['contracts'])
const ROOT_FILES = new Set([
  'app.ts',
  'camera-access.ts',
  'figures.ts',
  'log-output.ts',
  'main.ts',
  'node-id.ts',
  ...LEAVES,
])

const gatewayDir = resolve(import.meta.dirname, '../gateway')
const consoleDir = resolve(import.meta.dirname, '../web-console')
const scriptsDir = resolve(import.meta.dirname, '../scripts')
const testDir = import.meta.dirname

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/\/(generated|node_modules|dist)\//.test(file))
}

/** Own files that `file` imports, absolute. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)
  return [...found].map((match) => resolve(dirname(file), match[1] ?? ''))
}

t.test('gateway rooms import only what their place allows', async (t) => {
  let checked = 0
  for (const file of filesBelow(gatewayDir)) {
    const path = relative(gatewayDir, file)
    const room = path.includes('/') ? (path.split('/')[0] ?? '') : undefined
    if (room === undefined) {
      t.ok(ROOT_FILES.has(path), `${path} has a place in the plan`)
      continue
    }
    const allowed = MAY_IMPORT[room]
    if (allowed === undefined) {
      t.fail(`${room}/ is not in the plan`)
      continue
    }
    for (const target of importsOf(file)) {
      checked += 1
      const name = relative(gatewayDir, target)
      const ok =
        name.startsWith(`${room}/`) ||
        allowed.includes('*') ||
        allowed.some((entry) => name === entry || name.startsWith(`${entry}/`)) ||
        (LEAVES.includes(name) && !WITHOUT_LEAVES.has(room))
      if (!ok) t.fail(`${path} must not import ${name}`)
    }
  }
  t.ok(checked > 100, `${checked} imports checked`)
})

t.test('nothing imports app, cli, scripts or tests', async (t) => {
  for (const file of filesBelow(gatewayDir)) {
    const path = relative(gatewayDir, file)
    for (const target of importsOf(file)) {
      const name = relative(gatewayDir, target)
      if (path === 'main.ts' && name === 'app.ts') continue
      t.notMatch(name, /^(app\.ts|main\.ts|\.\.\/)/, `${path} imports ${name}`)
      if (!path.startsWith('cli/')) t.notMatch(name, /^cli\//, `${path} imports ${name}`)
    }
  }
})

/** A way by imports, types counted, that ends where it began. */
function circleAmong(files: readonly string[]): string[] | undefined {
  const left = new Set(files)
  const walk = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file]
    if (!left.has(file)) return undefined
    for (const target of importsOf(file)) {
      const circle = walk(target, [...way, file])
      if (circle !== undefined) return circle
    }
    left.delete(file)
    return undefined
  }
  for (const file of files) {
    const circle = walk(file, [])
    if (circle !== undefined) return circle
  }
  return undefined
}

t.test('no files import each other in a circle', async (t) => {
  const files = [gatewayDir, consoleDir, scriptsDir, import.meta.dirname].flatMap(filesBelow)
  const circle = circleAmong(files)?.map((file) => relative(resolve(gatewayDir, '..'), file))
  t.equal(circle?.join(' -> '), undefined)
  t.ok(files.length > 500, `${files.length} files walked`)
})

t.test('the console imports contracts only', async (t) => {
  let checked = 0
  for (const file of filesBelow(consoleDir)) {
    for (const target of importsOf(file)) {
      checked += 1
      const outside = relative(consoleDir, target)
      if (outside.startsWith('..')) {
        t.match(relative(gatewayDir, target), /^contracts\//, `${relative(consoleDir, file)} imports ${outside}`)
      }
    }
  }
  t.ok(checked > 10, `${checked} imports checked`)
})

/** What the console's screens stand on; every other room of it is a screen. */
const CONSOLE_GROUND = ['api', 'i18n', 'player', 'state', 'style', 'ui']

t.test('what the screens of the console stand on knows no screen', async (t) => {
  const roomOf = (file: string): string => /^src\/([^/]+)\//.exec(relative(consoleDir, file))?.[1] ?? ''
  let checked = 0
  for (const file of filesBelow(join(consoleDir, 'src'))) {
    const room = roomOf(file)
    if (file.endsWith('/src/app.tsx') || (room !== '' && !CONSOLE_GROUND.includes(room))) continue
    for (const target of importsOf(file)) {
      checked += 1
      const isScreen = roomOf(target) !== '' && !CONSOLE_GROUND.includes(roomOf(target))
      if (isScreen) t.fail(`${relative(consoleDir, file)} imports ${relative(consoleDir, target)}`)
    }
  }
  t.ok(checked > 50, `${checked} imports checked`)
})

t.test('pure rooms touch no database, server or socket', async (t) => {
  const pure = [
    ...filesBelow(join(gatewayDir, 'contracts')),
    ...filesBelow(join(gatewayDir, 'cmaf')),
    ...filesBelow(join(gatewayDir, 'hls')),
  ]
  for (const file of pure) {
    t.notMatch(readFileSync(file, 'utf8'), /from '(node:net|node:http|fastify|@prisma)/, relative(gatewayDir, file))
  }
  t.ok(pure.length > 10, `${pure.length} files checked`)
})

/** A schema of the contracts has its type's name, and is there for whoever reads or writes it outside. */
const SERVES_OTHERS = /^gateway\/contracts\//

t.test('what a file exports is imported somewhere', async (t) => {
  const root = resolve(gatewayDir, '..')
  const files = [gatewayDir, consoleDir, scriptsDir, testDir].flatMap(filesBelow)
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
  const importers = new Map<string, string[]>()
  for (const file of files) {
    for (const target of importsOf(file)) importers.set(target, [...(importers.get(target) ?? []), file])
  }
  let checked = 0
  for (const [file, text] of texts) {
    if (SERVES_OTHERS.test(relative(root, file))) continue
    const users = (importers.get(file) ?? []).map((user) => texts.get(user) ?? '')
    for (const [, name = ''] of text.matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm)) {
      checked += 1
      if (!users.some((user) => new RegExp(`\\b${name}\\b`).test(user))) {
        t.fail(`${relative(root, file)} exports ${name}, which nobody imports`)
      }
    }
  }
  t.ok(checked > 500, `${checked} exports checked`)
})

t.test('rooms have the name of their job', async (t) => {
  for (const file of [...filesBelow(gatewayDir), ...filesBelow(consoleDir)]) {
    t.notMatch(file, /\b(utils?|helpers?|common-?utils|manager|service)\.tsx?$/)
  }
})

t.test('every mutant has its place, and is a program: what does not parse fails any test', async (t) => {
  for (const { name, file, find, put } of MUTANTS) {
    const text = readFileSync(join(gatewayDir, file), 'utf8')
    t.equal(text.split(find).length, 2, `${name}: once in ${file}`)
    t.doesNotThrow(() => stripTypeScriptTypes(text.replace(find, () => put)), name)
  }
  t.ok(MUTANTS.length > 40, `${MUTANTS.length} mutants`)
})

t.test('tests run side by side: no two of their files have virtual cameras in the same network', async (t) => {
  const files = Map.groupBy(
    filesBelow(testDir).flatMap((file) => {
      const networks = readFileSync(file, 'utf8').matchAll(/\b127\.0\.(?!0\b)\d+(?=\.)/g)
      return [...new Set([...networks].map(([network]) => network))].map((network) => ({ network, file }))
    }),
    ({ network }) => network,
  )
  for (const [network, users] of files) {
    t.equal(users.length, 1, `${network}.0/24: ${users.map(({ file }) => relative(testDir, file)).join(', ')}`)
  }
  t.ok(files.size > 30, `${files.size} networks checked`)
})
