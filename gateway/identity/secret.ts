import { createHmac, hash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32

/** 256 random bits, base64url: the value of a session cookie, and of a bearer token behind its prefix. */
export const newSecret = (): string => randomBytes(SECRET_BYTES).toString('base64url')

export const BEARER_PREFIX = 'glt_'

/** How a secret is stored: SHA-256, hex. Its 256 bits cannot be guessed, so no salt and no slow hash are needed. */
export const secretHash = (secret: string): string => hash('sha256', secret)

/** Derived from the session's secret, so it needs no storage and changes with every session. */
export const csrfTokenOf = (secret: string): string =>
  createHmac('sha256', secret).update('gridlight-csrf').digest('base64url')

/** 144 random bits for a first password that is shown once. */
export const newPassword = (): string => randomBytes(18).toString('base64url')
