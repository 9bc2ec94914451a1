import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The network between a browser and the gateway, which somebody trips over. */
export interface Cable {
  /** The gateway's address at this end. */
  url: string
  /** Connections break, and new ones are refused. */
  cut(): void
  /** Nothing passes any more and nobody is told, as behind a switch that hangs. */
  hang(): void
  mend(): void
  close(): Promise<void>
}

export async function layCable(gatewayUrl: string): Promise<Cable> {
  const port = Number(new URL(gatewayUrl).port)
  const ends = new Set<Socket>()
  let state: 'whole' | 'cut' | 'hanging' = 'whole'

  const keep = (socket: Socket): void => {
    ends.add(socket)
    socket.on('close', () => ends.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy()
    keep(near)
    if (state === 'hanging') return void near.pause()
    const far = connect(port, '127.0.0.1')
    keep(far)
    near.pipe(far).pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // Cast: a TCP server that listens has an address of this kind.
  const { port: ownPort } = server.address() as AddressInfo
  const breakAll = (): void => {
    for (const socket of ends) socket.destroy()
  }

  return {
    url: `http://127.0.0.1:${ownPort}`,
    cut() {
      state = 'cut'
      breakAll()
    },
    hang() {
      state = 'hanging'
      for (const socket of ends) socket.unpipe().pause()
    },
    mend() {
      // What hung for long has been given up by its peers.
      if (state === 'hanging') breakAll()
      state = 'whole'
    },
    async close() {
      server.close()
      breakAll()
      await once(server, 'close')
    },
  }
}
