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
import { ProbeCheck } from '../../gateway/contracts/device.ts'
import { LinkScope, LinkState } from '../../gateway/contracts/link.ts'
import { ViewEnd, ViewRefusal } from '../../gateway/contracts/view.ts'
import { PROBLEMS } from '../../gateway/errors.ts'
import { en } from '../../web-console/src/i18n/en.ts'
import { zhCn } from '../../web-console/src/i18n/zh-cn.ts'

const sourceDir = resolve(import.meta.dirname, '../../web-console/src')
const zh: Readonly<Record<string, string>> = zhCn
const keys = Object.keys(zh)

const sources = readdirSync(sourceDir, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/^(zh-cn|en)\.ts$/.test(entry.name))
  .map((entry) => ({ name: entry.name, text: readFileSync(join(entry.parentPath, entry.name), 'utf8') }))

/** Strings that are keys, and the beginnings of those put together, as in t(`scope.${scope}`). */
const literals = new Set(
  sources.flatMap(({ text }) => [...text.matchAll(/['"]([\w-]+(?:\.[\w-]+)+)['"]/g)].map((m) => m[1])),
)
const prefixes = new Set(
  sources.flatMap(({ text }) => [...text.matchAll(/`([\w-]+\.(?:[\w-]+\.)*)\$\{/g)].map((m) => m[1] ?? '')),
)

t.test('both languages have the same keys, and words for each', async (t) => {
  t.same(Object.keys(en).sort(), [...keys].sort())
  for (const [language, words] of Object.entries({ zh, en })) {
    for (const [key, text] of Object.entries(words)) t.notMatch(text, /^\s*$/, `${language} ${key}`)
  }
  t.ok(keys.length > 250, `${keys.length} keys checked`)
})

t.test('both languages fill in the same values', async (t) => {
  const valuesOf = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort()
  for (const key of keys) t.same(valuesOf(en[key as keyof typeof en]), valuesOf(zh[key] ?? ''), key)
})

t.test('Chinese words are Chinese, English words are English', async (t) => {
  for (const key of keys) {
    if (key === 'language.other') continue
    t.notMatch(en[key as keyof typeof en], /[\u3000-\u9fff]/, key)
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
