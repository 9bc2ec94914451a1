import { effect, type ReadonlySignal, signal } from '@preact/signals'
import { en } from './en.ts'
import { zhCn } from './zh-cn.ts'

export type Key = keyof typeof zhCn
export type LanguageCode = 'zh-CN' | 'en'

const DICTIONARIES: Readonly<Record<LanguageCode, Readonly<Record<Key, string>>>> = { 'zh-CN': zhCn, en }
const STORAGE_KEY = 'gridlight.language'

export type Translate = (key: Key, values?: Readonly<Record<string, string | number>>) => string

export interface Language {
  readonly code: ReadonlySignal<LanguageCode>
  /** Words in the language of now; a component that calls it is drawn again when the language changes. */
  readonly t: Translate
  choose(code: LanguageCode): void
}

/** True for codes of the dictionary; a newer gateway may know problems that this page does not. */
export const isKey = (key: string): key is Key => Object.hasOwn(zhCn, key)

/** Replaces `{name}` by its value; an unknown name stays as it is, which the dictionary's test finds. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

export function createLanguage(storage: Pick<Storage, 'getItem' | 'setItem'>, root: HTMLElement): Language {
  const code = signal<LanguageCode>(storage.getItem(STORAGE_KEY) === 'en' ? 'en' : 'zh-CN')
  effect(() => {
    root.lang = code.value
    document.title = DICTIONARIES[code.value]['app.title']
  })
  return {
    code,
    t: (key, values) => {
      const text = DICTIONARIES[code.value][key]
      return values === undefined ? text : fill(text, values)
    },
    choose: (next) => {
      code.value = next
      storage.setItem(STORAGE_KEY, next)
    },
  }
}
