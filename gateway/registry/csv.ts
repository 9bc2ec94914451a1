/** `lines`: the row of the spreadsheet each row stands in, the first being 1; empty rows are counted and left out. */
export type Csv = { ok: true; rows: string[][]; lines: number[] } | { ok: false; why: string }

const MAX_ROWS = 1_001
const MAX_FIELD_CHARS = 2_000

/**
 * Text of a spreadsheet's export: UTF-8 with or without byte order mark, or GB 18030, which office programs in China
 * write by default.
 */
export function decodeCsv(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('gb18030').decode(bytes)
  }
}

/**
 * Reads separated values (RFC 4180), with the separator of the first line: comma, semicolon or tab. Empty
 * lines are left out, fields are trimmed.
 */
export function parseCsv(text: string): Csv {
  const rows: string[][] = []
  const lines: number[] = []
  let row: string[] = []
  let line = 0
  const separator = separatorOf(text)
  const field = FIELDS[separator]
  field.lastIndex = 0
  const end = (): void => {
    line += 1
    if (row.some((value) => value !== '')) {
      rows.push(row)
      lines.push(line)
    }
    row = []
  }
  while (field.lastIndex < text.length) {
    const at = field.lastIndex
    const match = field.exec(text)
    if (match === null)
      return {
        ok: false,
        why: `a quotation mark is not closed or misplaced, in row ${rows.length + 1} (character ${at})`,
      }
    const value = (match[1]?.replaceAll('""', '"') ?? match[2] ?? '').trim()
    if (value.length > MAX_FIELD_CHARS)
      return { ok: false, why: `a field of ${value.length} characters in row ${rows.length + 1}` }
    row.push(value)
    if (match[3] !== separator) end()
    if (rows.length > MAX_ROWS) return { ok: false, why: `more than ${MAX_ROWS - 1} rows; split the table` }
  }
  end()
  return { ok: true, rows, lines }
}

type Separator = ',' | ';' | '\t'

const FIELDS: Readonly<Record<Separator, RegExp>> = {
  ',': /(?:"([^"]*(?:""[^"]*)*)"[^\S\r\n]*|([^",\r\n]*))(,|\r?\n|\r|$)/y,
  ';': /(?:"([^"]*(?:""[^"]*)*)"[^\S\r\n]*|([^";\r\n]*))(;|\r?\n|\r|$)/y,
  '\t': /(?:"([^"]*(?:""[^"]*)*)" *|([^"\t\r\n]*))(\t|\r?\n|\r|$)/y,
}

function separatorOf(text: string): Separator {
  const heading = text.slice(0, MAX_FIELD_CHARS).split(/[\r\n]/)[0] ?? ''
  const count = (separator: Separator): number => heading.split(separator).length
  if (count('\t') > 1 && count(',') === 1 && count(';') === 1) return '\t'
  return count(';') > count(',') ? ';' : ','
}
