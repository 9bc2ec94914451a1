import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** The largest MQTT packet a client may send, fixed header excluded: an alarm of 64 KiB with its topic. */
export const MAX_PACKET_BYTES = 66 * 1024
/** Before the broker knows who is there. */
export const MAX_CONNECT_BYTES = 64 * 1024

const CONNECT = 1
/** MQTT 3.1.1 §2.2.3: the remaining length has four bytes at the most. */
const MAX_LENGTH_BYTES = 4

export type Framing = { ok: true; packets: number } | { ok: false; why: string }

/**
 * Follows the packet boundaries of an MQTT byte stream (MQTT 3.1.1 §2.2) without keeping any of it. The first packet
 * must be CONNECT, and no packet may declare more than it is allowed: a parser would wait for the rest and store it.
 */
export class PacketFraming {
  #packets = 0
  #state: 'type' | 'length' | 'body' = 'type'
  #length = 0
  #lengthBytes = 0
  #left = 0

  /** @returns how many packets are complete so far, or what is wrong */
  push(chunk: Uint8Array): Framing {
    for (let at = 0; at < chunk.length; ) {
      const byte = chunk[at] ?? 0
      if (this.#state === 'body') {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#complete()
        continue
      }
      at++
      const fault = this.#state === 'type' ? this.#takeType(byte) : this.#takeLength(byte)
      if (fault !== undefined) return { ok: false, why: fault }
    }
    return { ok: true, packets: this.#packets }
  }

  #takeType(byte: number): string | undefined {
    if (this.#packets === 0 && byte >> 4 !== CONNECT) return 'the first packet is not CONNECT'
    this.#state = 'length'
    this.#length = 0
    this.#lengthBytes = 0
    return undefined
  }

  #takeLength(byte: number): string | undefined {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes
    this.#lengthBytes++
    const limit = this.#packets === 0 ? MAX_CONNECT_BYTES : MAX_PACKET_BYTES
    if (this.#length > limit) return `packet of ${this.#length} bytes or more, limit ${limit}`
    if ((byte & 0x80) !== 0) {
      return this.#lengthBytes < MAX_LENGTH_BYTES ? undefined : 'remaining length has more than four bytes'
    }
    this.#left = this.#length
    this.#state = 'body'
    if (this.#left === 0) this.#complete()
    return undefined
  }

  #complete(): void {
    this.#packets++
    this.#state = 'type'
  }
}

/** The socket as the broker sees it: bytes reach the broker only after the gate has seen them. */
export class GatedConnection extends Duplex {
  readonly #socket: Socket
  readonly #framing = new PacketFraming()

  constructor(socket: Socket, onConnectPacket: () => void) {
    super()
    this.#socket = socket
    let packets = 0
    socket.on('data', (chunk: Buffer) => {
      const framing = this.#framing.push(chunk)
      if (!framing.ok) {
        this.destroy(new Error(framing.why))
        return
      }
      if (packets === 0 && framing.packets > 0) onConnectPacket()
      packets = framing.packets
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
