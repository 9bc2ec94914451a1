import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { CONSOLE_PAGES, consoleFiles } from '../../gateway/http/console.ts'
import { PAGES } from '../../web-console/src/pages.ts'
import { quietServer } from '../fakes/quiet-server.ts'

async function serve(directory: string) {
  const app = await quietServer()
  consoleFiles(app, directory)
  return app
}

t.test('every page of the console is its index, which is asked for anew each time', async (t) => {
  const directory = t.testdir({ 'index.html': '<!doctype html><title>Gridlight</title>' })
  const app = await serve(directory)
  t.after(() => app.close())
  for (const page of CONSOLE_PAGES) {
    const answer = await app.inject({ url: page, headers: { accept: 'text/html' } })
    t.equal(answer.statusCode, 200, page)
    t.match(answer.headers['content-type'], /^text\/html/, page)
    t.equal(answer.headers['cache-control'], 'no-cache', page)
    t.match(answer.headers['content-security-policy'], /default-src 'self'/, page)
  }
})

t.test('assets are kept for good, and nothing outside them is served', async (t) => {
  const directory = t.testdir({ 'index.html': '', build: {} })
  mkdirSync(join(directory, 'assets'))
  writeFileSync(join(directory, 'assets', 'index-a1b2.js'), 'export {}')
  writeFileSync(join(directory, 'secret.txt'), 'classified')
  const app = await serve(directory)
  t.after(() => app.close())

  const asset = await app.inject({ url: '/assets/index-a1b2.js' })
  t.equal(asset.statusCode, 200)
  t.match(asset.headers['content-type'], /javascript/)
  t.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable')
  for (const url of [
    '/secret.txt',
    '/assets/..%2Fsecret.txt',
    '/assets/../secret.txt',
    '/assets/absent.js',
    '/other',
  ]) {
    const answer = await app.inject({ url })
    t.ok(answer.statusCode === 404 || answer.statusCode === 400, `${url}: ${answer.statusCode}`)
    t.notMatch(answer.body, /classified/)
  }
})

t.test('the gateway knows the pages that the console routes', async (t) => {
  t.same([...CONSOLE_PAGES].sort(), ['/', '/transparency', ...Object.keys(PAGES)].sort())
})
