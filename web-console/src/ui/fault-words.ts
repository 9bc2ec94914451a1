import type { Language } from '../i18n/language.ts'
import { problemWords } from './problem-note.tsx'

/** Why a camera or a stream does not come, in words; the code itself where it is newer than this page. */
export function faultWords(language: Language, code: string): string {
  const key = `fault.${code}`
  return language.isKey(key) ? language.t(key) : problemWords(language, { status: 0, code }).cause
}
