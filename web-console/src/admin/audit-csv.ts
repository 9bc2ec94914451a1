import { ViewReason } from '../../../gateway/contracts/view.ts'
import type { Language } from '../i18n/language.ts'
import { date } from '../time.ts'
import type { Entry } from './admin-calls.ts'

/** Words for an action, or its name where it is newer than this page. */
export function auditActionWords({ t, isKey }: Language, action: string): string {
  const key = `auditAction.${action}`
  return isKey(key) ? t(key) : action
}

/** Why it was refused, done or failed, in words; the code where it is newer than this page. */
function auditWhyWords({ t, isKey }: Language, why: string): string {
  const kinds = [`problem.${why}`, `viewEnd.${why}`, `reasonKind.${why}`, `channelFault.${why}`, `auditWhy.${why}`]
  const key = kinds.find(isKey)
  return key === undefined ? why : t(key)
}

/** A view's reason: its kind in words, and the viewer's own as given. */
export function auditReasonWords(language: Language, { why, detail }: Entry): string | undefined {
  if (why === undefined) return undefined
  const words = auditWhyWords(language, why)
  const reason = ViewReason.safeParse(detail?.reason)
  const text = reason.success && reason.data.kind === why ? reason.data.text : undefined
  return text === undefined ? words : `${words}${language.t('list.colon')}${text}`
}

/** People by their names; what the gateway does by itself, and who has no name, in words. */
export function actorWords({ t, isKey }: Language, { actorKind, actorName }: Entry): string {
  const key = `auditActor.${actorKind}.${actorName}`
  return isKey(key) ? t(key) : actorName
}

const COLUMNS = [
  'sequence',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'roles',
  'action',
  'object',
  'objectName',
  'result',
  'why',
  'detail',
  'hash',
] as const

/** A cell that begins like a formula is not one: spreadsheets run what they take for it. */
function cell(value: unknown): string {
  const text = value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${harmless.replaceAll('"', '""')}"`
}

/** RFC 4180, with the mark that lets spreadsheets see it is UTF-8. */
const auditCsv = (entries: readonly Entry[]): string =>
  `\ufeff${[COLUMNS.join(','), ...entries.map((entry) => COLUMNS.map((name) => cell(entry[name])).join(','))].join('\r\n')}\r\n`

/** Hands the entries to the person as a file. */
export function saveAuditCsv(entries: readonly Entry[]): void {
  const url = URL.createObjectURL(new Blob([auditCsv(entries)], { type: 'text/csv' }))
  const save = document.createElement('a')
  save.href = url
  save.download = `audit-${date(Date.now())}.csv`
  save.click()
  URL.revokeObjectURL(url)
}
