import { z } from 'zod'
import { Problem } from '../errors.ts'
import type { App } from './route.ts'

const Health = z.object({ ok: z.literal(true), version: z.string() })

/**
 * `/healthz`: the process lives. `/readyz`: it can take alarms and serve views; until then it names what is missing.
 * @param parts what must be there, by name; one that answers false or rejects is missing
 */
export function healthRoutes(
  app: App,
  version: string,
  parts: Readonly<Record<string, () => boolean | Promise<boolean>>>,
): void {
  app.get(
    '/healthz',
    { config: { access: 'anyone' }, schema: { summary: 'The process answers', response: { 200: Health } } },
    async () => ({
      ok: true as const,
      version,
    }),
  )
  app.get(
    '/readyz',
    {
      config: { access: 'anyone' },
      schema: { summary: 'It can do its work; 503 names what it waits for', response: { 200: Health } },
    },
    async () => {
      const missing: string[] = []
      for (const [name, isThere] of Object.entries(parts)) if (!(await holds(isThere))) missing.push(name)
      if (missing.length > 0)
        throw new Problem('not-ready', {
          zh: `尚未就绪：${missing.join('、')}`,
          en: `waiting for: ${missing.join(', ')}`,
        })
      return { ok: true as const, version }
    },
  )
}

async function holds(check: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await check()
  } catch {
    return false // what cannot answer is missing, and is named
  }
}
