import { StaffRole } from '../contracts/identity.ts'
import { MapSettings } from '../contracts/map.ts'
import type { App } from './route.ts'

/** Tells the console what the map is drawn on. */
export function mapRoute(app: App, tiles: MapSettings['tiles']): void {
  app.get(
    '/api/v1/map',
    {
      config: { access: { roles: StaffRole.options } },
      schema: { tags: ['grid'], summary: 'What lies under the map', response: { 200: MapSettings } },
    },
    async () => (tiles === undefined ? {} : { tiles }),
  )
}
