import { DialError, type DialFault } from '../dial.ts'

/** Why a stream does not come; a closed vocabulary that a probe can explain to a person. */
export type StreamFaultCode =
  | DialFault
  | 'unauthorized'
  | 'not-found'
  | 'session-limit'
  | 'unsupported-codec'
  | 'unsupported-transport'
  | 'redirected'
  | 'protocol'
  | 'connection-lost'
  | 'stalled'
  | 'no-key-frame'
  | 'key-frames-rare'
  | 'bad-uri'

/** Carries no credential and no user information. */
export class StreamFault extends Error {
  readonly code: StreamFaultCode
  constructor(code: StreamFaultCode, message: string) {
    super(message)
    this.name = 'StreamFault'
    this.code = code
  }
}

/** @returns undefined for what is a bug and not a fault of camera or network */
export function toFault(error: unknown): { code: StreamFaultCode; detail: string } | undefined {
  if (error instanceof StreamFault) return { code: error.code, detail: error.message }
  if (error instanceof DialError) return { code: error.fault, detail: error.message }
  return undefined
}

export function faultOfStatus(method: string, status: number, reason: string): StreamFault {
  const text = `${method} was answered ${status} ${reason.slice(0, 80).replace(/[^\x20-\x7e]/g, '?')}`
  if (status === 401 || status === 403) return new StreamFault('unauthorized', text)
  if (status === 404) return new StreamFault('not-found', text)
  if (status === 453 || status === 503) return new StreamFault('session-limit', text)
  if (status === 461) return new StreamFault('unsupported-transport', text)
  if (status >= 300 && status < 400) return new StreamFault('redirected', text)
  return new StreamFault('protocol', text)
}
