import { NewCamera } from '../contracts/camera.ts'
import type { Words } from '../words.ts'
import { decodeCsv, parseCsv } from './csv.ts'

/** Columns by the name programs write, with the headings people write: the first of them stands in the template. */
const COLUMNS = {
  name: ['名称', '摄像头名称', '点位名称'],
  cellCode: ['网格编码', '网格', '网格代码', 'cell'],
  placeClass: ['场所类别', '场所'],
  ownership: ['权属', '性质', '资源性质'],
  lon: ['经度', 'longitude'],
  lat: ['纬度', 'latitude'],
  headingDeg: ['朝向', '方位角', 'heading'],
  gbId: ['国标编号', '国标编码', '国标id'],
  kind: ['接入方式', '类型', 'type'],
  address: ['地址', 'ip地址', 'ip', 'host'],
  channel: ['通道', '通道号'],
  mainUri: ['主码流', '主码流地址', 'rtsp'],
  subUri: ['子码流', '子码流地址'],
  username: ['用户名', '账号', 'user'],
  password: ['密码', 'pass'],
} as const
type Column = keyof typeof COLUMNS

/** What people write for a value of the closed vocabularies. */
const VALUES: Partial<Record<Column, Readonly<Record<string, string>>>> = {
  placeClass: { 第七条: 'article-7', 第九条: 'article-9', 其他: 'other', 其它: 'other' },
  ownership: { 公共: 'public', 公有: 'public', 社会: 'private', 私有: 'private' },
}

const TEMPLATE_EXAMPLE: Record<Column, Words> = {
  name: { zh: '示例（请删除本行）', en: 'Example (delete this line)' },
  cellCode: { zh: '990123101001001', en: '990123101001001' },
  placeClass: { zh: '第七条', en: 'article-7' },
  ownership: { zh: '公共', en: 'public' },
  lon: { zh: '119.604', en: '119.604' },
  lat: { zh: '29.103', en: '29.103' },
  headingDeg: { zh: '90', en: '90' },
  gbId: { zh: '', en: '' },
  kind: { zh: 'onvif', en: 'onvif' },
  address: { zh: '192.0.2.7', en: '192.0.2.7' },
  channel: { zh: '', en: '' },
  mainUri: { zh: '', en: '' },
  subUri: { zh: '', en: '' },
  username: { zh: 'gridlight', en: 'gridlight' },
  password: { zh: '', en: '' },
}

export interface Row {
  /** As spreadsheets count, the heading being row 1. */
  row: number
  name: string | undefined
  input: NewCamera | undefined
  /** Why there is no input. */
  fault: Words | undefined
}

export type Table = { ok: true; rows: Row[] } | { ok: false; why: string }

/** A table to fill in, for office programs: with byte order mark, headings in the language asked for, one example. */
export function tableTemplate(isChinese: boolean): string {
  const columns = Object.keys(COLUMNS) as Column[]
  const heading = columns.map((column) => (isChinese ? COLUMNS[column][0] : column))
  const example = columns.map((column) => TEMPLATE_EXAMPLE[column][isChinese ? 'zh' : 'en'])
  return `\uFEFF${heading.join(',')}\r\n${example.join(',')}\r\n`
}

/** Reads the table; a row that is not valid is a problem of its own, an unknown column is one of the table. */
export function readTable(bytes: Uint8Array): Table {
  const csv = parseCsv(decodeCsv(bytes))
  if (!csv.ok) return csv
  const [heading = [], ...lines] = csv.rows
  const columns = heading.map(columnOf)
  const unknown = heading.filter((name, at) => name !== '' && columns[at] === undefined)
  if (unknown.length > 0) return { ok: false, why: `未知的列 / unknown columns: ${unknown.slice(0, 5).join(', ')}` }
  const needed: readonly Column[] = columns.includes('mainUri') ? ['name', 'cellCode'] : ['name', 'cellCode', 'address']
  const missing = needed.filter((name) => !columns.includes(name))
  if (missing.length > 0) {
    const named = missing.map((name) => `${COLUMNS[name][0]} (${name})`)
    return { ok: false, why: `缺少列 / missing columns: ${named.join(', ')}` }
  }
  const twice = columns.find((column, at) => column !== undefined && columns.indexOf(column) !== at)
  if (twice !== undefined) return { ok: false, why: `列重复 / a column stands twice: ${COLUMNS[twice][0]} (${twice})` }
  return { ok: true, rows: lines.map((values, at) => toRow(columns, values, csv.lines[at + 1] ?? at + 2)) }
}

const plain = (text: string): string => text.toLowerCase().replace(/[\s_（）()*-]/g, '')

function columnOf(heading: string): Column | undefined {
  const wanted = plain(heading)
  const found = Object.entries(COLUMNS).find(([column, names]) =>
    [column, ...names].some((name) => plain(name) === wanted),
  )
  return found?.[0] as Column | undefined
}

function toRow(columns: readonly (Column | undefined)[], values: readonly string[], row: number): Row {
  const text = new Map<Column, string>()
  for (const [at, column] of columns.entries()) {
    const value = values[at]
    if (column !== undefined && value) text.set(column, VALUES[column]?.[value] ?? value)
  }
  const take = (...wanted: readonly Column[]): Record<string, string> =>
    Object.fromEntries(wanted.flatMap((column) => (text.has(column) ? [[column, text.get(column) ?? '']] : [])))
  const numbers = (...wanted: readonly Column[]): Record<string, number> =>
    Object.fromEntries(Object.entries(take(...wanted)).map(([column, value]) => [column, Number(value)]))
  const position = numbers('lon', 'lat', 'headingDeg')
  const kind = text.get('kind')?.toLowerCase() ?? (text.has('mainUri') ? 'rtsp' : 'onvif')
  const source =
    kind === 'onvif'
      ? { username: '', password: '', kind, ...take('address', 'channel', 'username', 'password') }
      : { kind, ...take('mainUri', 'subUri', 'username', 'password') }
  const parsed = NewCamera.safeParse({
    ...take('name', 'cellCode', 'placeClass', 'ownership', 'gbId'),
    ...(Object.keys(position).length === 0 ? {} : { position }),
    source,
  })
  const fault = parsed.success ? undefined : faultWords(parsed.error.issues, text)
  return { row, name: text.get('name'), input: parsed.data, fault }
}

/** Which columns are missing or not valid; never what stands in the column of passwords. */
function faultWords(
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
  text: ReadonlyMap<Column, string>,
): Words {
  const words = issues.map(({ path, message }): Words => {
    const last = String(path.at(-1) ?? 'kind')
    const column = Object.hasOwn(COLUMNS, last) ? (last as Column) : 'kind'
    const label = COLUMNS[column][0]
    const value = column === 'password' ? undefined : text.get(column)
    if (!text.has(column)) return { zh: `缺少“${label}”`, en: `${column} is missing` }
    const shown = value === undefined ? '' : `: ${value.slice(0, 60)}`
    return { zh: `“${label}”无效${shown}`, en: `${column} is not valid${shown} (${message})` }
  })
  return { zh: words.map(({ zh }) => zh).join('；'), en: words.map(({ en }) => en).join('; ') }
}
