import { effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Area, fetchWords, Key, LanguageCode } from './areas.ts'

const STORAGE_KEY = 'gridlight.language'

export type Translate = (key: Key, values?: Readonly<Record<string, string | number>>) => string

export interface Language {
  readonly code: ReadonlySignal<LanguageCode>
  /** Words in the language of now; a component that calls it is drawn again when the language changes. */
  readonly t: Translate
  /** True for keys that this page has words for; a newer gateway may know problems that it does not. */
  isKey(key: string): key is Key
  /** Fetches words before they are drawn. @throws where they cannot be fetched */
  need(areas: readonly Area[]): Promise<void>
  /** Changes the language of all that is on the screen, at once. @returns false where its words cannot be fetched */
  choose(code: LanguageCode): Promise<boolean>
}

interface LanguageParts {
  storage: Pick<Storage, 'getItem' | 'setItem'>
  root: { lang: string }
  fetch: typeof fetchWords
  /** Runs something when the page has what it needs. */
  later: (work: () => void) => void
}

/** Replaces `{name}` by its value; an unknown name stays as it is, which the dictionary's test finds. */
function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

const otherThan = (code: LanguageCode): LanguageCode => (code === 'en' ? 'zh-CN' : 'en')

export function createLanguage({ storage, root, fetch, later }: LanguageParts): Language {
  const code = signal<LanguageCode>(storage.getItem(STORAGE_KEY) === 'en' ? 'en' : 'zh-CN')
  const needed = new Set<Area>()
  const fetched = { 'zh-CN': new Map<Area, Promise<void>>(), en: new Map<Area, Promise<void>>() }
  const words: Record<LanguageCode, Record<string, string>> = { 'zh-CN': {}, en: {} }
  effect(() => {
    root.lang = code.value
  })

  function fetchOnce(language: LanguageCode, area: Area): Promise<void> {
    const known = fetched[language].get(area)
    if (known !== undefined) return known
    const arrival = fetch(area, language).then(
      (found) => void Object.assign(words[language], found),
      (error) => {
        fetched[language].delete(area)
        throw error
      },
    )
    fetched[language].set(area, arrival)
    return arrival
  }

  async function complete(language: LanguageCode): Promise<void> {
    await Promise.all([...needed].map((area) => fetchOnce(language, area)))
  }

  return {
    code,
    t: (key, values) => {
      // The key itself is never seen: a test holds that every page names the areas of its words.
      const text = words[code.value][key] ?? key
      return values === undefined ? text : fill(text, values)
    },
    isKey: (key): key is Key => Object.hasOwn(words[code.value], key),
    async need(areas) {
      for (const area of areas) needed.add(area)
      await complete(code.value)
      // A switch that finds them missing fetches them itself.
      later(() => void complete(otherThan(code.value)).catch(() => undefined))
    },
    async choose(next) {
      try {
        let count: number
        do {
          count = needed.size
          await complete(next)
          // A page may have been opened meanwhile, which is in the language of before.
        } while (needed.size !== count)
      } catch {
        return false
      }
      code.value = next
      storage.setItem(STORAGE_KEY, next)
      return true
    },
  }
}
