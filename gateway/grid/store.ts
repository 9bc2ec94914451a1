import { DivisionFeature, Polygon } from '../contracts/grid.ts'
import type { Database, Tx } from '../storage/database.ts'

interface DivisionRow {
  code: string
  name: string
  level: string
  parentCode: string | null
  lead: string | null
  deputy: string | null
  geometryJson: string | null
}

function toDivision(row: DivisionRow): DivisionFeature {
  const { code, name, level, parentCode, lead, deputy, geometryJson } = row
  return DivisionFeature.parse({
    type: 'Feature',
    properties: {
      code,
      name,
      level,
      ...(parentCode === null ? {} : { parentCode }),
      ...(lead === null ? {} : { lead }),
      ...(deputy === null ? {} : { deputy }),
    },
    geometry: geometryJson === null ? null : Polygon.parse(JSON.parse(geometryJson)),
  })
}

function toRow({ properties, geometry }: DivisionFeature): DivisionRow {
  const { code, name, level, parentCode = null, lead = null, deputy = null } = properties
  return { code, name, level, parentCode, lead, deputy, geometryJson: geometry && JSON.stringify(geometry) }
}

export async function readDivisions(database: Database): Promise<DivisionFeature[]> {
  const rows = await database.client.division.findMany({ orderBy: { code: 'asc' } })
  return rows.map(toDivision)
}

export async function readCell(database: Database, code: string): Promise<DivisionFeature | undefined> {
  const row = await database.client.division.findFirst({ where: { code, level: 'cell' } })
  return row === null ? undefined : toDivision(row)
}

export async function readCells(database: Database): Promise<DivisionFeature[]> {
  const rows = await database.client.division.findMany({ where: { level: 'cell' }, orderBy: { code: 'asc' } })
  return rows.map(toDivision)
}

export async function readCodes(tx: Tx): Promise<Set<string>> {
  return new Set((await tx.division.findMany({ select: { code: true } })).map(({ code }) => code))
}

/** Rows a statement takes without running into the limit of bound values. */
const BATCH_ROWS = 500

/** Writes what is new or different. */
export async function writeDivisions(
  tx: Tx,
  features: readonly DivisionFeature[],
): Promise<{ created: number; updated: number }> {
  const stored = new Map((await tx.division.findMany()).map((row) => [row.code, row]))
  const rows = features.map(toRow)
  const created = rows.filter(({ code }) => !stored.has(code))
  for (let at = 0; at < created.length; at += BATCH_ROWS) {
    await tx.division.createMany({ data: created.slice(at, at + BATCH_ROWS) })
  }
  let updated = 0
  for (const { code, ...row } of rows) {
    const before = stored.get(code)
    if (before === undefined || isSame(before, { code, ...row })) continue
    await tx.division.update({ where: { code }, data: row })
    updated += 1
  }
  return { created: created.length, updated }
}

function isSame(a: DivisionRow, b: DivisionRow): boolean {
  const fields = ['name', 'level', 'parentCode', 'lead', 'deputy', 'geometryJson'] as const
  return fields.every((field) => a[field] === b[field])
}
