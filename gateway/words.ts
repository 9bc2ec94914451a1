import { z } from 'zod'

/** A sentence to people, in both languages. */
export const Words = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) })
export type Words = z.infer<typeof Words>

/** What a device, a standard or another program says, which nobody translates. */
export const asGiven = (text: string): Words => ({ zh: text, en: text })

/** Facts as they are, sentences of ours in both languages. */
export const inBoth = (text: string | Words): Words => (typeof text === 'string' ? asGiven(text) : text)

/** In the caller's language; both where none was named. */
export function inLanguage({ zh, en }: Words, acceptLanguage: string | undefined): string {
  const first = acceptLanguage?.trim().slice(0, 2).toLowerCase()
  if (first === 'zh') return zh
  if (first === 'en') return en
  return zh === en ? en : `${zh} (${en})`
}
