import { z } from 'zod'
import { Problem } from '../errors.ts'
import type { App } from './route.ts'

const Health = z.object({ ok: z.literal(true), version: z.string() })

/**
 * `/healthz`: the process lives. `/readyz`: it can take alarms and serve views; until then it names what is missing.
 * @param missing parts that are not ready yet, empty once all are
 */
export function healthRoutes(app: App, version: string, missing: () => Promise<readonly string[]>): void {
  app.get('/healthz', { config: { access: 'anyone' }, schema: { response: { 200: Health } } }, async () => ({
    ok: true as const,
    version,
  }))
  app.get('/readyz', { config: { access: 'anyone' }, schema: { response: { 200: Health } } }, async () => {
    const parts = await missing()
    if (parts.length > 0) throw new Problem('not-ready', `waiting for: ${parts.join(', ')}`)
    return { ok: true as const, version }
  })
}
