import type { Link } from '../contracts/link.ts'

/** Column title and cell of the register as a table. */
const COLUMNS: readonly (readonly [string, (link: Link) => string | undefined])[] = [
  ['id', (link) => link.id],
  ['cameraId', (link) => link.cameraId],
  ['cameraName', (link) => link.cameraName],
  ['cellCode', (link) => link.cellCode],
  ['ownership', (link) => link.ownership],
  ['state', (link) => link.state],
  ['stateSince', (link) => link.stateSince],
  ['stateReason', (link) => link.stateReason],
  ['partyKind', (link) => link.party.kind],
  ['partyName', (link) => link.party.name],
  ['partyContact', (link) => link.party.contact],
  ['basis', (link) => link.basis],
  ['purpose', (link) => link.purpose],
  ['scopes', (link) => (link.consent ?? link).scopes.join(' ')],
  ['hours', (link) => hoursText(link.consent?.hours ?? link.hours)],
  ['validFrom', (link) => link.validFrom],
  ['validUntil', (link) => link.consent?.validUntil ?? link.validUntil],
  ['consentVersion', (link) => link.consent?.version.toString()],
  ['consentForm', ({ consent }) => consent && (consent.paper === undefined ? 'owner' : 'paper')],
  ['documentHash', (link) => link.consent?.paper?.documentHash],
  ['filingNumber', (link) => link.filing?.number],
  ['filingDate', (link) => link.filing?.date],
  ['createdAt', (link) => link.createdAt],
]

const hoursText = (hours: Link['hours']): string | undefined =>
  hours === undefined ? undefined : `${hours.from}-${hours.to}`

/** A spreadsheet takes a cell that begins like this for a formula (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n]/

/** RFC 4180 §2.5-7, always quoted; what would be a formula becomes text. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text.trimStart()) || FORMULA.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}

const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`

/** With the mark by which spreadsheets know UTF-8. */
export const csvHead = (): string => `\ufeff${csvLine(COLUMNS.map(([title]) => title))}`

export const csvRow = (link: Link): string => csvLine(COLUMNS.map(([, cell]) => cell(link) ?? ''))
