import { type DivisionFeature, Grid, GridImportAnswer, GridInput } from '../contracts/grid.ts'
import type { Principal } from '../contracts/identity.ts'
import { StaffRole } from '../contracts/identity.ts'
import { type App, principalOf } from '../http/route.ts'

export interface GridRoutesDeps {
  grid: { replace(features: readonly unknown[], actor: Principal): Promise<GridImportAnswer> }
  read(): Promise<DivisionFeature[]>
}

export function gridRoutes(app: App, { grid, read }: GridRoutesDeps): void {
  // RFC 7946 §12: GeoJSON has a media type of its own, and tools that know it send it.
  app.addContentTypeParser('application/geo+json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'))

  app.put(
    '/api/v1/grid',
    {
      config: { access: { roles: ['administrator', 'installer'] } },
      schema: { summary: 'Import divisions and cells', body: GridInput, response: { 200: GridImportAnswer } },
    },
    (request) => grid.replace(request.body.features, principalOf(request)),
  )

  app.get(
    '/api/v1/grid',
    {
      config: { access: { roles: StaffRole.options } },
      schema: { summary: 'Divisions and cells as GeoJSON', response: { 200: Grid } },
    },
    async () => ({ type: 'FeatureCollection' as const, features: await read() }),
  )
}
