import type { z } from 'zod'
import type { DeviceProfile, Hint } from './device-profile.ts'

/** What is known of a device; all of it is the device's own claim. */
export interface Evidence {
  manufacturer?: string
  model?: string
  /** ONVIF scopes, as in discovery. */
  scopes?: readonly string[]
  endpointReference?: string
  port?: number
  /** Paths of services and streams. */
  paths?: readonly string[]
}

/** A hint of weight 1 decides between makes, and alone proves none. */
const MIN_WEIGHT = 2

/** The profile with the most weight of hints that hold; the first of equals; `generic` where there is too little. */
export function matchProfile(profiles: readonly DeviceProfile[], evidence: Evidence): DeviceProfile {
  const generic = profiles.find(({ id }) => id === 'generic')
  if (generic === undefined) throw new Error('there is no device profile "generic"')
  let best = { profile: generic, score: 0 }
  for (const profile of profiles) {
    const score = profile.match.any.reduce((sum, hint) => sum + (holds(hint, evidence) ? hint.weight : 0), 0)
    if (score >= MIN_WEIGHT && score > best.score) best = { profile, score }
  }
  return best.profile
}

const SCOPE_ROOT = 'onvif://www.onvif.org/'

function holds(hint: z.infer<typeof Hint>, evidence: Evidence): boolean {
  const { scope, manufacturer, model, oui, port, path } = hint
  const lower = (text: string | undefined): string => text?.toLowerCase() ?? ''
  const has = (part: string | undefined, test: (part: string) => boolean): boolean =>
    part === undefined || test(part.toLowerCase())
  return (
    has(scope, (part) => (evidence.scopes ?? []).some((uri) => decoded(uri).startsWith(SCOPE_ROOT + part))) &&
    has(manufacturer, (part) => lower(evidence.manufacturer).includes(part)) &&
    has(model, (part) => lower(evidence.model).startsWith(part)) &&
    has(oui, (part) => macOf(evidence.endpointReference)?.startsWith(part) === true) &&
    has(path, (part) => (evidence.paths ?? []).some((given) => lower(given).startsWith(part))) &&
    (port === undefined || port === evidence.port)
  )
}

const decoded = (uri: string): string => uri.toLowerCase().replaceAll('%20', ' ')

/** Version 1 UUIDs end with a MAC address, and cameras like to put theirs there whatever the version. */
function macOf(endpointReference: string | undefined): string | undefined {
  return /([0-9a-f]{12})$/.exec(endpointReference?.toLowerCase().replaceAll('-', '') ?? '')?.[1]
}
