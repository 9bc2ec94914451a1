import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DeviceProfile } from './device-profile.ts'

export type ProfileFiles = { ok: true; profiles: DeviceProfile[] } | { ok: false; faults: string[] }

/** Reads every device profile of a folder, sorted by file name; all faults at once, each with file and field. */
export function readProfiles(directory: string): ProfileFiles {
  const profiles: DeviceProfile[] = []
  const faults: string[] = []
  for (const file of readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const parsed = DeviceProfile.safeParse(parseJson(readFileSync(join(directory, file), 'utf8')))
    if (!parsed.success) {
      faults.push(...parsed.error.issues.map(({ path, message }) => `${file}: ${path.join('.')}: ${message}`))
    } else if (parsed.data.id !== basename(file, '.json')) {
      faults.push(`${file}: id "${parsed.data.id}" is not the file's name`)
    } else profiles.push(parsed.data)
  }
  if (!profiles.some(({ id }) => id === 'generic')) faults.push('generic.json: missing')
  return faults.length === 0 ? { ok: true, profiles } : { ok: false, faults }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : undefined
  }
}
