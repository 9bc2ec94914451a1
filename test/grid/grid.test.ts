import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { NewAuditEntry } from '../../gateway/contracts/audit.ts'
import type { LonLat, Polygon } from '../../gateway/contracts/grid.ts'
import type { Role } from '../../gateway/contracts/identity.ts'
import { createGrid } from '../../gateway/grid/grid.ts'
import { checkGrid } from '../../gateway/grid/grid-check.ts'
import { contains, overlaps } from '../../gateway/grid/polygon.ts'
import type { App } from '../../gateway/http/route.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { quietServer } from '../fakes/quiet-server.ts'

const PATTERN = /^\d{15}$/

const square = (west: number, south: number, side: number): LonLat[] => [
  [west, south],
  [west + side, south],
  [west + side, south + side],
  [west, south + side],
  [west, south],
]
const polygon = (...coordinates: LonLat[][]): Polygon => ({ type: 'Polygon', coordinates })
const cell = (code: string, geometry: unknown, more: object = {}) => ({
  type: 'Feature',
  properties: { code, name: `网格 ${code}`, level: 'cell', lead: 'lead', ...more },
  geometry,
})
const CODE = '990123101001001'
const OTHER = '990123101001002'

t.test('a point in a polygon', async (t) => {
  const holed = polygon(square(0, 0, 10), square(4, 4, 2))
  const cases: [string, LonLat, boolean][] = [
    ['inside', [1, 1], true],
    ['in the hole', [5, 5], false],
    ['beside', [11, 5], false],
    ['above', [5, 11], false],
    ['west border belongs', [0, 5], true],
    ['east border is the neighbour’s', [10, 5], false],
    ['level with a corner', [-1, 10], false],
  ]
  for (const [name, point, expected] of cases) t.equal(contains(holed, point), expected, name)
  const dart = polygon([
    [0, 0],
    [10, 5],
    [0, 10],
    [4, 5],
    [0, 0],
  ])
  t.equal(contains(dart, [2, 5]), false, 'in the notch')
  t.equal(contains(dart, [6, 5]), true)
})

t.test('overlap', async (t) => {
  const cases: [string, Polygon, Polygon, boolean][] = [
    ['neighbours', polygon(square(0, 0, 1)), polygon(square(1, 0, 1)), false],
    ['a sliver of float noise', polygon(square(0, 0, 0.3)), polygon(square(0.1 + 0.2, 0, 1)), false],
    ['crossing', polygon(square(0, 0, 2)), polygon(square(1, 1, 2)), true],
    ['one in the other', polygon(square(0, 0, 5)), polygon(square(1, 1, 1)), true],
    ['the same', polygon(square(0, 0, 1)), polygon(square(0, 0, 1)), true],
    ['apart', polygon(square(0, 0, 1)), polygon(square(3, 3, 1)), false],
  ]
  for (const [name, a, b, expected] of cases) {
    t.equal(overlaps(a, b), expected, name)
    t.equal(overlaps(b, a), expected, `${name}, turned round`)
  }
})

t.test('features are checked one by one', async (t) => {
  const sound = polygon(square(0, 0, 1))
  const open = { type: 'Polygon', coordinates: [[...square(0, 0, 1).slice(0, 4), [5, 5]]] }
  const cases: [string, unknown[], string[], number][] = [
    ['a sound cell', [cell(CODE, sound)], [], 1],
    ['not a feature', ['x', cell(CODE, sound)], ['invalid-feature'], 1],
    ['unknown property', [cell(CODE, sound, { owner: 'x' })], ['invalid-feature'], 0],
    ['code', [cell('12', sound)], ['code-pattern'], 0],
    ['no polygon', [cell(CODE, null)], ['cell-needs-polygon'], 0],
    ['open ring', [cell(CODE, open)], ['ring-not-closed'], 0],
    ['twice', [cell(CODE, sound), cell(CODE, sound)], ['duplicate-code'], 1],
    ['no parent', [cell(CODE, sound, { parentCode: '990123101001' })], ['unknown-parent'], 0],
    ['stored parent', [cell(CODE, sound, { parentCode: '1000' })], [], 1],
    [
      'parent in the file is refused',
      [cell('12', sound), cell(CODE, sound, { parentCode: '12' })],
      ['code-pattern', 'unknown-parent'],
      0,
    ],
    ['nobody leads', [cell(CODE, sound, { lead: undefined })], ['no-lead'], 1],
    ['overlap is told and stored', [cell(CODE, sound), cell(OTHER, polygon(square(0.5, 0.5, 1)))], ['overlap'], 2],
    ['a bad longitude', [cell(CODE, polygon(square(180, 0, 1)))], ['invalid-feature'], 0],
  ]
  for (const [name, features, problems, kept] of cases) {
    const checked = checkGrid(features, PATTERN, new Set(['1000']))
    t.same(
      checked.problems.map(({ problem }) => problem),
      problems,
      name,
    )
    t.equal(checked.features.length, kept, `${name}: kept`)
  }
})

async function gridServer(
  t: Test,
): Promise<{ app: App; entries: NewAuditEntry[]; grid: ReturnType<typeof createGrid> }> {
  const database = await temporaryDatabase(t)
  const entries: NewAuditEntry[] = []
  const grid = createGrid({
    database,
    cellCodePattern: PATTERN,
    audit: { append: async (_tx, entry) => void entries.push(entry) },
  })
  const app = await quietServer(({ role }) =>
    typeof role === 'string'
      ? {
          kind: role === 'feed-owner' ? 'owner' : 'user',
          id: 'u',
          name: 'n',
          roles: [role as Role],
          cellCodes: undefined,
          sessionId: 's',
        }
      : undefined,
  )
  grid.routes(app)
  t.teardown(() => app.close())
  return { app, entries, grid }
}

t.test('in and out, with audit', async (t) => {
  const { app, entries, grid } = await gridServer(t)
  const township = readFileSync(new URL('../../scripts/virtual-township/grid.geojson', import.meta.url), 'utf8')
  const put = (role: string, payload: string) =>
    app.inject({
      method: 'PUT',
      url: '/api/v1/grid',
      headers: { role, 'content-type': 'application/geo+json' },
      payload,
    })
  const total = (JSON.parse(township) as { features: unknown[] }).features.length

  t.equal((await put('operator', township)).statusCode, 403)
  t.same(entries, [], 'nothing recorded, nothing done')
  t.same((await put('installer', township)).json(), { created: total, updated: 0, problems: [] })
  t.same((await put('administrator', township)).json(), { created: 0, updated: 0, problems: [] }, 'safe to run again')
  t.match(entries, [{ action: 'grid-imported', detail: { created: total } }, { detail: { created: 0 } }])

  const changed = township.replace('示例省', '示例省份')
  t.same((await put('installer', changed)).json(), { created: 0, updated: 1, problems: [] })
  const back = await app.inject({ url: '/api/v1/grid', headers: { role: 'auditor' } })
  t.same(sorted(back.json()), sorted(JSON.parse(changed)), 'comes out as it went in')
  t.equal((await app.inject({ url: '/api/v1/grid', headers: { role: 'feed-owner' } })).statusCode, 403)

  const at = await grid.cellAt(119.604, 29.103)
  t.match(at, { code: '990123101001001', polygon: { type: 'Polygon' } })
  t.equal(await grid.cellAt(0, 0), undefined)
  t.equal(await grid.cell('990000000000'), undefined, 'a province is no cell')
  t.match(await grid.cell('990123101001001'), { code: '990123101001001' })
})

function sorted(grid: { features: { properties: { code: string } }[] }): unknown[] {
  return grid.features.toSorted((a, b) => a.properties.code.localeCompare(b.properties.code))
}
