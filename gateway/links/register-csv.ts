import type { Link, OwnerView } from '../contracts/link.ts'
import type { RegisterRow } from '../contracts/register.ts'

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
  ['consentForm', formText],
  ['documentHash', (link) => link.consent?.paper?.documentHash],
  ['filingNumber', (link) => link.filing?.number],
  ['filingDate', (link) => link.filing?.date],
  ['createdAt', (link) => link.createdAt],
]

function formText(link: Link | undefined): string | undefined {
  if (link?.consent === undefined) return undefined
  return link.consent.paper === undefined ? 'owner' : 'paper'
}

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

const REGISTER_COLUMNS: readonly (readonly [string, (row: RegisterRow) => string | undefined])[] = [
  ['cameraId', (row) => row.cameraId],
  ['cameraName', (row) => row.cameraName],
  ['cellCode', (row) => row.cellCode],
  ['placeClass', (row) => row.placeClass],
  ['ownership', (row) => row.ownership],
  ['inUseOn', (row) => row.inUseOn],
  ['filingState', (row) => row.filingState],
  ['filingDueOn', (row) => row.filingDueOn],
  ['filingNumber', (row) => row.filing?.number],
  ['filingDate', (row) => row.filing?.date],
  ['signOn', (row) => row.signOn],
  ['retentionDays', (row) => row.retentionDays?.toString()],
  ['faults', (row) => row.faults.join(' ')],
  ['linkId', (row) => row.link?.id],
  ['linkState', (row) => row.link?.state],
  ['partyKind', (row) => row.link?.party.kind],
  ['partyName', (row) => row.link?.party.name],
  ['partyContact', (row) => row.link?.party.contact],
  ['basis', (row) => row.link?.basis],
  ['purpose', (row) => row.link?.purpose],
  ['scopes', ({ link }) => link && (link.consent ?? link).scopes.join(' ')],
  ['hours', ({ link }) => hoursText(link?.consent?.hours ?? link?.hours)],
  ['validFrom', (row) => row.link?.validFrom],
  ['validUntil', (row) => row.link?.consent?.validUntil ?? row.link?.validUntil],
  ['consentForm', ({ link }) => formText(link)],
  ['documentHash', (row) => row.link?.consent?.paper?.documentHash],
]

export const registerCsvHead = (): string => `\ufeff${csvLine(REGISTER_COLUMNS.map(([title]) => title))}`

export const registerCsvRow = (row: RegisterRow): string => csvLine(REGISTER_COLUMNS.map(([, cell]) => cell(row) ?? ''))

const VIEW_COLUMNS: readonly (readonly [string, (view: OwnerView) => string | undefined])[] = [
  ['startedAt', (view) => view.startedAt],
  ['endedAt', (view) => view.endedAt],
  ['durationSeconds', (view) => view.durationSeconds.toString()],
  ['viewer', (view) => view.viewer],
  ['unit', (view) => view.unit],
  ['kind', (view) => view.kind],
  ['reason', (view) => view.reason.kind],
  ['reasonText', (view) => view.reason.text],
  ['caseId', (view) => view.reason.caseId],
  ['endedWhy', (view) => view.endedWhy],
  ['heardAt', (view) => view.heardAt],
]

/** The owner's ledger as a table. */
export const ledgerCsvHead = (): string => `\ufeff${csvLine(VIEW_COLUMNS.map(([title]) => title))}`

export const ledgerCsvRow = (view: OwnerView): string => csvLine(VIEW_COLUMNS.map(([, cell]) => cell(view) ?? ''))
