import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type ChainCheckpoint, checkpointBytes } from './chain.ts'

/** Signs where the chain stands. */
export interface CheckpointSigner {
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Uint8Array
  sign(head: { sequence: bigint; hash: Uint8Array }, atMs: number): ChainCheckpoint
}

/** Reads the Ed25519 key of this gateway (PKCS #8, PEM), or makes it; refuses a file that others can read. */
export function loadSigner(file: string): CheckpointSigner {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ed25519')
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
    chmodSync(file, 0o600)
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`${file} can be read by other users of this host: remove it, a new key is made at the next start`)
  }
  return createSigner(createPrivateKey(readFileSync(file)))
}

export function createSigner(privateKey: KeyObject): CheckpointSigner {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    publicKey,
    sign: ({ sequence, hash }, atMs) => {
      const unsigned = { sequence, hash, atMs }
      return { ...unsigned, publicKey, signature: sign(null, checkpointBytes(unsigned), privateKey) }
    },
  }
}
