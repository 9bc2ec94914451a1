/**
 * Every word of the console, by what speaks of it: a key's beginning belongs to one area, a page fetches the areas it
 * needs, in the language in use. Terms follow the glossary of product.md. `page-words.ts` says which page needs which.
 */
export const AREAS = {
  console: { 'zh-CN': () => import('./zh-cn/console.ts'), en: () => import('./en/console.ts') },
  alarm: { 'zh-CN': () => import('./zh-cn/alarm.ts'), en: () => import('./en/alarm.ts') },
  alarms: { 'zh-CN': () => import('./zh-cn/alarms.ts'), en: () => import('./en/alarms.ts') },
  case: { 'zh-CN': () => import('./zh-cn/case.ts'), en: () => import('./en/case.ts') },
  cases: { 'zh-CN': () => import('./zh-cn/cases.ts'), en: () => import('./en/cases.ts') },
  picture: { 'zh-CN': () => import('./zh-cn/picture.ts'), en: () => import('./en/picture.ts') },
  wall: { 'zh-CN': () => import('./zh-cn/wall.ts'), en: () => import('./en/wall.ts') },
  map: { 'zh-CN': () => import('./zh-cn/map.ts'), en: () => import('./en/map.ts') },
  patrol: { 'zh-CN': () => import('./zh-cn/patrol.ts'), en: () => import('./en/patrol.ts') },
  install: { 'zh-CN': () => import('./zh-cn/install.ts'), en: () => import('./en/install.ts') },
  device: { 'zh-CN': () => import('./zh-cn/device.ts'), en: () => import('./en/device.ts') },
  link: { 'zh-CN': () => import('./zh-cn/link.ts'), en: () => import('./en/link.ts') },
  links: { 'zh-CN': () => import('./zh-cn/links.ts'), en: () => import('./en/links.ts') },
  consent: { 'zh-CN': () => import('./zh-cn/consent.ts'), en: () => import('./en/consent.ts') },
  owner: { 'zh-CN': () => import('./zh-cn/owner.ts'), en: () => import('./en/owner.ts') },
  handover: { 'zh-CN': () => import('./zh-cn/handover.ts'), en: () => import('./en/handover.ts') },
  figures: { 'zh-CN': () => import('./zh-cn/figures.ts'), en: () => import('./en/figures.ts') },
  health: { 'zh-CN': () => import('./zh-cn/health.ts'), en: () => import('./en/health.ts') },
  audit: { 'zh-CN': () => import('./zh-cn/audit.ts'), en: () => import('./en/audit.ts') },
  sources: { 'zh-CN': () => import('./zh-cn/sources.ts'), en: () => import('./en/sources.ts') },
  channels: { 'zh-CN': () => import('./zh-cn/channels.ts'), en: () => import('./en/channels.ts') },
  people: { 'zh-CN': () => import('./zh-cn/people.ts'), en: () => import('./en/people.ts') },
  settings: { 'zh-CN': () => import('./zh-cn/settings.ts'), en: () => import('./en/settings.ts') },
  gallery: { 'zh-CN': () => import('./zh-cn/gallery.ts'), en: () => import('./en/gallery.ts') },
  transparency: { 'zh-CN': () => import('./zh-cn/transparency.ts'), en: () => import('./en/transparency.ts') },
}
export type Area = keyof typeof AREAS
export type LanguageCode = 'zh-CN' | 'en'

type WordsOf<A extends Area> = Awaited<ReturnType<(typeof AREAS)[A]['zh-CN']>>['words']
/** The Chinese words say which keys there are; the English ones are typed by them. */
export type Key = { [A in Area]: keyof WordsOf<A> }[Area]

export type Words = Readonly<Record<string, string>>

/** @throws where the gateway cannot be reached */
export const fetchWords = (area: Area, code: LanguageCode): Promise<Words> =>
  AREAS[area][code]().then(({ words }) => words)
