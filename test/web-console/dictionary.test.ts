import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { AlarmType } from '../../gateway/contracts/alarm.ts'
import { AuditAction } from '../../gateway/contracts/audit.ts'
import {
  CasePhase,
  CaseStep,
  FeedbackOutcome,
  NotificationState,
  TimelineAction,
} from '../../gateway/contracts/case.ts'
import { ChannelFault } from '../../gateway/contracts/channel.ts'
import { ProbeCheck } from '../../gateway/contracts/device.ts'
import { LinkScope, LinkState } from '../../gateway/contracts/link.ts'
import { ViewEnd, ViewReason, ViewRefusal } from '../../gateway/contracts/view.ts'
import { PROBLEMS } from '../../gateway/errors.ts'
import { LINK_ACTS } from '../../gateway/links/lifecycle.ts'
import { AREAS, type Area, fetchWords, type LanguageCode, type Words } from '../../web-console/src/i18n/areas.ts'
import { FIRST_WORDS, PAGE_WORDS } from '../../web-console/src/i18n/page-words.ts'

const sourceDir = resolve(import.meta.dirname, '../../web-console/src')
// Cast: the keys of a literal object are exactly its type's keys.
const areas = Object.keys(AREAS) as Area[]
const zhOf = await wordsIn('zh-CN')
const enOf = await wordsIn('en')
const zh: Words = Object.assign({}, ...zhOf.values())
const en: Words = Object.assign({}, ...enOf.values())
const keys = Object.keys(zh)

async function wordsIn(code: LanguageCode): Promise<Map<Area, Words>> {
  return new Map(await Promise.all(areas.map(async (area) => [area, await fetchWords(area, code)] as const)))
}

const sources = readdirSync(sourceDir, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/i18n\/(zh-cn|en)$/.test(entry.parentPath))
  .map(({ name, parentPath }) => {
    const path = join(parentPath, name)
    return { name, path, text: readFileSync(path, 'utf8') }
  })

/** Strings that are keys, and the beginnings of those put together, as in t(`scope.${scope}`). */
const literalsOf = (text: string): string[] =>
  [...text.matchAll(/['"]([\w-]+(?:\.[\w-]+)+)['"]/g)].map((m) => m[1] ?? '')
const prefixesOf = (text: string): string[] =>
  [...text.matchAll(/`([\w-]+\.(?:[\w-]+\.)*)\$\{/g)].map((m) => m[1] ?? '')
const literals = new Set(sources.flatMap(({ text }) => literalsOf(text)))
const prefixes = new Set(sources.flatMap(({ text }) => prefixesOf(text)))

const textOf = new Map(sources.map(({ path, text }) => [path, text]))
const IMPORTED = /^(?:import|export)(?! type) [^'"]*?from '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

/** A file with all that it imports, at once or later, except what `leaveOut` names. */
function reachedFrom(path: string, leaveOut: ReadonlySet<string>, found = new Set<string>()): Set<string> {
  const text = textOf.get(path)
  if (text === undefined || found.has(path) || leaveOut.has(path)) return found
  found.add(path)
  for (const match of text.matchAll(IMPORTED)) {
    reachedFrom(resolve(path, '..', match[1] ?? match[2] ?? ''), leaveOut, found)
  }
  return found
}

t.test('both languages have the same keys, and words for each', async (t) => {
  t.same(Object.keys(en).sort(), [...keys].sort())
  for (const [language, words] of Object.entries({ zh, en })) {
    for (const [key, text] of Object.entries(words)) t.notMatch(text, /^\s*$/, `${language} ${key}`)
  }
  t.ok(keys.length > 250, `${keys.length} keys checked`)
})

t.test('a key stands in one area, which all of its beginning share', async (t) => {
  t.equal(
    [...zhOf.values()].reduce((sum, words) => sum + Object.keys(words).length, 0),
    keys.length,
    'none twice',
  )
  const areasOf = new Map<string, Set<Area>>()
  for (const dictionary of [zhOf, enOf]) {
    for (const [area, words] of dictionary) {
      for (const key of Object.keys(words)) {
        const [beginning = ''] = key.split('.')
        areasOf.set(beginning, (areasOf.get(beginning) ?? new Set()).add(area))
      }
    }
  }
  for (const [beginning, found] of areasOf) t.equal(found.size, 1, `${beginning}: ${[...found]}`)
  t.ok(areasOf.size > 80, `${areasOf.size} beginnings checked`)
})

t.test('a page fetches the areas it has words of, and no other', async (t) => {
  const app = join(sourceDir, 'app.tsx')
  const files = new Map(
    [...(textOf.get(app) ?? '').matchAll(/import\('\.\/([\w/-]+-page\.tsx)'\)/g)].map(([, path = '']) => [
      path,
      join(sourceDir, path),
    ]),
  )
  const areasIn = (paths: Iterable<string>): Area[] => {
    const used = [...paths].map((path) => textOf.get(path) ?? '')
    const named = new Set(used.flatMap(literalsOf))
    const begun = [...new Set(used.flatMap(prefixesOf))]
    const says = (key: string): boolean => named.has(key) || begun.some((prefix) => key.startsWith(prefix))
    return areas.filter((area) => Object.keys(zhOf.get(area) ?? {}).some(says))
  }
  const pages = new Set(files.values())
  const first = reachedFrom(join(sourceDir, 'main.tsx'), pages)
  t.same(areasIn(first), FIRST_WORDS, 'what every page has')
  for (const [page, wanted] of Object.entries(PAGE_WORDS)) {
    const [, path] = [...files].find(([name]) => name.endsWith(`${page.slice(1)}-page.tsx`)) ?? []
    if (path === undefined) throw new Error(`app.tsx loads no page for ${page}`)
    const needed = areasIn([...reachedFrom(path, new Set())]).filter((area) => !FIRST_WORDS.includes(area))
    t.same([...wanted].sort(), needed.sort(), page)
  }
  t.equal(files.size, Object.keys(PAGE_WORDS).length, 'every page of the console')
})

t.test('both languages fill in the same values', async (t) => {
  const valuesOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort()
  for (const key of keys) t.same(valuesOf(en[key] ?? ''), valuesOf(zh[key] ?? ''), key)
})

t.test('Chinese words are Chinese, English words are English', async (t) => {
  for (const key of keys) {
    if (key === 'language.other') continue
    t.notMatch(en[key] ?? '', /[\u3000-\u9fff]/, key)
    t.notMatch(zh[key] ?? '', /[\u4e00-\u9fff],|,[\u4e00-\u9fff]/, `${key}: full-width punctuation`)
  }
})

t.test('no key is unused', async (t) => {
  const unused = keys.filter((key) => !literals.has(key) && ![...prefixes].some((prefix) => key.startsWith(prefix)))
  t.same(unused, [])
  t.ok(sources.length > 30, `${sources.length} files searched`)
})

t.test('no key is missing', async (t) => {
  const used = sources.flatMap(({ name, text }) =>
    [...text.matchAll(/\bt\(\s*'([^']+)'/g)].map((match) => ({ name, key: match[1] ?? '' })),
  )
  for (const { name, key } of used) t.ok(key in zh, `${key} in ${name}`)
  t.ok(used.length > 150, `${used.length} uses checked`)
  for (const prefix of prefixes)
    t.ok(
      keys.some((key) => key.startsWith(prefix)),
      `${prefix}… has keys`,
    )
})

t.test('every member of a vocabulary has words, and no word is left of an old one', async (t) => {
  const vocabularies = {
    alarmType: AlarmType.options,
    viewEnd: ViewEnd.options,
    linkState: LinkState.options,
    ownerState: LinkState.options,
    scope: LinkScope.options,
    caseStep: CaseStep.options,
    casePhase: CasePhase.options,
    caseAction: TimelineAction.options,
    outcome: FeedbackOutcome.options,
    notification: NotificationState.options,
  }
  for (const [prefix, members] of Object.entries(vocabularies)) {
    const worded = keys.filter((key) => key.startsWith(`${prefix}.`)).map((key) => key.slice(prefix.length + 1))
    t.same(worded.sort(), [...members].sort(), prefix)
  }
  for (const name of ProbeCheck.shape.name.options) t.ok(`check.${name}` in zh, `check.${name}`)
})

t.test('every problem has its cause in words, and its next step where there is one', async (t) => {
  for (const [code, kind] of Object.entries(PROBLEMS)) {
    t.ok(`problem.${code}` in zh, code)
    if ('nextStep' in kind) t.ok(`problem.${code}.next` in zh, `${code}.next`)
  }
  for (const refusal of ViewRefusal.options) t.ok(`problem.${refusal}` in zh, refusal)
  const own = ['nextStep', 'offline', 'answer-not-understood']
  const worded = keys.filter((key) => key.startsWith('problem.')).map((key) => key.split('.')[1] ?? '')
  t.same([...new Set(worded)].filter((code) => !(code in PROBLEMS)).sort(), own.sort(), 'no words for old problems')
})

t.test('every action of the audit trail has words', async (t) => {
  const worded = keys.filter((key) => key.startsWith('auditAction.')).map((key) => key.slice('auditAction.'.length))
  t.same(worded.sort(), [...AuditAction.options].sort())
})

t.test('every reason that the audit trail gives has words on its page', async (t) => {
  const onPage = new Set([...FIRST_WORDS, ...PAGE_WORDS['/audit']].flatMap((area) => Object.keys(zhOf.get(area) ?? {})))
  const own = [...LINK_ACTS.filter((act) => act !== 'open'), 'disabled', 'everywhere', 'retention']
  const others = [...ViewRefusal.options, ...ViewEnd.options, ...ViewReason.shape.kind.options, ...ChannelFault.options]
  for (const why of [...own, ...others]) {
    const kinds = ['problem', 'viewEnd', 'reasonKind', 'channelFault', 'auditWhy']
    t.ok(
      kinds.some((kind) => onPage.has(`${kind}.${why}`)),
      why,
    )
  }
  const worded = keys.filter((key) => key.startsWith('auditWhy.')).map((key) => key.slice('auditWhy.'.length))
  t.same(worded.sort(), own.sort(), 'no words for old reasons')
})
