import fastifyStatic from '@fastify/static'
import { z } from 'zod'
import type { App } from './route.ts'

/** Paths that the browser tells apart by itself; web-console/src/pages.ts has the same, and a test compares them. */
export const CONSOLE_PAGES = [
  '/',
  '/wall',
  '/map',
  '/alarms',
  '/patrol',
  '/install',
  '/handover',
  '/figures',
  '/health',
  '/links',
  '/audit',
  '/channels',
  '/sources',
  '/users',
  '/settings',
  '/gallery',
  '/owner',
  '/transparency',
] as const

/** Names under assets/ are made from the content, so what they name never changes. */
const FOREVER = { maxAge: '365d', immutable: true } as const
/** index.html names the assets of one build; it is asked for anew each time (RFC 9111 §5.2.2.4). */
const ASK_ALWAYS = { cacheControl: false } as const

/**
 * Serves the built console: index.html for its pages, and its files. Open to anyone, for it holds no data; everything
 * it shows it asks of the API.
 * @param directory absolute path of the build; without it these paths answer 404 and the API works all the same
 */
export function consoleFiles(app: App, directory: string): void {
  app.register(async (scope: App) => {
    await scope.register(fastifyStatic, { root: directory, serve: false })
    const open = { config: { access: 'anyone' as const }, schema: { hide: true } }

    for (const page of CONSOLE_PAGES) {
      scope.get(page, open, (_request, reply) =>
        reply.header('cache-control', 'no-cache').sendFile('index.html', ASK_ALWAYS),
      )
    }
    // Browsers look at a service worker anew each time; a kept one could outlive its build.
    scope.get('/patrol-sw.js', open, (_request, reply) =>
      reply.header('cache-control', 'no-cache').sendFile('patrol-sw.js', ASK_ALWAYS),
    )
    for (const file of ['patrol.webmanifest', 'icon-192.png', 'icon-512.png']) {
      scope.get(`/${file}`, open, (_request, reply) => reply.sendFile(file, { maxAge: '1d' }))
    }
    scope.get('/favicon.svg', open, (_request, reply) => reply.sendFile('favicon.svg', { maxAge: '1d' }))
    scope.get(
      '/assets/:name',
      { ...open, schema: { hide: true, params: z.object({ name: z.string().regex(/^[\w.-]+$/) }) } },
      (request, reply) => reply.sendFile(`assets/${request.params.name}`, FOREVER),
    )
  })
}
