/**
 * Keeps the patrol page openable in a dead zone. Its scope is /patrol alone: it keeps that page and the files of its
 * build, and never touches the API, media or events, which go by as if it were not there.
 */

/** The parts of the worker's world that are used; TypeScript's own lists cannot stand beside those of a page. */
interface LifetimeEvent extends Event {
  waitUntil(work: Promise<unknown>): void
}
interface FetchedEvent extends LifetimeEvent {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Worker {
  addEventListener(kind: 'install' | 'activate', handler: (event: LifetimeEvent) => void): void
  addEventListener(kind: 'fetch', handler: (event: FetchedEvent) => void): void
  addEventListener(kind: 'message', handler: (event: LifetimeEvent & { readonly data: unknown }) => void): void
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
  readonly location: Location
}

const PAGE = '/patrol'
const SHELL = 'gridlight-patrol-page'
const FILES = 'gridlight-patrol-files'
/** A page that is not there within this time is taken from the phone. */
const PATIENCE_MS = 4_000

// Cast: this file runs as a worker, which the page's types do not know.
const worker = self as unknown as Worker

worker.addEventListener('install', (event) => event.waitUntil(keepPage().then(() => worker.skipWaiting())))
worker.addEventListener('activate', (event) => event.waitUntil(worker.clients.claim()))

/** The page names the files it was made of, so that the next start needs no network. */
worker.addEventListener('message', (event) => {
  const { data } = event
  if (!Array.isArray(data)) return
  const files = data.filter(
    (file): file is string => typeof file === 'string' && isFile(new URL(file, location.origin)),
  )
  event.waitUntil(caches.open(FILES).then((cache) => Promise.all(files.map((file) => keepFile(cache, file)))))
})

worker.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return
  if (request.mode === 'navigate' && url.pathname === PAGE) event.respondWith(page(request))
  else if (isFile(url)) event.respondWith(file(request))
})

/** Named after their content, so what is kept is never old. */
const isFile = ({ origin, pathname }: URL): boolean =>
  origin === worker.location.origin &&
  /^\/(?:assets\/[\w.-]+|favicon\.svg|icon-\d+\.png|patrol\.webmanifest)$/.test(pathname)

async function keepPage(): Promise<Response | undefined> {
  const answer = await fetch(PAGE, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    () => undefined,
  )
  if (answer === undefined || !answer.ok) return undefined
  const cache = await caches.open(SHELL)
  const [known, text] = [await (await cache.match(PAGE))?.text(), await answer.clone().text()]
  // Another build: the files of the old one are not needed any more.
  if (known !== undefined && known !== text) await caches.delete(FILES)
  if (known !== text) await cache.put(PAGE, answer.clone())
  return answer
}

async function keepFile(cache: Cache, path: string): Promise<void> {
  if ((await cache.match(path)) === undefined) await cache.add(path).catch(() => undefined)
}

async function page(request: Request): Promise<Response> {
  return (await keepPage()) ?? (await caches.match(PAGE)) ?? fetch(request)
}

async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request)
  if (kept !== undefined) return kept
  const answer = await fetch(request)
  if (answer.ok) await (await caches.open(FILES)).put(request, answer.clone())
  return answer
}
