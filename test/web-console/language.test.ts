import t from 'tap'
import { type Area, fetchWords, type LanguageCode, type Words } from '../../web-console/src/i18n/areas.ts'
import { createLanguage, type Language } from '../../web-console/src/i18n/language.ts'

interface Opened {
  language: Language
  root: { lang: string }
  storage: Map<string, string>
  /** What was fetched, in this order. */
  fetched: string[]
  /** The page has what it needs. */
  settle(): Promise<void>
}

function open(stored?: LanguageCode, fetch: (area: Area, code: LanguageCode) => Promise<Words> = fetchWords): Opened {
  const root = { lang: '' }
  const storage = new Map<string, string>(stored === undefined ? [] : [['gridlight.language', stored]])
  const fetched: string[] = []
  const waiting: (() => void)[] = []
  const language = createLanguage({
    storage: { getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => void storage.set(key, value) },
    root,
    fetch: (area, code) => {
      fetched.push(`${code} ${area}`)
      return fetch(area, code)
    },
    later: (work) => void waiting.push(work),
  })
  const settle = async (): Promise<void> => {
    for (const work of waiting.splice(0)) work()
    await new Promise(setImmediate)
  }
  return { language, root, storage, fetched, settle }
}

t.test('the words of one language are fetched, those of the other a moment later', async (t) => {
  const { language, root, fetched, settle } = open()
  await language.need(['console'])
  await language.need(['patrol', 'alarm'])
  await language.need(['alarm'])
  t.equal(root.lang, 'zh-CN')
  t.equal(language.t('action.retry'), '重试')
  t.same(fetched, ['zh-CN console', 'zh-CN patrol', 'zh-CN alarm'], 'each once')
  await settle()
  t.same(fetched.slice(3), ['en console', 'en patrol', 'en alarm'])
  t.equal(await language.choose('en'), true)
  t.equal(fetched.length, 6, 'the switch waits for nothing')
  t.equal(language.t('action.retry'), 'Try again')
  t.equal(root.lang, 'en')
})

t.test('who chose English once is never shown Chinese', async (t) => {
  const { language, root, fetched } = open('en')
  await language.need(['console'])
  t.same([root.lang, ...fetched], ['en', 'en console'])
  t.equal(language.t('list.more', { n: 3 }), 'Show more (3)')
})

t.test('only what is known is a key', async (t) => {
  const { language } = open()
  await language.need(['console'])
  t.ok(language.isKey('problem.not-found'))
  t.notOk(language.isKey('problem.of-a-newer-gateway'))
  t.notOk(language.isKey('constructor'))
})

t.test('a language whose words cannot be fetched is not chosen', async (t) => {
  const fetch = async (area: Area, code: LanguageCode): Promise<Words> => {
    if (code === 'en') throw new Error('no network')
    return fetchWords(area, code)
  }
  const { language, root, storage, settle } = open(undefined, fetch)
  await language.need(['console'])
  await settle()
  t.equal(await language.choose('en'), false)
  t.same([language.code.value, root.lang, storage.get('gridlight.language')], ['zh-CN', 'zh-CN', undefined])
  t.equal(language.t('action.retry'), '重试')
})

t.test('a page that is opened while the language changes has words in the new one', async (t) => {
  const orders: [name: string, first: string][] = [
    ['the switch ends first', 'en'],
    ['the page comes first', 'zh-CN'],
  ]
  for (const [name, first] of orders) {
    const waiting = new Map<string, () => void>()
    const fetch = async (area: Area, code: LanguageCode): Promise<Words> => {
      if (area !== 'console' || code === 'en') {
        await new Promise<void>((resolve) => waiting.set(`${code} ${area}`, resolve))
      }
      return fetchWords(area, code)
    }
    const { language } = open(undefined, fetch)
    await language.need(['console'])
    const chosen = language.choose('en')
    const needed = language.need(['wall'])
    let hasEnded = false
    const all = Promise.all([chosen, needed]).then(() => {
      hasEnded = true
    })
    while (!hasEnded) {
      const [next] = [...waiting.keys()].sort(
        (one, other) => Number(other.startsWith(first)) - Number(one.startsWith(first)),
      )
      const go = waiting.get(next ?? '')
      waiting.delete(next ?? '')
      go?.()
      await new Promise(setImmediate)
    }
    await all
    t.equal(language.t('wall.layout'), 'Layout', name)
  }
})
