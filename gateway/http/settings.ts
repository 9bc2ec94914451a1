import { Settings } from '../contracts/settings.ts'
import type { App } from './route.ts'

/** How the gateway is set up, read from what is running; changed in the environment and by a restart only. */
export function settingsRoute(app: App, read: () => Settings): void {
  app.get(
    '/api/v1/settings',
    {
      config: { access: { roles: ['administrator'] } },
      schema: { summary: 'How this gateway is set up, without any secret', response: { 200: Settings } },
    },
    async () => read(),
  )
}
