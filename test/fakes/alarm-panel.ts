import { createCipheriv, createDecipheriv, randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * An alarm panel that reports by ANSI/SIA DC-09, written from the standard and apart from the gateway: a table for the
 * CRC where that one computes, its own padding and its own reading of answers.
 */

const TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >> 1) ^ 0xa001 : value >> 1
  return value
})
const crc16 = (text: string): number =>
  [...Buffer.from(text, 'latin1')].reduce((crc, byte) => (crc >> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0), 0)

export interface PanelMessage {
  id: 'SIA-DCS' | 'ADM-CID' | 'NULL' | (string & {})
  sequence?: number
  receiver?: string
  line?: string
  account: string
  /** Such as `Nri1/BA501` or `1130 01 005`. */
  data?: string
  /** Undefined: no timestamp, which an encrypted message may not do without. */
  at?: Date | undefined
  key?: Buffer
  hasBinaryCrc?: boolean
}

const two = (value: number): string => String(value).padStart(2, '0')
const stamp = (at: Date): string =>
  `_${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())},${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}-${at.getUTCFullYear()}`

export function encodePanelMessage(message: PanelMessage): Buffer {
  const { id, sequence = 1, receiver = '', line = 'L0', account, data, at, key, hasBinaryCrc = false } = message
  const content = `${data === undefined ? '' : `#${account}|${data}`}]${at === undefined ? '' : stamp(at)}`
  const rest = key === undefined ? content : seal(content, key)
  const star = key === undefined ? '' : '*'
  const body = `"${star}${id}"${String(sequence).padStart(4, '0')}${receiver}${line}#${account}[${rest}`
  const crc = crc16(body)
  const head = hasBinaryCrc ? Buffer.of(crc >> 8, crc & 0xff) : Buffer.from(hex(crc))
  const bytes = Buffer.from(body, 'latin1')
  return Buffer.concat([Buffer.of(10), head, Buffer.from(`0${hex(bytes.length).slice(1)}`), bytes, Buffer.of(13)])
}
const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')

const cipherOf = (key: Buffer): string => `aes-${key.length * 8}-cbc`

function seal(content: string, key: Buffer): string {
  const whole = Math.ceil((content.length + 1) / 16) * 16
  const padding = Array.from({ length: whole - content.length - 1 }, () => String.fromCharCode(randomInt(35, 91))).join(
    '',
  )
  const cipher = createCipheriv(cipherOf(key), key, Buffer.alloc(16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(`${padding}|${content}`, 'latin1'), cipher.final()]).toString('hex')
}

export interface PanelAnswer {
  kind: string
  sequence: number
  rest: string
  text: string
}

/** Throws where the answer is not one of the standard. */
function decodePanelAnswer(bytes: Buffer, key?: Buffer): PanelAnswer {
  const text = bytes.toString('latin1')
  const [, crc = '', length = '', body = ''] = /^\n([0-9A-F]{4})(0[0-9A-F]{3})(".*)\r$/s.exec(text) ?? []
  if (Number.parseInt(crc, 16) !== crc16(body)) throw new Error(`CRC of ${text}`)
  if (Number.parseInt(length, 16) !== body.length) throw new Error(`length of ${text}`)
  const [, star, kind = '', sequence = '', sealed = ''] = /^"(\*?)([A-Z]+)"(\d{4})[^[]*\[(.*)$/s.exec(body) ?? []
  if (star !== '*') return { kind, sequence: Number(sequence), rest: sealed, text }
  if (key === undefined) throw new Error('an encrypted answer without a key')
  const decipher = createDecipheriv(cipherOf(key), key, Buffer.alloc(16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(sealed, 'hex'), decipher.final()]).toString('latin1')
  if (!/^[^|[\]]*\|\]_\d\d:\d\d:\d\d,\d\d-\d\d-\d{4}$/.test(plain)) throw new Error(`content ${plain}`)
  return { kind: `*${kind}`, sequence: Number(sequence), rest: plain.slice(plain.indexOf('|') + 1), text }
}

/** A connection of a panel. */
export class AlarmPanel {
  readonly socket: Socket
  #held = Buffer.alloc(0)

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => {})
  }

  /** Sends and waits for the answer to it. */
  async send(bytes: Buffer, key?: Buffer): Promise<PanelAnswer> {
    this.socket.write(bytes)
    return this.answer(key)
  }

  async answer(key?: Buffer): Promise<PanelAnswer> {
    for (;;) {
      const end = this.#held.indexOf(13)
      if (end !== -1) {
        const frame = this.#held.subarray(0, end + 1)
        this.#held = this.#held.subarray(end + 1)
        return decodePanelAnswer(Buffer.from(frame), key)
      }
      const [chunk] = (await once(this.socket, 'data')) as [Buffer]
      this.#held = Buffer.concat([this.#held, chunk])
    }
  }
}

/** One datagram and the answer to it. */
export async function sendDatagram(port: number, bytes: Buffer, key?: Buffer): Promise<PanelAnswer> {
  const socket = createSocket('udp4')
  try {
    socket.send(bytes, port, '127.0.0.1')
    const [answer] = (await once(socket, 'message')) as [Buffer]
    return decodePanelAnswer(answer, key)
  } finally {
    socket.close()
  }
}
