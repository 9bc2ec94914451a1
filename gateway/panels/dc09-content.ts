import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Frame } from './dc09-frame.ts'
import { writeFrame } from './dc09-frame.ts'

/** Key lengths of AES-128, -192 and -256 in bytes (ANSI/SIA DC-09-2013 §5.4.5; sections of this file are of that edition). */
const CIPHERS: Readonly<Record<number, string>> = { 16: 'aes-128-cbc', 24: 'aes-192-cbc', 32: 'aes-256-cbc' }
const BLOCK_BYTES = 16
/** §5.4.6: the standard's initialisation vector; what keeps messages apart is the padding in front of them. */
const ZERO_IV = Buffer.alloc(BLOCK_BYTES)

export interface Content {
  /** The first bracket's data without the account. */
  data: string
  /** When the message was sent; undefined without a timestamp. */
  sentAt: Date | undefined
}

export type OpenedContent = { ok: true; content: Content } | { ok: false; why: string }

/** The data of a frame, decrypted with the key of its account where it is encrypted. Never throws. */
export function openContent(frame: Frame, key: Buffer | undefined): OpenedContent {
  if (!frame.isEncrypted) return readContent(frame.rest.toString('latin1'), frame.account)
  if (key === undefined) return { ok: false, why: 'is encrypted and the account has no key' }
  const hex = frame.rest.toString('latin1').replace(/\]$/, '')
  if (hex.length === 0 || hex.length % (BLOCK_BYTES * 2) !== 0 || !/^[0-9A-Fa-f]+$/.test(hex)) {
    return { ok: false, why: 'encrypted part is not whole blocks in hexadecimal' }
  }
  const decipher = createDecipheriv(CIPHERS[key.length] ?? '', key, ZERO_IV).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(hex, 'hex'), decipher.final()]).toString('latin1')
  // §5.4.4: padding without |, [ and ], then |.
  const bar = plain.indexOf('|')
  if (bar === -1 || bar > 2 * BLOCK_BYTES) return { ok: false, why: 'cannot be decrypted: is the key the same?' }
  const read = readContent(plain.slice(bar + 1), frame.account)
  if (!read.ok) return { ok: false, why: 'cannot be decrypted: is the key the same?' }
  return read.content.sentAt === undefined ? { ok: false, why: 'is encrypted without a timestamp' } : read
}

const TIMESTAMP = /_(\d{2}):(\d{2}):(\d{2}),(\d{2})-(\d{2})-(\d{4})$/

function readContent(rest: string, account: string): OpenedContent {
  const end = rest.indexOf(']')
  if (end === -1) return { ok: false, why: 'data has no end' }
  const [, inner, data = ''] = /^(?:#([0-9A-Za-z]{3,16})\|?)?\|?(.*)$/s.exec(rest.slice(0, end)) ?? []
  if (inner !== undefined && Number.parseInt(inner, 36) !== Number.parseInt(account, 36)) {
    return { ok: false, why: 'names two accounts' }
  }
  const stamp = TIMESTAMP.exec(rest)
  const [, hour, minute, second, month, day, year] = stamp ?? []
  const sentMs = stamp === null ? undefined : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(sentMs)) return { ok: false, why: 'timestamp is not a time' }
  return { ok: true, content: { data, sentAt: sentMs === undefined ? undefined : new Date(sentMs) } }
}

/** §5.5.1.8: in GMT. */
function timestampOf(at: Date): string {
  const [date = '', time = ''] = at.toISOString().split('T')
  const [year, month, day] = date.split('-')
  return `_${time.slice(0, 8)},${month}-${day}-${year}`
}

/** The message is stored (§5.5.3.1): encrypted where the message was. */
export function acknowledgement(
  frame: Frame,
  key: Buffer | undefined,
  now: Date,
  randomBytes: (count: number) => Buffer,
): Buffer {
  const head = `${sequenceOf(frame)}${frame.receiver}${frame.line}#${frame.account}[`
  if (!frame.isEncrypted || key === undefined) return writeFrame(`"ACK"${head}]`)
  return writeFrame(`"*ACK"${head}${encrypt(`]${timestampOf(now)}`, key, randomBytes)}`)
}

/** Understood and not possible to process; the panel need not send it again (§5.5.3.3). */
export const cannotProcess = (frame: Frame | undefined): Buffer =>
  frame === undefined
    ? writeFrame('"DUH"0000R0L0#0000[]')
    : writeFrame(`"DUH"${sequenceOf(frame)}${frame.receiver}${frame.line}#${frame.account}[]`)

/** Could not be decrypted or is not of now; tells the time, by which a panel may set its clock (§5.5.3.2). */
export const refusal = (now: Date): Buffer => writeFrame(`"NAK"0000R0L0A0[]${timestampOf(now)}`)

const sequenceOf = ({ sequence }: Frame): string => String(sequence).padStart(4, '0')

/** Padding, |, and the text, in whole blocks and hexadecimal; a text that fits gets a whole block (§5.4.4.3). */
function encrypt(text: string, key: Buffer, randomBytes: (count: number) => Buffer): string {
  const missing = BLOCK_BYTES - ((text.length + 1) % BLOCK_BYTES)
  const padding = [...randomBytes(missing)].map((byte) => PADDING[byte % PADDING.length]).join('')
  const cipher = createCipheriv(CIPHERS[key.length] ?? '', key, ZERO_IV).setAutoPadding(false)
  return Buffer.concat([cipher.update(`${padding}|${text}`, 'latin1'), cipher.final()])
    .toString('hex')
    .toUpperCase()
}

const PADDING = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
