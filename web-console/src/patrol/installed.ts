const WORKER = '/patrol-sw.js'
const SCOPE = '/patrol'

/** Makes the page one that a phone can keep on its home screen and open in a dead zone; without a worker nothing is lost. */
export async function becomeInstallable(): Promise<'ready' | 'not-supported'> {
  if (document.querySelector('link[rel=manifest]') === null) {
    const link = document.createElement('link')
    link.rel = 'manifest'
    link.href = '/patrol.webmanifest'
    document.head.append(link)
  }
  if (!('serviceWorker' in navigator)) return 'not-supported'
  try {
    const registration = await navigator.serviceWorker.register(WORKER, { scope: SCOPE, updateViaCache: 'none' })
    const worker = await activeOf(registration)
    const files = performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter((path) => path.startsWith('/assets/'))
    worker?.postMessage(files)
    return worker === undefined ? 'not-supported' : 'ready'
  } catch {
    return 'not-supported'
  }
}

/** `serviceWorker.ready` waits for the address this document was opened at, which may have been the sign-in's. */
function activeOf({ active, waiting, installing }: ServiceWorkerRegistration): Promise<ServiceWorker | undefined> {
  const worker = installing ?? waiting ?? active ?? undefined
  if (worker === undefined || worker.state === 'activated') return Promise.resolve(worker)
  return new Promise((resolve) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve(worker)
      if (worker.state === 'redundant') resolve(undefined)
    })
  })
}
