import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'

/** AES-256-GCM (NIST SP 800-38D): 96-bit random nonce, 128-bit tag. */
export const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** One byte of key version in front of every sealed value: rotation keeps old keys readable. */
const HEADER_BYTES = 1

/** Seals secrets for storage; `context` (record id and field) is bound in, so a value moved elsewhere does not open. */
export interface Vault {
  seal(plain: string, context: string): Buffer
  /** Throws if the key is missing, the context is another one or a bit has changed. */
  open(sealed: Uint8Array, context: string): string
}

/** @param keys 32-byte keys, oldest first; the last one seals */
export function createVault(keys: readonly Buffer[]): Vault {
  return {
    seal: (plain, context) => {
      const version = keys.length - 1
      const key = keys[version]
      if (key === undefined) throw new Error('the vault has no key')
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      cipher.setAAD(associatedData(version, context))
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body])
    },
    open: (sealed, context) => {
      const version = sealed[0] ?? -1
      const key = keys[version]
      if (key === undefined) throw new Error(`the master key file has no key number ${version}`)
      const tagAt = HEADER_BYTES + NONCE_BYTES
      const bodyAt = tagAt + TAG_BYTES
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(HEADER_BYTES, tagAt), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(associatedData(version, context))
      decipher.setAuthTag(sealed.subarray(tagAt, bodyAt))
      return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]).toString('utf8')
    },
  }
}

const associatedData = (version: number, context: string): Buffer => Buffer.from(`${version}:${context}`)

/**
 * Reads the key file, one base64 key a line, oldest first; makes it on the first start. Refuses a file that others
 * on the host can read.
 */
export function loadMasterKeys(file: string): Buffer[] {
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`${file} can be read by other users of this host: chmod 600 it, and rotate the key`)
  }
  const keys = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64'))
  if (keys.length === 0 || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new Error(`${file} does not hold base64 keys of ${KEY_BYTES} bytes, one a line`)
  }
  return keys
}
