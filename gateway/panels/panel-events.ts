import type { AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import type { CodeTable, CodeTables } from './panel-codes.ts'

/** One event of a report, in our terms. */
export interface PanelEvent {
  /** Which trouble begins or ends: code, area and zone. */
  channel: string
  type: AlarmType
  priority: Priority | undefined
  state: AlarmState
  /** It happened again, and ends what was open; false: the panel says that it still lasts. */
  renews: boolean
  text: string
  data: Readonly<Record<string, string>>
}

export type ReadEvents =
  /** No events: the panel says that it lives, or who armed it. */
  { ok: true; events: PanelEvent[] } | { ok: false; why: string }

/** Events of one report; a panel that packs more is not one. */
const MAX_EVENTS = 32

/** The data of a message by its kind (DC-09-2013 §5.5.1.7). Never throws. */
export function readEvents(id: string, data: string, tables: CodeTables): ReadEvents | undefined {
  if (id === 'ADM-CID') return readContactId(data, tables.contactId)
  if (id === 'SIA-DCS') return readSiaDcs(data, tables.siaDcs)
  return undefined
}

/** Ademco Contact ID (DC-05-1999.09): qualifier, event code, group, zone, such as `1130 01 005`. */
const CONTACT_ID = /^\s*([136])([0-9A-F]{3})\s+([0-9A-F]{1,2})\s+([0-9A-F]{1,3})\s*$/i

function readContactId(data: string, table: CodeTable): ReadEvents {
  const [, qualifier, code = '', area = '', zone = ''] = CONTACT_ID.exec(data) ?? []
  if (qualifier === undefined) return { ok: false, why: 'is not a Contact ID event' }
  const state = qualifier === '3' ? 'cleared' : 'active'
  const told = eventOf(table, code, state, { area, zone }, '')
  return { ok: true, events: told.map((event) => ({ ...event, renews: qualifier !== '6' })) }
}

/** SIA format (DC-03-1990.01): `N` or `O`, then modifiers such as `ri1` and events such as `BA501`; text between carets. */
function readSiaDcs(data: string, table: CodeTable): ReadEvents {
  const text = /\^([^^]{0,200})\^?/.exec(data)?.[1]?.trim() ?? ''
  const plain = data.replace(/\^[^^]*\^?/g, ' ').trim()
  const [, body] = /^[NO](.*)$/s.exec(plain) ?? []
  if (body === undefined) return { ok: false, why: 'is not a SIA event' }
  const events: PanelEvent[] = []
  let area = ''
  let count = 0
  for (const [token] of body.matchAll(/[a-z]{2}[0-9:\-.?]*|[A-Z]{2}[0-9]{0,6}|[^\s/|*]/g)) {
    const [, name = '', value = ''] = /^([A-Za-z]{2})(.*)$/.exec(token) ?? []
    if (name === '') return { ok: false, why: `'${token.slice(0, 10)}' is not SIA format` }
    if (name === 'ri') area = value
    if (name === name.toLowerCase()) continue
    count++
    if (count > MAX_EVENTS) return { ok: false, why: `more than ${MAX_EVENTS} events` }
    const where = { area, zone: value }
    // One restoral may end an alarm and a trouble; what was not open stays as it is.
    const begun = Object.entries(table.alarms).flatMap(([code, { endedBy }]) => (endedBy?.includes(name) ? code : []))
    if (begun.length === 0) events.push(...eventOf(table, name, 'active', where, text))
    for (const code of begun) events.push(...eventOf(table, code, 'cleared', where, text))
  }
  return count === 0 ? { ok: false, why: 'has no event' } : { ok: true, events }
}

/** What the table says; a code that nobody knows is an alarm of type `other`, never nothing. */
function eventOf(
  table: CodeTable,
  code: string,
  state: AlarmState,
  { area, zone }: { area: string; zone: string },
  text: string,
): PanelEvent[] {
  if (table.tests.includes(code) || table.people.includes(code)) return []
  const known = Object.hasOwn(table.alarms, code) ? table.alarms[code] : undefined
  const place = [area === '' ? '' : `${area}`, zone].filter((part) => part !== '').join('/')
  const words = known === undefined ? `${code}` : `${known.words.zh} ${known.words.en} (${code})`
  return [
    {
      channel: `${table.id}:${code}:${area}:${zone}`,
      type: known?.type ?? 'other',
      priority: known?.priority,
      state,
      renews: true,
      text: [words, place, text].filter((part) => part !== '').join(' · '),
      data: { code, area, zone },
    },
  ]
}
