import type { IncomingHttpHeaders } from 'node:http'
import { pino } from 'pino'
import type { Principal } from '../../gateway/contracts/identity.ts'
import type { App } from '../../gateway/http/route.ts'
import { createServer } from '../../gateway/http/server.ts'

/**
 * The real server without routes and without words in a log.
 * @param who whom the headers of a request name; nobody, unless it says so
 */
export const quietServer = (
  who: (headers: IncomingHttpHeaders) => Principal | undefined = () => undefined,
): Promise<App> =>
  createServer({
    logger: pino({ level: 'silent' }),
    version: '0.0.0',
    tls: undefined,
    behindTlsProxy: false,
    authenticator: {
      authenticate: async (headers) => {
        const principal = who(headers)
        return principal && { principal }
      },
    },
    onRefused: async () => {},
  })
