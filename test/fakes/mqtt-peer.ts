import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface Received {
  topic: string
  payload: string
  retain: boolean
}

/** An MQTT client that does not come back by itself, with what it received in order. */
export interface MqttPeer {
  client: MqttClient
  /** The next message; waits for it. */
  next(): Promise<Received>
  /** Resolves when the connection is over. */
  closed: Promise<void>
}

export async function mqttPeer(t: Teardown, url: string, options: IClientOptions = {}): Promise<MqttPeer> {
  const client = await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0, ...options }, false)
  const received: Received[] = []
  const waiters: ((message: Received) => void)[] = []
  client.on('error', () => {})
  client.on('message', (topic, payload, { retain }) => {
    const message = { topic, payload: payload.toString(), retain }
    const waiter = waiters.shift()
    if (waiter === undefined) received.push(message)
    else waiter(message)
  })
  const closed = new Promise<void>((resolve) => client.once('close', resolve))
  t.teardown(async () => {
    await client.endAsync(true)
  })
  return {
    client,
    closed,
    next: async () => received.shift() ?? new Promise((resolve) => waiters.push(resolve)),
  }
}
