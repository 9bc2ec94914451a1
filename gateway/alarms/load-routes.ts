import { ALARM_READERS, AlarmLoad } from '../contracts/alarm.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import type { LoadWatch } from './load-watch.ts'

/** Whether alarms flood, and who makes the noise; the event `flood` tells changes. */
export function loadRoute(app: App, load: LoadWatch): void {
  app.get(
    '/api/v1/alarms/flood',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: {
        summary: 'Whether more comes than operators can judge (ISA-18.2), and which sources chatter',
        description:
          'A flood is more than 10 new cases for each listening operator within 10 minutes, and is over below 5. Nothing is dropped for it.',
        response: { 200: AlarmLoad },
      },
    },
    async (request) => {
      const principal = principalOf(request)
      const now = await load.look()
      return { ...now, chattering: now.chattering.filter(({ cellCode }) => coversCell(principal, cellCode)) }
    },
  )
}
