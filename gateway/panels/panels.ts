import { createSocket, type RemoteInfo } from 'node:dgram'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { FrameCutter, MAX_FRAME_BYTES } from './dc09-frame.ts'
import { type PanelCounts, Receiver, type ReceiverDeps } from './receiver.ts'

export interface PanelLimits {
  connections: number
  perAddress: number
  /** Panels poll; one that says nothing for so long has gone. */
  idleMs: number
  /** Datagrams that wait for storage; the panel sends what is dropped again. */
  datagrams: number
}

export const DEFAULT_PANEL_LIMITS: PanelLimits = { connections: 2000, perAddress: 50, idleMs: 600_000, datagrams: 1000 }

export interface PanelsDeps extends ReceiverDeps {
  /** Undefined: no panel reports here. */
  listen: { host: string; port: number } | undefined
  limits?: PanelLimits
}

export interface Panels {
  /** Port of TCP and UDP, once started. */
  port(): number | undefined
  readonly counts: Readonly<PanelCounts>
  start(): Promise<void>
  close(): Promise<void>
}

/** Listens for alarm panels that report by ANSI/SIA DC-09, over TCP and UDP on one port. */
export function createPanels(deps: PanelsDeps): Panels {
  const { log, listen, limits = DEFAULT_PANEL_LIMITS } = deps
  const receiver = new Receiver(deps)
  const sockets = new Set<Socket>()
  const perAddress = new Map<string, number>()
  const running = new Set<Promise<void>>()
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => accept(socket))
  let udp: ReturnType<typeof createSocket> | undefined
  let port: number | undefined
  let datagrams = 0

  const track = (work: Promise<void>): void => {
    running.add(work)
    const ended = (): unknown => running.delete(work)
    void work.then(ended, ended)
  }

  const accept = (socket: Socket): void => {
    const address = socket.remoteAddress ?? ''
    const mine = perAddress.get(address) ?? 0
    if (sockets.size >= limits.connections || mine >= limits.perAddress) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    perAddress.set(address, mine + 1)
    socket.setTimeout(limits.idleMs, () => socket.destroy())
    socket.on('error', (error) => log.debug({ err: error, address }, 'a panel’s connection ended'))
    socket.on('close', () => {
      sockets.delete(socket)
      const left = (perAddress.get(address) ?? 1) - 1
      if (left === 0) perAddress.delete(address)
      else perAddress.set(address, left)
    })
    track(serve(socket))
  }

  /** One message at a time: nothing is read while one is being stored. */
  const serve = async (socket: Socket): Promise<void> => {
    const cutter = new FrameCutter()
    try {
      for await (const chunk of socket) {
        for (const step of cutter.push(chunk as Buffer)) {
          // no encoding is set, so these are buffers
          if (step.kind === 'overrun') {
            socket.destroy()
            return
          }
          const answer = await receiver.answer(step.bytes)
          if (answer !== undefined && socket.writable) socket.write(answer)
        }
      }
    } catch {
      // The connection broke; the panel makes another.
    }
    socket.end()
  }

  const onDatagram = (bytes: Buffer, from: RemoteInfo): void => {
    if (bytes.length > MAX_FRAME_BYTES || datagrams >= limits.datagrams) return
    datagrams++
    const work = async (): Promise<void> => {
      try {
        for (const step of new FrameCutter().push(bytes)) {
          const answer = step.kind === 'frame' ? await receiver.answer(step.bytes) : undefined
          if (answer !== undefined) udp?.send(answer, from.port, from.address)
        }
      } finally {
        datagrams--
      }
    }
    track(work())
  }

  const listenUdp = async (host: string, onPort: number): Promise<void> => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4', onDatagram)
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(onPort, host, resolve)
    })
    socket.on('error', (error) => log.error({ err: error }, 'listener of panels, UDP'))
    udp = socket
  }

  return {
    port: () => port,
    counts: receiver.counts,
    start: async () => {
      if (listen === undefined) return
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(listen.port, listen.host, () => {
          server.off('error', reject)
          server.on('error', (error) => log.error({ err: error }, 'listener of panels, TCP'))
          resolve()
        })
      })
      port = (server.address() as AddressInfo).port // listens on a port, not on a pipe
      await listenUdp(listen.host, port)
    },
    close: async () => {
      if (port === undefined) return
      port = undefined
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await Promise.all(running)
      udp?.close()
      await closed
    },
  }
}
