export type Csv = { ok: true; rows: string[][] } | { ok: false; why: string }

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

/** Reads comma-separated values (RFC 4180); empty lines are left out, fields are trimmed. */
export function parseCsv(text: string): Csv {
  const rows: string[][] = []
  let row: string[] = []
  const field = /(?:"([^"]*(?:""[^"]*)*)"[^\S\r\n]*|([^",\r\n]*))(,|\r?\n|\r|$)/y
  const end = (): void => {
    if (row.some((value) => value !== '')) rows.push(row)
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
    if (match[3] !== ',') end()
    if (rows.length > MAX_ROWS) return { ok: false, why: `more than ${MAX_ROWS - 1} rows; split the table` }
  }
  end()
  return { ok: true, rows }
}
