import { createHash } from 'node:crypto'
import { at, escapeXml, parseXml, textAt, type XmlElement, type XmlLimits } from './xml.ts'

export const NS = {
  soap: 'http://www.w3.org/2003/05/soap-envelope',
  addressing: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  discovery: 'http://schemas.xmlsoap.org/ws/2005/04/discovery',
  network: 'http://www.onvif.org/ver10/network/wsdl',
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  schema: 'http://www.onvif.org/ver10/schema',
  events: 'http://www.onvif.org/ver10/events/wsdl',
  notification: 'http://docs.oasis-open.org/wsn/b-2',
  ptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  addressing10: 'http://www.w3.org/2005/08/addressing',
} as const

const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd'
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd'
const PROFILE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0'
const ENCODING = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0'

export interface Credentials {
  username: string
  password: string
}

/**
 * WS-Security header with a password digest: Base64(SHA-1(nonce + created + password))
 * (Web Services Security UsernameToken Profile 1.0 §3.1).
 * @param nonce     fresh random bytes
 * @param createdMs the camera's time, milliseconds since 1970
 */
export function usernameToken({ username, password }: Credentials, nonce: Buffer, createdMs: number): string {
  const created = new Date(createdMs).toISOString()
  const digest = createHash('sha1').update(nonce).update(created).update(password, 'utf8').digest('base64')
  return (
    `<w:Security xmlns:w="${WSSE}" xmlns:u="${WSU}" s:mustUnderstand="1"><w:UsernameToken>` +
    `<w:Username>${escapeXml(username)}</w:Username>` +
    `<w:Password Type="${PROFILE}#PasswordDigest">${digest}</w:Password>` +
    `<w:Nonce EncodingType="${ENCODING}#Base64Binary">${nonce.toString('base64')}</w:Nonce>` +
    `<u:Created>${created}</u:Created></w:UsernameToken></w:Security>`
  )
}

/** WS-Security header with the password itself (§3.1, `PasswordText`): for a pinned TLS connection, and no other. */
export function readableToken({ username, password }: Credentials): string {
  return (
    `<w:Security xmlns:w="${WSSE}" s:mustUnderstand="1"><w:UsernameToken>` +
    `<w:Username>${escapeXml(username)}</w:Username>` +
    `<w:Password Type="${PROFILE}#PasswordText">${escapeXml(password)}</w:Password>` +
    `</w:UsernameToken></w:Security>`
  )
}

/** SOAP 1.2 envelope; header and body are ready XML. */
export function envelope(body: string, header = ''): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="${NS.soap}">` +
    `<s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`
  )
}

export interface SoapFault {
  /** Local names of code and subcodes, outermost first, such as `Sender`, `NotAuthorized`. */
  codes: string[]
  /** The camera's words: untrusted, one line, bounded. */
  text: string
}

export type SoapMessage =
  | { kind: 'body'; element: XmlElement }
  | { kind: 'fault'; fault: SoapFault }
  | { kind: 'unreadable'; why: string }

const MAX_SUBCODES = 8
const MAX_FAULT_CHARS = 300

/** The one element in the body, or the fault; response headers are never read, since some cameras echo our login. */
export function parseSoap(bytes: Uint8Array, limits: XmlLimits): SoapMessage {
  const parsed = parseXml(bytes, limits)
  if (!parsed.ok) return { kind: 'unreadable', why: parsed.why }
  if (parsed.root.name !== 'Envelope') return { kind: 'unreadable', why: 'not a SOAP envelope' }
  const element = at(parsed.root, 'Body')?.children[0]
  if (element === undefined) return { kind: 'unreadable', why: 'the SOAP body is empty' }
  return element.name === 'Fault' ? { kind: 'fault', fault: toFault(element) } : { kind: 'body', element }
}

function toFault(fault: XmlElement): SoapFault {
  const codes: string[] = []
  for (let code = at(fault, 'Code'); code !== undefined && codes.length < MAX_SUBCODES; code = at(code, 'Subcode')) {
    const value = textAt(code, 'Value')
    if (value !== undefined) codes.push(localPart(value))
  }
  const soap11 = textAt(fault, 'faultcode')
  if (soap11 !== undefined) codes.push(localPart(soap11))
  return { codes, text: oneLine(textAt(fault, 'Reason', 'Text') ?? textAt(fault, 'faultstring') ?? '') }
}

/** QName values use prefixes that are not always declared, so only the local part counts. */
const localPart = (qualified: string): string => oneLine(qualified.slice(qualified.lastIndexOf(':') + 1))

/** A peer's words made fit for one log line. */
export function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, MAX_FAULT_CHARS)
}

const LOGIN_FAULTS = new Set([
  'NotAuthorized',
  'FailedAuthentication',
  'InvalidSecurity',
  'InvalidSecurityToken',
  'SecurityTokenUnavailable',
  'FailedCheck',
])

export function isLoginFault({ codes }: SoapFault): boolean {
  return codes.some((code) => LOGIN_FAULTS.has(code))
}

/** The camera says that our time is wrong rather than our password. */
export function isClockFault({ codes, text }: SoapFault): boolean {
  return (
    codes.includes('MessageExpired') || /\b(time ?stamp|time check|clock|expired|time (?:is )?not match)/i.test(text)
  )
}

/** Tries left before the account is locked, where a camera counts them down (Dahua); undefined where it does not say. */
export function attemptsLeft({ text }: SoapFault): number | undefined {
  const count = /(\d{1,4})\s*(?:attempt|tr(?:y|ies)|times? left)/i.exec(text)?.[1]
  return count === undefined ? undefined : Number(count)
}

export function isLocked({ text }: SoapFault): boolean {
  return /\block(?:ed|ing)?\b/i.test(text)
}

/** A refusal can also mean that too many are connected (rroller/dahua#603): the password is not to blame. */
export function isCrowded({ text }: SoapFault): boolean {
  return /\b(?:too many|max(?:imum)?(?: number of)?)\b.{0,40}\b(?:connections?|sessions?|users?|clients?|links?)\b/i.test(
    text,
  )
}
