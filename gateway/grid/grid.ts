import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import type { GridImportAnswer, LonLat, Polygon } from '../contracts/grid.ts'
import type { Principal } from '../contracts/identity.ts'
import type { App } from '../http/route.ts'
import type { Database, Tx } from '../storage/database.ts'
import { checkGrid } from './grid-check.ts'
import { contains } from './polygon.ts'
import { gridRoutes } from './routes.ts'
import { readCell, readCells, readCodes, readDivisions, writeDivisions } from './store.ts'

export interface GridDeps {
  database: Database
  cellCodePattern: RegExp
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<void> }
}

export interface Cell {
  code: string
  name: string
  /** Names of the patrol lead and the deputy. */
  lead?: string
  deputy?: string
  polygon?: Polygon
}

export interface GridFeature {
  routes(app: App): void
  /** Stores what is sound and tells the rest, in one transaction with its audit entry. */
  replace(features: readonly unknown[], actor: Principal): Promise<GridImportAnswer>
  /** The cell with this code, or undefined; divisions that are no cells are not found. */
  cell(code: string): Promise<Cell | undefined>
  /** The cell that holds the point, WGS-84 degrees; the first by code where cells overlap. */
  cellAt(lon: number, lat: number): Promise<Cell | undefined>
  /** True if the point, WGS-84 degrees, lies in the polygon. */
  contains(polygon: Polygon, point: LonLat): boolean
}

export function createGrid({ database, cellCodePattern, audit }: GridDeps): GridFeature {
  const grid: GridFeature = {
    routes: (app) => gridRoutes(app, { grid, read: () => readDivisions(database) }),
    replace: (features, actor) =>
      database.transaction(async (tx) => {
        const { features: sound, problems } = checkGrid(features, cellCodePattern, await readCodes(tx))
        const { created, updated } = await writeDivisions(tx, sound)
        await audit.append(tx, {
          action: 'grid-imported',
          actor: actorOf(actor),
          object: 'grid',
          result: 'done',
          detail: { features: features.length, created, updated, problems: problems.length },
        })
        return { created, updated, problems }
      }),
    cell: async (code) => {
      const feature = await readCell(database, code)
      return feature && toCell(feature)
    },
    cellAt: async (lon, lat) => {
      const point: LonLat = [lon, lat]
      const found = (await readCells(database)).find(({ geometry }) => geometry !== null && contains(geometry, point))
      return found && toCell(found)
    },
    contains,
  }
  return grid
}

function toCell({
  properties,
  geometry,
}: {
  properties: { code: string; name: string; lead?: string | undefined; deputy?: string | undefined }
  geometry: Polygon | null
}): Cell {
  const { code, name, lead, deputy } = properties
  return {
    code,
    name,
    ...(lead === undefined ? {} : { lead }),
    ...(deputy === undefined ? {} : { deputy }),
    ...(geometry === null ? {} : { polygon: geometry }),
  }
}
