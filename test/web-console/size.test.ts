import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { build } from 'vite'
import { z } from 'zod'

/** console.md §3: what must come before a page can be used, compressed. */
const DESKTOP_BYTES = 250 * 1024
const PHONE_BYTES = 120 * 1024
const PAGES: Readonly<Record<string, number>> = {
  'src/wall/wall-page.tsx': DESKTOP_BYTES,
  'src/map/map-page.tsx': DESKTOP_BYTES,
  'src/links/links-page.tsx': DESKTOP_BYTES,
  'src/patrol/patrol-page.tsx': PHONE_BYTES,
  'src/install/install-page.tsx': PHONE_BYTES,
  'src/owner/owner-page.tsx': PHONE_BYTES,
}

const Manifest = z.record(z.string(), z.looseObject({ file: z.string(), imports: z.array(z.string()).default([]) }))

t.test('the script of every page is within its budget', async (t) => {
  const root = resolve(import.meta.dirname, '../../web-console')
  const outDir = t.testdir()
  await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir, manifest: 'manifest.json' },
  })
  const manifest = Manifest.parse(JSON.parse(readFileSync(join(outDir, 'manifest.json'), 'utf8')))

  /** A chunk with all that it needs at once; what it loads later does not count. */
  function needed(name: string, found = new Set<string>()): Set<string> {
    const chunk = manifest[name]
    if (chunk === undefined) throw new Error(`the build has no ${name}`)
    found.add(chunk.file)
    for (const other of chunk.imports) if (!found.has(manifest[other]?.file ?? '')) needed(other, found)
    return found
  }

  for (const [page, most] of Object.entries(PAGES)) {
    const files = needed(page, needed('index.html'))
    const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(outDir, file))).length, 0)
    t.ok(bytes <= most, `${page}: ${(bytes / 1024).toFixed(1)} of ${most / 1024} kB`)
  }
})
