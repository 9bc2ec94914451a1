import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Relay } from '../../gateway/relay/relay.ts'
import { bytesOf } from './media-bytes.ts'

export interface MediaHttp {
  url: string
  close(): Promise<void>
}

/** The least a web server does to serve a relay's playlists and media. */
export async function serveRelay(relay: Pick<Relay, 'read'>, sound = false): Promise<MediaHttp> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const number = (name: string): Record<string, number> => {
      const value = url.searchParams.get(`_HLS_${name}`)
      return value === null ? {} : { [name]: Number(value) }
    }
    const query = { ...number('msn'), ...number('part'), skip: url.searchParams.get('_HLS_skip') === 'YES', sound }
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const answer = await relay.read(url.pathname.slice(1), query, gone.signal)
    if (answer.kind === 'refused') {
      response.writeHead(answer.status).end(answer.code)
      return
    }
    const bytes = bytesOf(answer)
    response.writeHead(200, {
      'content-type': answer.contentType,
      'content-length': bytes.length,
      'access-control-allow-origin': '*',
    })
    response.end(bytes)
    response.on('close', () => answer.release())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
