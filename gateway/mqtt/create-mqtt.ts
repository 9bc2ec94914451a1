import { createEmbeddedBroker } from './embedded-broker.ts'
import { createExternalClient } from './external-client.ts'
import type { Mqtt, MqttDeps } from './mqtt.ts'

/** The embedded broker or the client of an external one; to the rest of the gateway they are the same. */
export function createMqtt(deps: MqttDeps): Mqtt {
  return deps.config.kind === 'embedded'
    ? createEmbeddedBroker({ ...deps, config: deps.config })
    : createExternalClient({ ...deps, config: deps.config })
}
