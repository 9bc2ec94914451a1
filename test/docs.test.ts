import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { LiveEvent } from '../gateway/contracts/event.ts'
import { PROBLEMS } from '../gateway/errors.ts'
import * as topics from '../gateway/mqtt/topics.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const sorted = (found: Iterable<string>): string[] => [...new Set(found)].sort()

t.test('the configuration page has a row for every variable, and for no other', async (t) => {
  const rows =
    read('docs/ref/configuration.md')
      .match(/^\| `.*?\|/gm)
      ?.join('') ?? ''
  t.same(
    sorted(rows.match(/GRIDLIGHT_[A-Z_]+/g) ?? []),
    sorted(read('gateway/config.ts').match(/GRIDLIGHT_[A-Z_]+/g) ?? []),
  )
})

t.test('the MQTT page has a row for every topic, and for no other', async (t) => {
  const { parseInput: _, OUTPUT_ROOT: __, ...rest } = topics
  const told = read('docs/ref/mqtt.md').matchAll(/^\| `(gridlight\/[^`]+)`/gm)
  const made = Object.values(rest).map((topic) => (typeof topic === 'string' ? topic : topic('+')))
  t.same(sorted([...told].map(([, topic = '']) => topic.replace(/\{\w+\}/g, '+'))), sorted(made))
})

t.test('the HTTP page has a row for every problem and every live event, and for no other', async (t) => {
  const [, events = '', problems = ''] = read('docs/ref/http.md').split(/^## (?:Live events|Problems)$/m)
  const first = (rows: string): string[] => [...rows.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, word = '']) => word)
  t.same(sorted(first(events)), sorted([...LiveEvent.options.map(({ shape }) => shape.kind.value), 'reset']))
  t.same(sorted(first(problems)), sorted(Object.keys(PROBLEMS)))
  for (const [, code = '', status = '', words = ''] of problems.matchAll(/^\| `([a-z-]+)` \| (\d+) \| (.*) \|$/gm)) {
    const told: unknown = { status: Number(status), title: { en: words } }
    t.match(Object.entries(PROBLEMS).find(([name]) => name === code)?.[1], told, code)
  }
})

/** As the headings of a page are addressed. */
const anchorsOf = (page: string): string[] =>
  [...page.matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
    words
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

t.test('every link between pages leads somewhere', async (t) => {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((at) => join('docs', at))
  const profiles = readdirSync(join(root, 'device-profiles'), { recursive: true, encoding: 'utf8' })
  const pages = [...docs, ...profiles.map((at) => join('device-profiles', at)), 'README.md', 'CHANGELOG.md']
  let checked = 0
  for (const page of pages.filter((at) => at.endsWith('.md'))) {
    for (const [, target = ''] of read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      checked += 1
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : join(dirname(page), path)
      t.ok(existsSync(join(root, file)), `${page} leads to ${target}`)
      if (anchor !== undefined) t.ok(anchorsOf(read(file)).includes(anchor), `${page} leads to ${target}`)
    }
    for (const [, command = ''] of read(page).matchAll(/`(?:node )?\.?\/?(scripts\/[\w./-]+\w)/g)) {
      checked += 1
      t.ok(existsSync(join(root, command)), `${page} names ${command}`)
    }
  }
  t.ok(checked > 50, `${checked} links`)
})

t.test('Chinese is written with its own punctuation (GB/T 15834)', async (t) => {
  const guide = readdirSync(join(root, 'docs/guide/zh-CN')).filter((name) => name.endsWith('.md'))
  const prose = guide.map((name) => read(`docs/guide/zh-CN/${name}`).replace(/^```.*?^```/gms, ''))
  const told = ['gateway', 'scripts', 'device-profiles']
    .flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((at) => join(room, at)))
    .filter((at) => /\.(ts|json)$/.test(at) && !at.includes('generated'))
    .flatMap((at) => read(at).match(/"?zh"?: ["'`].*?["'`](?=[,\s}])/g) ?? [])
  for (const text of [...prose, ...told]) {
    const found = text.match(/.{0,20}(?:[\u4e00-\u9fff][,;:?!(]|[,;:?!)][\u4e00-\u9fff]).{0,20}/g)
    t.equal(found, null)
  }
  t.ok(prose.length >= 5 && told.length > 200, `${prose.length} pages and ${told.length} sentences read`)
})
