import { readFileSync } from 'node:fs'
import t from 'tap'
import { contrast, type Rgb } from '../e2e/colours.ts'

const CSS = readFileSync('web-console/src/style/tokens.css', 'utf8')

/** The tokens of the first rule with that selector. */
function tokensOf(selector: string): Map<string, Rgb> {
  const rule = CSS.slice(CSS.indexOf(`${selector} {`)).split('}', 1)[0] ?? ''
  const found = rule.matchAll(/--([\w-]+): #(\w\w)(\w\w)(\w\w);/g)
  const byte = (hex = ''): number => Number.parseInt(hex, 16)
  return new Map(
    [...found].map(([, name = '', red, green, blue]) => [name, [byte(red), byte(green), byte(blue)] as const]),
  )
}

const ofAll = tokensOf(':root')
const themes = { dark: tokensOf('[data-theme="dark"]'), light: tokensOf('[data-theme="light"]') }

type Pair = [front: string, back: string, least: number]
const on = (front: string, backs: readonly string[], least: number): Pair[] => backs.map((back) => [front, back, least])

const GROUNDS = ['ground', 'panel', 'raised']
/** console.md §3: words 4.5:1, those of wall and patrol page 7:1; what is no word 3:1 (WCAG 1.4.3, 1.4.6, 1.4.11). */
const PAIRS: readonly Pair[] = [
  ...on('text', [...GROUNDS, 'accent-ground', 'fault-ground'], 7),
  ...on('secondary', [...GROUNDS, 'accent-ground'], 4.5),
  ...on('control', GROUNDS, 3),
  ...on('accent', [...GROUNDS, 'accent-ground'], 4.5),
  ...on('fault', [...GROUNDS, 'fault-ground'], 4.5),
  ...on('primary-text', ['primary'], 4.5),
]
/** console.md §2, in the dark theme. */
const PLANNED: readonly Pair[] = [
  ['text', 'panel', 12.9],
  ['secondary', 'panel', 7.4],
  ['control', 'panel', 3.5],
]
/** console.md §2: the digit of each priority on its colour. */
const DIGITS: readonly [token: string, least: number][] = [
  ['p1', 6.1],
  ['p2', 13.2],
  ['p3', 20.3],
  ['p4', 8.8],
]

for (const [name, tokens] of Object.entries(themes)) {
  t.test(`what the tokens make can be read, ${name}`, async (t) => {
    const all = new Map([...ofAll, ...tokens])
    const digits = DIGITS.map(([token, least]): Pair => ['glyph', token, least])
    const pairs = [...PAIRS, ...digits, ...(name === 'dark' ? PLANNED : [])]
    for (const [front, back, least] of pairs) {
      const [one, other] = [all.get(front), all.get(back)]
      const found = one === undefined || other === undefined ? 0 : contrast(one, other)
      t.ok(found >= least, `${front} on ${back}: ${found.toFixed(2)}:1 of ${least}`)
    }
    t.ok(pairs.length > 20, `${pairs.length} pairs`)
  })
}
