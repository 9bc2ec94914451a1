import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { mapMessage } from './map-message.ts'
import { Mapping } from './mapping.ts'

export type MappingFiles = { ok: true; mappings: Mapping[] } | { ok: false; faults: string[] }

export const MAPPINGS_DIR = join(import.meta.dirname, '../../device-profiles/alarm-sources')

/** The mappings that come with the gateway; throws where they are not sound. */
export function alarmMappings(): Mapping[] {
  const read = readMappings(MAPPINGS_DIR)
  if (!read.ok) throw new Error(`device-profiles/alarm-sources: ${read.faults.join('; ')}`)
  return read.mappings
}

/** Reads every mapping of a folder and tries its examples, sorted by file name; all faults at once. */
export function readMappings(directory: string): MappingFiles {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'))
  const read = names.sort().map((name) => readMapping(join(directory, name)))
  const faults = read.flatMap((one) => (one.ok ? [] : one.faults))
  return faults.length === 0
    ? { ok: true, mappings: read.flatMap((one) => (one.ok ? one.mapping : [])) }
    : { ok: false, faults }
}

/** One mapping, with its examples tried. */
export function readMapping(path: string): { ok: true; mapping: Mapping } | { ok: false; faults: string[] } {
  const file = basename(path)
  const parsed = Mapping.safeParse(parseJson(readFileSync(path, 'utf8')))
  if (!parsed.success) {
    const { issues } = parsed.error
    return { ok: false, faults: issues.map(({ path, message }) => `${file}: ${path.join('.')}: ${message}`) }
  }
  const faults = tryExamples(parsed.data)
  if (parsed.data.id !== basename(file, '.json')) faults.unshift(`id "${parsed.data.id}" is not the file's name`)
  return faults.length === 0
    ? { ok: true, mapping: parsed.data }
    : { ok: false, faults: faults.map((fault) => `${file}: ${fault}`) }
}

/** Every message that the file shows must become what it says. @returns what does not */
function tryExamples(mapping: Mapping): string[] {
  const source = { topic: mapping.exampleTopic, device: undefined, alarmType: 'door', priority: undefined } as const
  return mapping.examples.flatMap(({ about, topic, payload, becomes }) => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const mapped = mapMessage(mapping, source, { topic, payload: Buffer.from(text), receivedAt: new Date(0) })
    if (mapped.kind === 'rejected') return [`example "${about}": ${mapped.reason}`]
    const alarms = mapped.kind === 'alarms' ? mapped.alarms.map(({ alarm }) => alarm) : []
    const got = alarms.map((alarm, at) =>
      Object.fromEntries(Object.keys(becomes[at] ?? { type: 0, state: 0 }).map((key) => [key, alarm[key as 'type']])),
    )
    return isDeepStrictEqual(got, becomes) ? [] : [`example "${about}" becomes ${JSON.stringify(got)}`]
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : undefined
  }
}
