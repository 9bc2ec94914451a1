import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { ADMIN_PASSWORD } from '../../test/fakes/gateway.ts'
import { readServerSentEvents } from '../../test/fakes/server-sent-events.ts'
import { post } from './whole-gateway.ts'

const CELL = '990123101001001'
/** Of devices that speak their own words. */
export const DOOR_TOPIC = 'zigbee2mqtt/bench-door'
export const DETECTOR_TOPIC = 'zigbee2mqtt/bench-detector'
/** Of a state, one beginning is told ahead until it comes in its order: the backlog is measured with a detector of its own. */
export const OTHER_DETECTOR_TOPIC = 'zigbee2mqtt/bench-other-detector'

/** Whatever has not come by then is lost. */
export const LATE_MS = 30_000

export const until = async (atMs: number): Promise<void> => {
  const leftMs = atMs - performance.now()
  if (leftMs > 1) await delay(leftMs)
}

export function quantile(ms: readonly number[], share: number): number {
  return ms.toSorted((a, b) => a - b)[Math.floor((ms.length - 1) * share)] ?? Number.NaN
}

export function percentiles(ms: readonly number[]): string {
  const at = (share: number): string => quantile(ms, share).toFixed(1)
  return `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms (${ms.length})`
}

export interface BenchSource {
  id: string
  password: string
  webhookToken: string
  /** A smoke detector, as it signs in. */
  detector: { username: string; password: string }
  /** Bearer token of an operator. */
  token: string
}

export interface CaseSeen {
  id: string
  text: string
}

/** A township's cells, a panel, three devices and an operator. */
export async function registerSource(url: string): Promise<BenchSource> {
  const signedIn = await fetch(`${url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: ADMIN_PASSWORD }),
  })
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
  const { csrfToken } = (await signedIn.json()) as { csrfToken: string }
  const admin = { cookie, 'x-csrf-token': csrfToken }
  const grid = readFileSync(join(import.meta.dirname, '../virtual-township/grid.geojson'), 'utf8')
  await post(`${url}/api/v1/grid`, admin, JSON.parse(grid), 'PUT')
  const register = (body: object) =>
    post<{ id: string; mqtt: { username: string; password: string }; webhook: { token: string } }>(
      `${url}/api/v1/alarm-sources`,
      admin,
      { cellCode: CELL, ...body },
    )
  const source = await register({ name: 'bench', kind: 'panel' })
  await register({ name: 'door', kind: 'sensor', mapping: 'zigbee2mqtt', topic: DOOR_TOPIC })
  const detector = await register({ name: 'detector', kind: 'sensor', mapping: 'zigbee2mqtt', topic: DETECTOR_TOPIC })
  await register({ name: 'other detector', kind: 'sensor', mapping: 'zigbee2mqtt', topic: OTHER_DETECTOR_TOPIC })
  const { token } = await post<{ token: string }>(`${url}/api/v1/tokens`, admin, { name: 'bench', roles: ['operator'] })
  return {
    id: source.id,
    password: source.mqtt.password,
    webhookToken: source.webhook.token,
    detector: { username: detector.mqtt.username, password: detector.mqtt.password },
    token,
  }
}

/** A console that listens to live events. */
export async function readAlarms(url: string, token: string) {
  const headers = { authorization: `Bearer ${token}` }
  const events = await readServerSentEvents(`${url}/api/v1/events`, headers)
  const sentMs = new Map<string, number>()
  const seenMs = new Map<string, number>()
  const waiters = new Map<string, () => void>()
  let fresh = 0
  const caseWaiters = new Map<string, (seen: CaseSeen) => void>()
  const running = (async () => {
    for (;;) {
      const { event, data } = await events.next()
      if (event === 'case') caseWaiters.get(String(data.text))?.({ id: String(data.id), text: String(data.text) })
      if (event !== 'alarm') continue
      // A device's own words name no alarm; its state does.
      if (data.type === 'smoke' && data.state !== 'active') continue
      const key = data.type === 'smoke' ? 'smoke' : String(data.sourceKey)
      seenMs.set(key, performance.now())
      waiters.get(key)?.()
    }
  })()
  running.catch(() => {})
  const seen = async (key: string): Promise<number> => {
    if (!seenMs.has(key)) await new Promise<void>((resolve) => waiters.set(key, resolve))
    return (seenMs.get(key) ?? 0) - (sentMs.get(key) ?? 0)
  }
  const latencies = (): number[] => [...seenMs].map(([key, ms]) => ms - (sentMs.get(key) ?? ms))
  return {
    sent: (key: string) => void sentMs.set(key, performance.now()),
    /** The next of this name is another one. */
    forget: (key: string) => void seenMs.delete(key),
    seen,
    latencies,
    /** The next case with these words. */
    caseOf: (text: string): Promise<CaseSeen> => new Promise((resolve) => caseWaiters.set(text, resolve)),
    /** Waits until all that was sent has come, for half a minute at the most. @returns how many have not */
    missing: async (): Promise<number> => {
      const timer = new AbortController()
      const all = Promise.all([...sentMs.keys()].map(seen))
      await Promise.race([all, delay(LATE_MS, undefined, { signal: timer.signal }).catch(() => {})])
      timer.abort()
      return [...sentMs.keys()].filter((key) => !seenMs.has(key)).length
    },
    /** One alarm by the webhook. @returns ms until it was here */
    webhook: async (at: string, source: BenchSource): Promise<number> => {
      const id = `fresh-${fresh++}`
      sentMs.set(id, performance.now())
      const message = { id, type: 'intrusion', occurredAt: new Date().toISOString() }
      await post(`${at}/api/v1/webhooks/${source.id}`, { authorization: `Bearer ${source.webhookToken}` }, message)
      return seen(id)
    },
    /** Waits until the gateway has counted so many of these types, for `limitMs` at the most. @returns how many it has */
    stored: async (
      at: string,
      types: string,
      expected: number,
      limitMs = Number.POSITIVE_INFINITY,
    ): Promise<number> => {
      const untilMs = performance.now() + limitMs
      for (;;) {
        const { items } = (await (await fetch(`${at}/api/v1/cases?limit=500`, { headers })).json()) as {
          items: { type: string; occurrences: number }[]
        }
        const mine = items.filter(({ type }) => types.includes(type))
        const total = mine.reduce((sum, { occurrences }) => sum + occurrences, 0)
        if (total >= expected || performance.now() > untilMs) return total
        await delay(100)
      }
    },
    close: () => events.close(),
  }
}

/** Mosquitto alone: publisher, broker and subscriber, QoS 1. */
export async function bare(
  url: string,
  load: { rate: number; seconds: number; connections: number; inFlight: number; flood: number },
): Promise<string> {
  const reader = await connectAsync(url, { protocolVersion: 4 })
  const clients = await Promise.all(
    Array.from({ length: load.connections }, () => connectAsync(url, { protocolVersion: 4 })),
  )
  await reader.subscribeAsync('bench', { qos: 1 })
  const sentMs = new Map<string, number>()
  const latencies: number[] = []
  const acks: number[] = []
  reader.on('message', (_topic, payload) => latencies.push(performance.now() - (sentMs.get(payload.toString()) ?? 0)))
  let sent = 0
  const publish = async (client: (typeof clients)[number] | undefined): Promise<void> => {
    const key = `k${sent++}`
    sentMs.set(key, performance.now())
    await client?.publishAsync('bench', key, { qos: 1 })
    acks.push(performance.now() - (sentMs.get(key) ?? 0))
  }
  const startedMs = performance.now()
  const pending: Promise<void>[] = []
  for (let n = 0; n < load.rate * load.seconds; n++) {
    await until(startedMs + (n * 1000) / load.rate)
    pending.push(publish(clients[n % load.connections]))
  }
  await Promise.all(pending)
  const [ackLine, seenLine] = [percentiles(acks), percentiles(latencies)]
  const floodMs = performance.now()
  let left = load.flood
  const worker = async (client: (typeof clients)[number]): Promise<void> => {
    while (left-- > 0) await publish(client)
  }
  await Promise.all(clients.flatMap((client) => Array.from({ length: load.inFlight }, () => worker(client))))
  const perSecond = load.flood / ((performance.now() - floodMs) / 1000)
  await Promise.all([reader, ...clients].map((client) => client.endAsync(true)))
  return [
    `Mosquitto alone (nothing on disk when it acknowledges): ${load.rate}/s for ${load.seconds} s`,
    `  publish to ack:        ${ackLine}`,
    `  publish to subscriber: ${seenLine}`,
    `  flood: ${perSecond.toFixed(0)}/s`,
  ].join('\n')
}
