// Brings a fresh checkout to where it can run; uses nothing but Node >= 20.19 itself, and does only what is missing.
// usage: node scripts/bootstrap.mjs up | demo | test | cli
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const runtime = join(root, 'node_modules/.bin/node')
const stampDir = join(root, 'node_modules/.gridlight')

/** Debian packages by what they are needed for. */
const RUN = ['ffmpeg']
const DEMO = [...RUN, 'fonts-wqy-zenhei']
const TEST = [
  ...DEMO,
  'chromium',
  'mosquitto',
  'strace',
  'postgresql',
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-bad',
  'gstreamer1.0-plugins-ugly',
]

const purpose = process.argv[2] ?? 'up'
const wanted = { cli: [], up: RUN, demo: DEMO, test: TEST }[purpose]
if (wanted === undefined) fail(64, '用法: node scripts/bootstrap.mjs up|demo|test|cli', `unknown purpose ${purpose}`)

requireNode(20, 19)
installDebian(wanted)
once('npm', ['package-lock.json'], 'node_modules', () =>
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']),
)
if (!existsSync(runtime)) {
  fail(
    69,
    '没有适用于本平台的 Node 24，请安装 Node >= 22.14 的 glibc Linux',
    'no Node 24 package exists for this platform; Gridlight runs on glibc Linux, x64 and arm64',
  )
}
once(
  'prisma',
  ['gateway/storage/models.prisma', 'scripts/prisma.ts', 'package-lock.json'],
  'gateway/storage/generated',
  () => run(runtime, ['scripts/prisma.ts', 'generate']),
)
if (purpose !== 'cli') {
  once('console', ['web-console', 'gateway/contracts', 'package-lock.json'], 'web-console/dist', () =>
    run(runtime, ['node_modules/vite/bin/vite.js', 'build', 'web-console', '--logLevel', 'warn']),
  )
}
if (purpose === 'test')
  once('tap', ['package.json', 'package-lock.json'], '.tap/plugins', () => run('npm', ['exec', '--', 'tap', 'build']))

function requireNode(major, minor) {
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number)
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return
  fail(
    69,
    `需要 Node ${major}.${minor} 或更新，当前 ${process.versions.node}`,
    `Node ${major}.${minor} or newer is needed, this is ${process.versions.node}`,
  )
}

function installDebian(packages) {
  const listed = spawnSync('dpkg', ['--get-selections', ...packages], { encoding: 'utf8' })
  const present = (listed.stdout ?? '').split('\n').map((line) => line.split(/[\t:]/)[0])
  const missing = packages.filter((name) => !present.includes(name))
  if (missing.length === 0) return
  say(`安装 Debian 软件包 / installing Debian packages: ${missing.join(' ')}`)
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-q', '-y', ...args]
    return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'pipe'], env: environment, encoding: 'utf8' })
  }
  let result = apt('install', '--no-install-recommends', ...missing)
  if (result.status !== 0) {
    apt('update')
    result = apt('install', '--no-install-recommends', ...missing)
  }
  if (result.status !== 0) {
    fail(
      69,
      `请先安装: apt-get install --no-install-recommends ${missing.join(' ')}`,
      `could not install ${missing.join(' ')}: ${result.stderr?.trim() || result.error?.message}`,
    )
  }
}

/** Runs `work` unless it ran for just these inputs before and what it made is still there. */
function once(name, inputs, made, work) {
  const digest = createHash('sha256')
  for (const input of inputs)
    for (const file of filesBelow(join(root, input))) digest.update(relative(root, file)).update(readFileSync(file))
  const fingerprint = digest.digest('hex')
  const stamp = join(stampDir, name)
  const isMade = existsSync(join(root, made))
  if (isMade && existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return
  say(
    {
      npm: '安装依赖 / installing packages',
      prisma: '生成数据库客户端 / generating database clients',
      console: '构建控制台 / building the console',
      tap: '准备测试 / preparing the test runner',
    }[name],
  )
  work()
  mkdirSync(stampDir, { recursive: true })
  writeFileSync(stamp, fingerprint)
}

function filesBelow(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path)
    .filter((name) => name !== 'dist' && name !== 'node_modules')
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0)
    fail(70, `命令失败: ${command} ${args.join(' ')}`, `${command} failed${error ? `: ${error.message}` : ''}`)
}

function say(line) {
  process.stderr.write(`· ${line}\n`)
}

function fail(code, zh, en) {
  process.stderr.write(`${zh}\n${en}\n`)
  process.exit(code)
}
