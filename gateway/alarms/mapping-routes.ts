import type { Clock } from '../clock.ts'
import { AlarmMapping, DryRun, DryRunAnswer } from '../contracts/alarm.ts'
import { page } from '../contracts/common.ts'
import { Problem } from '../errors.ts'
import { type App, principalOf } from '../http/route.ts'
import { coversCell } from '../identity/rights.ts'
import { tryMessage } from './dry-run.ts'
import type { MappedSource } from './map-message.ts'
import type { MappedSources } from './mapped-sources.ts'
import { noMapping } from './mapped-sources.ts'
import type { Mapping } from './mapping.ts'

export interface MappingRoutesDeps {
  mappings: readonly Mapping[]
  mapped: MappedSources
  clock: Clock
}

const readers = { roles: ['administrator', 'installer', 'operator'] as const }

/** Makes of devices that are understood, and a message on trial. */
export function mappingRoutes(app: App, deps: MappingRoutesDeps): void {
  app.get(
    '/api/v1/alarm-mappings',
    {
      config: { access: readers },
      schema: {
        summary: 'Makes of devices whose own MQTT messages are understood',
        response: { 200: page(AlarmMapping) },
      },
    },
    async () => ({ items: deps.mappings.map(told) }),
  )

  app.post(
    '/api/v1/alarm-sources/dry-run',
    {
      config: { access: readers },
      schema: {
        summary: 'Which alarm a message would be, or why it is none; nothing is stored',
        body: DryRun,
        response: { 200: DryRunAnswer },
      },
    },
    async (request) => {
      const { body } = request
      const { sourceId, topic, payload } = body
      const found = sourceId === undefined ? undefined : deps.mapped.byId(sourceId)
      if (found !== undefined && !coversCell(principalOf(request), found.cellCode))
        throw new Problem('not-in-your-cells')
      const bytes = Buffer.from(typeof payload === 'string' ? payload : (JSON.stringify(payload) ?? ''))
      const mapping = found?.mapping ?? (body.mapping === undefined ? undefined : deps.mapped.mapping(body.mapping))
      if (mapping === undefined && body.mapping !== undefined) {
        throw noMapping(body.mapping)
      }
      const source = found ?? { ...registrationOf(body), priority: deps.mapped.urgencyOf(sourceId) }
      return tryMessage(mapping, source, { topic, payload: bytes }, new Date(deps.clock.now()))
    },
  )
}

const registrationOf = ({ registeredTopic, device, alarmType }: DryRun): Omit<MappedSource, 'priority'> => ({
  topic: registeredTopic,
  device,
  alarmType,
})

const told = ({ id, title, topicHelp, exampleTopic, device, rules }: Mapping): AlarmMapping => ({
  id,
  title,
  topicHelp,
  exampleTopic,
  takesDevice: device !== undefined,
  needsAlarmType: rules.some(({ type }) => type === 'as-registered'),
})
