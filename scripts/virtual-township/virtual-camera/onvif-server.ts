import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { deviceOperations } from './device-operations.ts'
import { EventService } from './event-operations.ts'
import { SoapLogin } from './login.ts'
import { mediaOperations } from './media-operations.ts'
import { type PtzState, ptzOperations } from './ptz-operations.ts'
import { type CameraFacts, envelope, faultEnvelope, type Operations, type SoapResult } from './soap-service.ts'
import { parseXml } from './xml.ts'

const MAX_REQUEST_BYTES = 65_536

/** A camera's HTTP port: the ONVIF services and the snapshots. */
export class OnvifServer {
  readonly events: EventService
  readonly ptz: PtzState = { isMoving: false, pan: 0, tilt: 0, zoom: 0 }
  /** Refuses every login, as after a changed password. */
  refusesLogins = false
  readonly #facts: CameraFacts
  readonly #login: SoapLogin
  readonly #operations: Operations
  readonly #snapshots: ReadonlyMap<string, Buffer>
  readonly #servers: Server[] = []

  /** @param snapshots JPEG pictures by path and query */
  constructor(facts: CameraFacts, snapshots: ReadonlyMap<string, Buffer>) {
    this.#facts = facts
    this.#snapshots = snapshots
    this.events = new EventService(facts)
    this.#login = new SoapLogin({
      habits: facts.habits,
      manufacturer: facts.make.manufacturer,
      username: facts.device.username,
      password: facts.device.password,
      clockOffsetMs: facts.clockOffsetMs,
      clock: facts.clock,
    })
    this.#operations = {
      ...deviceOperations(facts),
      ...mediaOperations(facts),
      ...this.events.operations(),
      ...ptzOperations(facts, this.ptz),
    }
  }

  /** Tries with a wrong name or password. */
  get refusedLogins(): number {
    return this.#login.refused
  }

  /** Opens one further listener with the same services. @param port 0 for any @returns the port it listens on */
  async listen(address: string, port: number): Promise<number> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy())
    })
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, address, resolve)
    })
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : port
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map((server) => {
        server.closeAllConnections()
        return new Promise<void>((resolve) => server.close(() => resolve()))
      }),
    )
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return this.#snapshot(request, response)
    const { envelope: prefix, open } = this.#facts.habits
    const text = await readBody(request)
    const asked = text === undefined ? undefined : parseXml(text)
    const body = asked?.children.find(({ name }) => name === 'Body')?.children[0]
    if (asked === undefined || body === undefined) {
      return send(response, 400, faultEnvelope(prefix, 'ter:WellFormed', 'Well-formed Error'))
    }
    if (this.refusesLogins || !open.includes(body.name)) {
      const login = this.#login.check(request, asked)
      if (this.refusesLogins || login.kind === 'refused') {
        const {
          text: why,
          status,
          challenges,
        } = login.kind === 'refused' ? login : { text: 'Sender not Authorized', status: 400 as const, challenges: [] }
        return send(response, status, faultEnvelope(prefix, 'ter:NotAuthorized', why), challenges)
      }
    }
    const operation = this.#operations[`${body.namespace} ${body.name}`]
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const target = request.url ?? '/'
    const result: SoapResult =
      operation === undefined
        ? { fault: 'ter:ActionNotSupported', text: 'Optional Action Not Implemented' }
        : await operation({ body, envelope: asked, target, signal: gone.signal })
    if ('xml' in result) send(response, 200, envelope(prefix, result.xml))
    else send(response, 400, faultEnvelope(prefix, result.fault, result.text))
  }

  #snapshot(request: IncomingMessage, response: ServerResponse): void {
    const picture = this.#snapshots.get(request.url ?? '/')
    if (picture === undefined) {
      response.writeHead(404).end()
      return
    }
    const login = this.#login.checkFetch(request)
    if (!login.granted || this.refusesLogins) {
      response.writeHead(401, login.granted ? {} : { 'www-authenticate': login.challenges }).end()
      return
    }
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length }).end(picture)
  }
}

function send(response: ServerResponse, status: number, xml: string, challenges: readonly string[] = []): void {
  response.writeHead(status, {
    'content-type': 'application/soap+xml; charset=utf-8',
    'content-length': Buffer.byteLength(xml),
    ...(challenges.length > 0 ? { 'www-authenticate': [...challenges] } : {}),
  })
  response.end(xml)
}

/** @returns undefined for more than a camera would read */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_REQUEST_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
