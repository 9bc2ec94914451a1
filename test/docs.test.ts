import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as topics from '../gateway/mqtt/topics.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '..', path), 'utf8')
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
