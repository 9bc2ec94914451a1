import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { noSuch, problemDocument } from '../gateway/errors.ts'
import { asGiven, inLanguage } from '../gateway/words.ts'

/** `{ zh: …, en: … }` as it stands in the code. */
const PAIR = /\bzh:\s*(['`])((?:(?!\1).)*)\1,\s*en:\s*(['`"])((?:(?!\3).)*)\3/gsu

t.test(
  'what the gateway says in two languages is said in each; what it only hands on is not its own words',
  async (t) => {
    const gateway = resolve(import.meta.dirname, '../gateway')
    let checked = 0
    for (const file of readdirSync(gateway, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.includes('generated')) continue
      const code = readFileSync(join(gateway, file), 'utf8')
      t.notMatch(code, /\basGiven\(['"]/, `${file}: words of ours are in both languages`)
      for (const [, , zh = '', , en = ''] of code.matchAll(PAIR)) {
        checked += 1
        // Examples of a table are the same in both; no sentence is.
        if (zh === en ? / /.test(zh) : !/[\p{Script=Han}：]/u.test(zh)) t.fail(`${file}: no Chinese in ${zh}`)
        if (/\p{Script=Han}/u.test(en)) t.fail(`${file}: Chinese in ${en}`)
      }
    }
    t.ok(checked > 200, `${checked} pairs`)
  },
)

t.test('in the language of whoever asked, in both where none was named, and once where there is but one', async (t) => {
  const missing = (language?: string) => problemDocument(noSuch('camera'), language).detail
  t.equal(missing('zh-CN'), '没有这个摄像头')
  t.equal(missing('en'), 'there is no such camera')
  t.equal(missing(), '没有这个摄像头 (there is no such camera)')
  for (const language of ['zh-CN', 'en', undefined])
    t.equal(inLanguage(asGiven('SOAP-ENV:Fault'), language), 'SOAP-ENV:Fault')
})
