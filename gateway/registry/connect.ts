import type { Clock } from '../clock.ts'
import type { Dialer } from '../dial.ts'
import { OnvifClient, type OnvifResult } from '../onvif/client.ts'
import type { Services } from '../onvif/device.ts'
import { splitAddress } from '../onvif/uri.ts'
import type { Vault } from '../vault.ts'
import type { DeviceProfile } from './device-profile.ts'
import { openLogin } from './store.ts'

export interface ConnectDeps {
  dialer: Dialer
  clock: Clock
  randomBytes: (count: number) => Buffer
  vault: Vault
}

export interface ConnectableDevice {
  id: string
  address: string
  sealedCredentials: Uint8Array | null
}

export interface ConnectedDevice {
  client: OnvifClient
  services: Services
}

/** A registered ONVIF device, its clock known and its services found; at most one login that fails. */
export async function connectDevice(
  { vault, ...deps }: ConnectDeps,
  { id, address, sealedCredentials }: ConnectableDevice,
  profile: DeviceProfile | undefined,
  signal: AbortSignal,
): Promise<OnvifResult<ConnectedDevice>> {
  const { host, port = 80 } = splitAddress(address)
  const { username, password = '' } = openLogin(vault, id, sealedCredentials)
  const devicePath = profile?.onvif?.devicePath
  const client = new OnvifClient({
    dialer: deps.dialer,
    clock: deps.clock,
    randomBytes: deps.randomBytes,
    host,
    port,
    ...(devicePath === undefined ? {} : { devicePath }),
    ...(username === undefined ? {} : { credentials: { username, password } }),
  })
  const time = await client.systemTime(signal)
  if (!time.ok && time.why !== 'fault' && time.why !== 'not-onvif') return time
  const services = await client.services(signal)
  return services.ok ? { ok: true, value: { client, services: services.value } } : services
}
