import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// biome-ignore lint/style/noDefaultExport: Vite reads its configuration from the default export
export default defineConfig({
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: { alias: [{ find: /^zod$/, replacement: file('src/zod.ts') }] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Data URIs would need a wider content security policy for fonts and scripts than the gateway grants.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: file('index.html'), 'patrol-sw': file('src/patrol/service-worker.ts') },
      // A service worker is found by its name, and its scope is what lies beside it.
      output: { entryFileNames: ({ name }) => (name === 'patrol-sw' ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/live': 'http://127.0.0.1:8080' } },
})
