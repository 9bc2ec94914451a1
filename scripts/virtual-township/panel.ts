import { randomUUID } from 'node:crypto'
import mqtt from 'mqtt'
import { type Clock, systemClock } from '../../gateway/clock.ts'
import type { AlarmMessage, AlarmState } from '../../gateway/contracts/alarm.ts'
import type { Log } from './township.ts'
import type { PanelData } from './township-data.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Long enough for an acknowledgement on the way, short enough for a township to close within two seconds. */
const CLOSE_TIMEOUT_MS = 1_000
const CLEARS_AFTER_MS = 15_000

export interface PanelConnection {
  url: string
  username: string
  password: string
  /** The alarm topic, `…/in/{sourceId}/alarm`; heartbeats go beside it. */
  topic: string
  /** The camera that looks at the place, as the gateway names it. */
  cameraId?: string
}

export interface PanelOptions {
  signal: AbortSignal
  log?: Log
  clock?: Clock
  /** Raises the alarms of its data by itself, one after another. */
  onSchedule?: boolean
}

export interface Panel {
  /** Publishes an alarm with QoS 1. @returns its id once the broker has acknowledged it */
  raise(alarm: { type: AlarmMessage['type']; text?: string; priority?: AlarmMessage['priority'] }): Promise<string>
  /** The same alarm again, over. */
  clear(id: string): Promise<void>
  close(): Promise<void>
}

/** An alarm panel as a shop or a pump house has it. @throws when the broker cannot be reached or refuses the login */
export async function startPanel(
  data: PanelData,
  { url, username, password, topic, cameraId }: PanelConnection,
  { signal, log = () => {}, clock = systemClock, onSchedule = false }: PanelOptions,
): Promise<Panel> {
  const client = await mqtt.connectAsync(
    url,
    {
      username,
      password,
      protocolVersion: 4,
      clientId: `${data.id}-${randomUUID().slice(0, 8)}`,
      connectTimeout: CONNECT_TIMEOUT_MS,
    },
    false,
  )
  client.on('error', (error) => log({ event: 'panel-error', panel: data.id, detail: error.message }))
  const stop = new AbortController()
  const ended = AbortSignal.any([signal, stop.signal])
  const raised = new Map<string, AlarmMessage>()

  const publish = async (alarm: AlarmMessage): Promise<void> => {
    await client.publishAsync(topic, JSON.stringify(alarm), { qos: 1 })
    log({ event: 'alarm', panel: data.id, id: alarm.id, type: alarm.type, state: alarm.state })
  }
  const raise: Panel['raise'] = async ({ type, text, priority }) => {
    const id = randomUUID()
    const state: AlarmState = 'active'
    const alarm: AlarmMessage = {
      id,
      type,
      occurredAt: new Date(clock.now()).toISOString(),
      state,
      ...(text === undefined ? {} : { text }),
      ...(priority === undefined ? {} : { priority }),
      ...(cameraId === undefined ? {} : { cameraId }),
    }
    raised.set(id, alarm)
    await publish(alarm)
    return id
  }
  const clear: Panel['clear'] = async (id) => {
    const alarm = raised.get(id)
    if (alarm === undefined) throw new Error(`${data.id} never raised ${id}`)
    raised.delete(id)
    await publish({ ...alarm, state: 'cleared' })
  }

  const heartbeats = async (): Promise<void> => {
    await client.publishAsync(topic.replace(/\/alarm$/, '/heartbeat'), '{}', { qos: 1 })
    await clock.sleep(data.heartbeatSeconds * 1000, ended)
  }
  let next = 0
  const schedule = async (): Promise<void> => {
    const [least, most] = data.everySeconds
    await clock.sleep((least + Math.random() * (most - least)) * 1000, ended)
    const alarm = data.alarms[next++ % data.alarms.length]
    if (alarm === undefined) return
    const { type, text, priority } = alarm
    const id = await raise({ type, text, ...(priority === undefined ? {} : { priority }) })
    await clock.sleep(CLEARS_AFTER_MS, ended)
    await clear(id)
  }
  const forever = async (step: () => Promise<void>): Promise<void> => {
    try {
      while (!ended.aborted) await step()
    } catch (error) {
      if (!ended.aborted) log({ event: 'panel-error', panel: data.id, detail: String(error) })
    }
  }
  void forever(heartbeats)
  if (onSchedule) void forever(schedule)

  return {
    raise,
    clear,
    close: async () => {
      stop.abort()
      await Promise.race([client.endAsync(), systemClock.sleep(CLOSE_TIMEOUT_MS, new AbortController().signal)])
      client.end(true)
    },
  }
}
