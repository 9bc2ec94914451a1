import { setTimeout as delay } from 'node:timers/promises'
import { connectAsync, type IClientOptions } from 'mqtt'
import type { Mosquitto } from '../../test/fakes/mosquitto.ts'
import type { BenchSource } from './alarm-load.ts'

const IN_FLIGHT = 50
const WAIT_MS = 200
const CLIENT: IClientOptions = { protocolVersion: 4, clientId: 'bench-centre', clean: false }
const TOPIC = 'gridlight/v1/out/cells/+/alarms'

export interface Outage {
  /** From the broker's return to the first alarm of the outage that another system hears. */
  firstMs: number
  /** Alarms a second from then to the last. */
  perSecond: number
  /** A new alarm by webhook, sent when the broker is back, on the console. */
  freshMs: number
}

/** The broker is away while alarms come by webhook: what other systems are to be told waits in the outbox. */
export async function brokerAway(
  broker: Mosquitto,
  { url, source, alarms }: { url: string; source: BenchSource; alarms: number },
  fresh: () => Promise<number>,
): Promise<Outage> {
  const before = await connectAsync(broker.url, CLIENT)
  await before.subscribeAsync(TOPIC, { qos: 1 })
  await before.endAsync()
  await broker.stop()
  let left = alarms
  const send = async (): Promise<void> => {
    while (left-- > 0) {
      const message = { id: `outage-${left}`, type: 'audio', occurredAt: new Date().toISOString() }
      const headers = { authorization: `Bearer ${source.webhookToken}`, 'content-type': 'application/json' }
      const request = { method: 'POST', headers, body: JSON.stringify(message) }
      let answer = await fetch(`${url}/api/v1/webhooks/${source.id}`, request)
      // A source may send so many a second, and who sends more is asked to wait.
      for (; answer.status === 429; answer = await fetch(`${url}/api/v1/webhooks/${source.id}`, request)) {
        await answer.arrayBuffer()
        await delay(WAIT_MS)
      }
      if (!answer.ok) throw new Error(`webhook: ${await answer.text()}`)
      await answer.arrayBuffer()
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, send))

  await broker.start()
  const backMs = performance.now()
  const heard = new Set<string>()
  const { promise: all, resolve: heardAll } = Promise.withResolvers<number>()
  let firstMs: number | undefined
  const centre = await connectAsync(broker.url, CLIENT)
  centre.on('message', (_topic, payload) => {
    const { sourceKey } = JSON.parse(payload.toString())
    if (!String(sourceKey).startsWith('outage-')) return
    firstMs ??= performance.now()
    heard.add(sourceKey)
    if (heard.size === alarms) heardAll(performance.now())
  })
  const freshMs = await fresh()
  const lastMs = await all
  await centre.endAsync()
  const beganMs = firstMs ?? backMs
  return { firstMs: beganMs - backMs, perSecond: (alarms * 1000) / (lastMs - beganMs), freshMs }
}
