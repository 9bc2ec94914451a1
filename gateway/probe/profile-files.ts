import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DeviceProfile } from './device-profile.ts'

export type ProfileFiles = { ok: true; profiles: DeviceProfile[] } | { ok: false; faults: string[] }

/** Sections that a family takes over; who it is and who says so are its own. */
const INHERITED = ['onvif', 'streams', 'snapshot', 'events', 'ptz', 'quirks'] as const
const MAX_ANCESTORS = 4

/** A file as it was read, an object whatever is in it. */
type Raw = Readonly<Record<string, unknown>>

/**
 * Reads every device profile of a folder, sorted by file name; all faults at once, each with file and field.
 * @param more further files, such as one that is being written
 */
export function readProfiles(directory: string, more: readonly string[] = []): ProfileFiles {
  const files = [
    ...readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(directory, name)),
    ...more,
  ]
  const faults: string[] = []
  const raws = new Map<string, Raw>()
  for (const path of files) {
    const file = basename(path)
    const read = readObject(path)
    if (typeof read === 'string') faults.push(`${file}: ${read}`)
    else if (raws.has(file)) faults.push(`${file}: there are two files of this name`)
    else raws.set(file, read)
  }
  const profiles: DeviceProfile[] = []
  for (const [file, raw] of raws) {
    const whole = withAncestors(file, raw, raws)
    if (typeof whole === 'string') {
      faults.push(`${file}: extends: ${whole}`)
      continue
    }
    const parsed = DeviceProfile.safeParse(whole)
    if (!parsed.success) {
      faults.push(...parsed.error.issues.map(({ path, message }) => `${file}: ${fieldOf(path)}${message}`))
      continue
    }
    faults.push(...faultsOf(file, parsed.data))
    profiles.push(parsed.data)
  }
  if (!raws.has('generic.json')) faults.push('generic.json: missing; it takes what no other profile matches')
  return faults.length === 0 ? { ok: true, profiles } : { ok: false, faults: [...new Set(faults)] }
}

/** What the shapes cannot say. */
function faultsOf(file: string, { id, match, facts, streams }: DeviceProfile): string[] {
  const faults: string[] = []
  if (id !== basename(file, '.json')) faults.push(`${file}: id: "${id}" is not the file's name`)
  if (match.any.length === 0 && id !== 'generic') faults.push(`${file}: match.any: no hint, so it never matches`)
  for (const [at, { source }] of facts.entries()) {
    if (/https?:/i.test(source)) faults.push(`${file}: facts.${at}.source: a reference, not a URL`)
  }
  for (const role of ['main', 'sub'] as const) {
    const unknown = /\{(?!channel\}|stream\}|user\}|password\})[^}]*\}/.exec(streams?.[role] ?? '')?.[0]
    if (unknown === undefined) continue
    faults.push(`${file}: streams.${role}: ${unknown} is not filled in; {channel} and {stream} are`)
  }
  for (const [at, { from, to }] of (streams?.rewrites ?? []).entries()) {
    const where = `${file}: streams.rewrites.${at}`
    if (from === to) faults.push(`${where}: changes nothing`)
    if (/[{}]/.test(from + to)) faults.push(`${where}: plain text, nothing is filled in`)
    if (/:\/\//.test(to)) faults.push(`${where}.to: a part of a path, never another host`)
  }
  return faults
}

const fieldOf = (path: readonly PropertyKey[]): string => (path.length === 0 ? '' : `${path.join('.')}: `)

function readObject(path: string): Raw | string {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Raw) // checked by the schema, field by field
      : 'not a JSON object'
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** The profile with what its ancestors say below it; a list is replaced as a whole. */
function withAncestors(file: string, raw: Raw, raws: ReadonlyMap<string, Raw>): Raw | string {
  let whole = raw
  let parent = raw.extends
  for (let depth = 0; parent !== undefined; depth += 1) {
    if (depth >= MAX_ANCESTORS) return `more than ${MAX_ANCESTORS} ancestors, or a circle`
    const above = raws.get(`${String(parent)}.json`)
    if (above === undefined) return `there is no profile "${String(parent)}"`
    if (above === raws.get(file)) return 'a circle'
    const sections = INHERITED.map((name) => [name, below(above[name], whole[name])] as const)
    whole = { ...whole, ...Object.fromEntries(sections.filter(([, value]) => value !== undefined)) }
    parent = above.extends
  }
  return whole
}

function below(above: unknown, own: unknown): unknown {
  if (own === undefined) return above
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject(above) && isObject(own) ? { ...(above as Raw), ...(own as Raw) } : own
}
