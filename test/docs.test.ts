import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
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
