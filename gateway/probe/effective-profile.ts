import { DeviceOverrides } from '../contracts/device.ts'
import type { DeviceProfile } from './device-profile.ts'

/** What is stored of a device that decides how it is spoken to. */
export interface ProfiledDevice {
  deviceProfile: string
  overridesJson: string | null
}

/** The device profile of a registered device, with what the installer said otherwise; undefined if its file is gone. */
export function profileOf(
  profiles: readonly DeviceProfile[],
  { deviceProfile, overridesJson }: ProfiledDevice,
): DeviceProfile | undefined {
  const profile = profiles.find(({ id }) => id === deviceProfile)
  const overrides = readOverrides(overridesJson)
  return profile && overridden(profile, overrides)
}

export const readOverrides = (json: string | null): DeviceOverrides =>
  json === null ? {} : (DeviceOverrides.safeParse(JSON.parse(json)).data ?? {})

/** A profile as an installer corrected it. */
export function overridden(profile: DeviceProfile, overrides: DeviceOverrides): DeviceProfile {
  const { devicePath, transport, events, renew, ptzTimeout, ptzStopTwice } = overrides
  const whole: DeviceProfile = { ...profile }
  if (devicePath !== undefined) whole.onvif = { ports: [80], auth: ['wsse', 'digest'], ...profile.onvif, devicePath }
  if (transport !== undefined) {
    whole.streams = { port: 554, channelBase: 1, secretInPath: false, ...profile.streams, transport }
  }
  if (events !== undefined || renew !== undefined) {
    const base = { mode: 'pull' as const, topics: [], ...profile.events }
    whole.events = {
      ...base,
      ...(events === undefined ? {} : { mode: events }),
      ...(renew === undefined ? {} : { renew }),
    }
  }
  if (ptzTimeout !== undefined) whole.ptz = { ...whole.ptz, sendTimeout: ptzTimeout }
  if (ptzStopTwice !== undefined) whole.ptz = { ...whole.ptz, stopTwice: ptzStopTwice }
  return whole
}
