import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { build } from 'vite'
import { z } from 'zod'
import type { LanguageCode } from '../../web-console/src/i18n/areas.ts'
import { FIRST_WORDS, PAGE_WORDS } from '../../web-console/src/i18n/page-words.ts'

/** console.md §3: what must come before a page can be used, compressed. */
const DESKTOP_BYTES = 250 * 1024
const PHONE_BYTES = 120 * 1024
const PAGES = [
  { page: '/wall', file: 'src/wall/wall-page.tsx', most: DESKTOP_BYTES },
  { page: '/map', file: 'src/map/map-page.tsx', most: DESKTOP_BYTES },
  { page: '/links', file: 'src/links/links-page.tsx', most: DESKTOP_BYTES },
  { page: '/patrol', file: 'src/patrol/patrol-page.tsx', most: PHONE_BYTES },
  { page: '/install', file: 'src/install/install-page.tsx', most: PHONE_BYTES },
  { page: '/owner', file: 'src/owner/owner-page.tsx', most: PHONE_BYTES },
] as const
const DIRECTORY: Readonly<Record<LanguageCode, string>> = { 'zh-CN': 'zh-cn', en: 'en' }

const Manifest = z.record(z.string(), z.looseObject({ file: z.string(), imports: z.array(z.string()).default([]) }))

t.test('the script of every page, with its words in the language in use, is within its budget', async (t) => {
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

  const dictionaries = new Set(
    Object.keys(manifest)
      .filter((name) => /^src\/i18n\/(?:zh-cn|en)\//.test(name))
      .map((name) => manifest[name]?.file),
  )
  t.ok(dictionaries.size > 40, `${dictionaries.size} dictionaries`)
  for (const { page, file, most } of PAGES) {
    const code = needed(file, needed('index.html'))
    t.same(
      [...code].filter((name) => dictionaries.has(name)),
      [],
      `${page} comes with no words in it`,
    )
    for (const [language, directory] of Object.entries(DIRECTORY)) {
      const files = new Set(code)
      for (const area of [...FIRST_WORDS, ...PAGE_WORDS[page]]) needed(`src/i18n/${directory}/${area}.ts`, files)
      const bytes = [...files].reduce((sum, name) => sum + gzipSync(readFileSync(join(outDir, name))).length, 0)
      t.ok(bytes <= most, `${page} ${language}: ${(bytes / 1024).toFixed(1)} of ${most / 1024} kB`)
    }
  }
})
