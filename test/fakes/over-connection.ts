import { once } from 'node:events'
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** An answer in the words of `inject`. */
export interface Answer {
  statusCode: number
  headers: IncomingHttpHeaders
  rawPayload: Buffer
  body: string
  json(): { code?: string; why?: string } & Record<string, unknown>
}

/** GET over a connection of its own, which goes through Node's server: `inject` begins behind it. */
export async function overConnection(base: string, path: string, headers: Record<string, string>): Promise<Answer> {
  // Not through URL: it would mend what is not well formed.
  const { hostname, port } = new URL(base)
  const [response] = (await once(get({ hostname, port, path, headers, agent: false }), 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  const rawPayload = Buffer.concat(chunks)
  const body = rawPayload.toString()
  const { statusCode = 0 } = response
  return { statusCode, headers: response.headers, rawPayload, body, json: () => JSON.parse(body) }
}
