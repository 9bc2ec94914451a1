import type { Clock } from '../clock.ts'
import { ALARM_READERS, AlarmLoad, NoisiestQuery, NoisiestSources } from '../contracts/alarm.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import type { LoadWatch } from './load-watch.ts'
import { type NoisiestDeps, noisiestSources } from './noisiest.ts'

export interface LoadRoutesDeps extends NoisiestDeps {
  clock: Clock
  load: LoadWatch
}

/** Whether alarms flood, and who makes the noise: now, of which the event `flood` tells changes, and over days. */
export function loadRoutes(app: App, { load, ...deps }: LoadRoutesDeps): void {
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

  app.get(
    '/api/v1/alarms/noisiest',
    {
      config: { access: { roles: ALARM_READERS } },
      schema: {
        summary: 'The sources that made the most alarms in the last days, by type (ISA-18.2)',
        description:
          'Count, share of all alarms, minutes of chatter (3 alarms or more) and cases open for more than 24 hours. Ten sources at the top usually make most of the work: mend, move or pause them.',
        querystring: NoisiestQuery,
        response: { 200: NoisiestSources },
      },
    },
    async (request) => {
      const { cellCodes } = principalOf(request)
      return noisiestSources(deps, { nowMs: deps.clock.now(), days: request.query.days, cellCodes })
    },
  )
}
