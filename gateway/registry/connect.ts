import type { Clock } from '../clock.ts'
import type { Dialer } from '../dial.ts'
import { OnvifClient, type OnvifOptions, type OnvifResult } from '../onvif/client.ts'
import type { Services } from '../onvif/device.ts'
import { splitAddress } from '../onvif/uri.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { readOverrides } from '../probe/effective-profile.ts'
import type { Vault } from '../vault.ts'
import { openLogin } from './sealed-login.ts'

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
  /** The certificate it was registered with; null where it speaks HTTP. */
  certificateSha256: string | null
  /** What the installer said otherwise than the device profile. */
  overridesJson: string | null
}

export interface ConnectedDevice {
  client: OnvifClient
  services: Services
}

/** How a registered device is reached, without its login. */
export function clientOptions(
  { dialer, clock, randomBytes }: Omit<ConnectDeps, 'vault'>,
  { address, certificateSha256 }: Pick<ConnectableDevice, 'address' | 'certificateSha256'>,
): Omit<OnvifOptions, 'credentials'> {
  const { host, port = 80 } = splitAddress(address)
  const tls = certificateSha256 === null ? {} : { tls: { pin: certificateSha256 } }
  return { dialer, clock, randomBytes, host, port, ...tls }
}

/** A registered ONVIF device, its clock known and its services found; at most one login that fails. */
export async function connectDevice(
  deps: ConnectDeps,
  device: ConnectableDevice,
  profile: DeviceProfile | undefined,
  signal: AbortSignal,
): Promise<OnvifResult<ConnectedDevice>> {
  const { username, password = '' } = openLogin(deps.vault, device.id, device.sealedCredentials)
  const devicePath = profile?.onvif?.devicePath
  const { readableLogin = false } = readOverrides(device.overridesJson)
  const client = new OnvifClient({
    ...clientOptions(deps, device),
    readableLogin,
    ...(devicePath === undefined ? {} : { devicePath }),
    ...(username === undefined ? {} : { credentials: { username, password } }),
  })
  const time = await client.systemTime(signal)
  if (!time.ok && time.why !== 'fault' && time.why !== 'not-onvif') return time
  const services = await client.services(signal)
  return services.ok ? { ok: true, value: { client, services: services.value } } : services
}
