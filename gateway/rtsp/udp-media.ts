import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Clock } from '../clock.ts'
import { Reception } from '../rtp/reception.ts'
import { ReorderBuffer } from '../rtp/reorder.ts'
import { StreamFault } from './fault.ts'

/** RFC 3550 §6.2: five seconds is the least between reports. */
const REPORT_EVERY_MS = 5_000
/** A key frame of a good camera comes in one burst. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024
const MAX_BIND_ATTEMPTS = 32

export interface UdpMediaOptions {
  clock: Clock
  /** Nothing from elsewhere is taken, nothing is sent elsewhere. */
  cameraAddress: string
  /** Of the media, ticks a second. */
  clockRate: number
  /** Ours, random. */
  ssrc: number
  /** In order. */
  rtp(bytes: Buffer): void
  rtcp(bytes: Buffer): void
}

/** RTP and RTCP of one media over UDP, on two ports side by side (RFC 3550 §11). */
export class UdpMedia {
  readonly #options: UdpMediaOptions
  readonly #reception: Reception
  readonly #reorder: ReorderBuffer
  #rtp: Socket | undefined
  #rtcp: Socket | undefined
  #reportTo: number | undefined
  #reportedAtMs: number
  #receivedBytes = 0

  constructor(options: UdpMediaOptions) {
    this.#options = options
    this.#reception = new Reception(options.clockRate, options.ssrc)
    this.#reorder = new ReorderBuffer((bytes) => options.rtp(bytes))
    this.#reportedAtMs = options.clock.monotonicMs()
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  /** @returns the even port for RTP; RTCP has the next one. Throws StreamFault where no pair is free. */
  async open(): Promise<number> {
    for (let attempt = 0; attempt < MAX_BIND_ATTEMPTS; attempt++) {
      const rtp = await this.#bind(0, (bytes) => this.#takeMedia(bytes))
      const port = rtp?.address().port ?? 1
      const rtcp = port % 2 === 0 ? await this.#bind(port + 1, (bytes) => this.#takeControl(bytes)) : undefined
      if (rtp !== undefined && rtcp !== undefined) {
        this.#rtp = rtp
        this.#rtcp = rtcp
        return port
      }
      rtp?.close()
    }
    throw new StreamFault('unsupported-transport', 'no two UDP ports side by side are free')
  }

  /** From now on the camera is told how its packets come. */
  reportTo(port: number): void {
    this.#reportTo = port
  }

  /** Call about once a second. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#reportTo === undefined || nowMs - this.#reportedAtMs < REPORT_EVERY_MS) return
    this.#reportedAtMs = nowMs
    const report = this.#reception.report(nowMs)
    if (report !== undefined) this.#rtcp?.send(report, this.#reportTo, this.#options.cameraAddress)
  }

  close(): void {
    this.#rtp?.close()
    this.#rtcp?.close()
    this.#rtp = undefined
    this.#rtcp = undefined
  }

  #bind(port: number, take: (bytes: Buffer) => void): Promise<Socket | undefined> {
    const { cameraAddress } = this.#options
    const socket = createSocket({
      type: isIPv6(cameraAddress) ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
    })
    return new Promise((resolve) => {
      // Before it is bound: the port is taken. After that: a report that nobody wanted; silence is noticed elsewhere.
      socket.on('error', () => resolve(undefined))
      socket.on('message', (bytes, { address }) => {
        if (address === cameraAddress) take(bytes)
      })
      socket.bind(port, () => resolve(socket))
    })
  }

  #takeMedia(bytes: Buffer): void {
    const nowMs = this.#options.clock.monotonicMs()
    this.#receivedBytes += bytes.length
    this.#reception.packet(bytes, nowMs)
    this.#reorder.push(bytes, nowMs)
  }

  #takeControl(bytes: Buffer): void {
    this.#receivedBytes += bytes.length
    this.#reception.control(bytes, this.#options.clock.monotonicMs())
    this.#options.rtcp(bytes)
  }
}
