import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * scrypt (RFC 7914) at a strength of the OWASP Password Storage Cheat Sheet that takes 16 MiB a hash, so that several
 * sign-ins at once fit a small box. Stored hashes carry their own parameters and outlive a change of these.
 */
const COST = { logN: 14, blockSize: 8, parallelization: 5 } as const

const SALT_BYTES = 16
const HASH_BYTES = 32

/** What a stored hash may ask for: somebody who can write the table must not make a sign-in eat the memory. */
const MAX_LOG_N = 17
const MAX_BLOCK_SIZE = 8
const MAX_PARALLELIZATION = 16
const MAX_MEMORY_BYTES = 256 * 1024 * 1024

interface Cost {
  logN: number
  blockSize: number
  parallelization: number
}

/** `$scrypt$ln=14,r=8,p=5$SALT$HASH`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await derive(password, salt, COST)
  const { logN, blockSize, parallelization } = COST
  const text = (bytes: Buffer): string => bytes.toString('base64url')
  return `$scrypt$ln=${logN},r=${blockSize},p=${parallelization}$${text(salt)}$${text(hash)}`
}

/** Constant in time for one stored hash; false for a hash that is not one of ours. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w-]{16,64})\$([\w-]{43})$/.exec(stored)
  if (match === null) return false
  const [, logN, blockSize, parallelization, salt = '', hash = ''] = match
  const cost = { logN: Number(logN), blockSize: Number(blockSize), parallelization: Number(parallelization) }
  const isAllowed =
    cost.logN >= 1 &&
    cost.logN <= MAX_LOG_N &&
    cost.blockSize >= 1 &&
    cost.blockSize <= MAX_BLOCK_SIZE &&
    cost.parallelization >= 1 &&
    cost.parallelization <= MAX_PARALLELIZATION
  if (!isAllowed) return false
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), cost), Buffer.from(hash, 'base64url'))
}

/** NFKC first, so that the same characters typed on another keyboard are the same password (RFC 8265 §4.2). */
function derive(password: string, salt: Buffer, { logN, blockSize, parallelization }: Cost): Promise<Buffer> {
  const options = { N: 2 ** logN, r: blockSize, p: parallelization, maxmem: MAX_MEMORY_BYTES }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, hash) =>
      error === null ? resolve(hash) : reject(error),
    )
  })
}
