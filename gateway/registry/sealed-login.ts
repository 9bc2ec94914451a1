import { z } from 'zod'
import type { Vault } from '../vault.ts'

/** The login of a device, and what it wrote into the path of its own URIs. */
export const SealedLogin = z.strictObject({
  username: z.string().optional(),
  password: z.string().optional(),
  pathSecrets: z.strictObject({ user: z.string(), password: z.string() }).optional(),
})
export type SealedLogin = z.infer<typeof SealedLogin>

const sealContext = (deviceId: string): string => `device:${deviceId}:credentials`

export const sealLogin = (vault: Vault, deviceId: string, login: SealedLogin): Uint8Array<ArrayBuffer> =>
  new Uint8Array(vault.seal(JSON.stringify(login), sealContext(deviceId)))

export function openLogin(vault: Vault, deviceId: string, sealed: Uint8Array | null): SealedLogin {
  return sealed === null ? {} : SealedLogin.parse(JSON.parse(vault.open(sealed, sealContext(deviceId))))
}
