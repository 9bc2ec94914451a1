import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { systemClock } from '../../gateway/clock.ts'
import { AlarmType } from '../../gateway/contracts/alarm.ts'
import { type Panel, startPanel } from './panel.ts'
import { seedTownship } from './seed.ts'
import { startTownship, type Township } from './township.ts'
import { FAULTS, PORT_CHOICES } from './virtual-camera/virtual-camera.ts'

/**
 * The township as a process of its own. Prints one JSON object a line; takes commands the same way on standard input,
 * such as `{"do":"fault","camera":"dongjiekou","kind":"stall"}`. SIGTERM and SIGINT end it within two seconds.
 */
const Command = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('fault'), camera: z.string(), kind: z.enum(FAULTS) }),
  z.strictObject({ do: z.literal('motion'), camera: z.string() }),
  z.strictObject({ do: z.literal('alarm'), panel: z.string(), type: AlarmType, text: z.string().optional() }),
  z.strictObject({
    do: z.literal('seed'),
    baseUrl: z.url(),
    adminPassword: z.string(),
    peoplePassword: z.string(),
    /** Where the panels publish; without it they stay silent. */
    mqttUrl: z.url().optional(),
    stateFile: z.string().optional(),
  }),
])
type Command = z.infer<typeof Command>

const { values } = parseArgs({
  options: {
    media: { type: 'string', default: 'data/virtual-township' },
    township: { type: 'string' },
    address: { type: 'string' },
    ports: { type: 'string', default: 'high' },
    only: { type: 'string', multiple: true },
    quiet: { type: 'boolean', default: false },
  },
})

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
const log = (entry: object): void => {
  process.stdout.write(`${JSON.stringify(entry)}\n`)
}
process.stdout.on('error', () => stop.abort()) // whoever started us is gone

try {
  const township = await startTownship({
    mediaDir: values.media,
    signal: stop.signal,
    ports: z.enum(PORT_CHOICES).parse(values.ports),
    log,
    ...(values.township === undefined ? {} : { file: values.township }),
    ...(values.address === undefined ? {} : { addressBase: values.address }),
    ...(values.only === undefined ? {} : { only: values.only }),
  })
  const panels = new Map<string, Panel>()
  log({ event: 'ready', township: township.data.name, cameras: township.cameras.length })
  createInterface({ input: process.stdin }).on('line', (line) => {
    obey(line, township, panels).catch((error: unknown) => log({ event: 'error', detail: String(error) }))
  })
  if (!values.quiet) void moveNowAndThen(township)
  await new Promise((resolve) => stop.signal.addEventListener('abort', resolve))
  await Promise.all([township.close(), ...[...panels.values()].map((panel) => panel.close())])
  log({ event: 'closed' })
  process.exit(0)
} catch (error) {
  if (stop.signal.aborted) process.exit(0)
  log({ event: 'failed', detail: String(error) })
  process.exit(1)
}

async function obey(line: string, township: Township, panels: Map<string, Panel>): Promise<void> {
  if (line.trim() === '') return
  const command = Command.parse(JSON.parse(line))
  switch (command.do) {
    case 'fault':
      return township.fault(command.camera, command.kind)
    case 'motion':
      township.raiseMotion(command.camera)
      return
    case 'alarm': {
      const panel = panels.get(command.panel)
      if (panel === undefined) throw new Error(`no panel ${command.panel} is connected`)
      await panel.raise({ type: command.type, ...(command.text === undefined ? {} : { text: command.text }) })
      return
    }
    case 'seed':
      return seed(command, township, panels)
  }
}

/** Fills the gateway and starts the panels it gave access to. */
async function seed(
  { baseUrl, adminPassword, peoplePassword, mqttUrl, stateFile }: Extract<Command, { do: 'seed' }>,
  township: Township,
  panels: Map<string, Panel>,
): Promise<void> {
  const { signal } = stop
  const found = township.cameras.map((camera) => camera.found)
  const {
    people,
    cameraIds,
    invitations,
    panels: access,
  } = await seedTownship({
    baseUrl,
    adminPassword,
    peoplePassword,
    data: township.data,
    found,
    signal,
    log,
    ...(stateFile === undefined ? {} : { stateFile }),
  })
  for (const data of mqttUrl === undefined ? [] : township.data.panels) {
    const mqtt = access[data.id]
    if (mqtt === undefined || mqttUrl === undefined || panels.has(data.id)) continue
    const cameraId = cameraIds[data.cameraId ?? '']
    const connection = { url: mqttUrl, ...mqtt, ...(cameraId === undefined ? {} : { cameraId }) }
    panels.set(data.id, await startPanel(data, connection, { signal, log, onSchedule: !values.quiet }))
  }
  log({ event: 'seeded', people, cameraIds, invitations, panels: [...panels.keys()] })
}

/** Something moves before one of the cameras every now and then. */
async function moveNowAndThen({ data, raiseMotion }: Township): Promise<void> {
  const channels = data.devices.filter(({ make }) => data.makes.get(make)?.onvif).flatMap(({ channels }) => channels)
  const [least, most] = data.motionEverySeconds
  try {
    for (;;) {
      await systemClock.sleep((least + Math.random() * (most - least)) * 1000, stop.signal)
      const channel = channels[Math.floor(Math.random() * channels.length)]
      if (channel !== undefined) raiseMotion(channel.id)
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
}
