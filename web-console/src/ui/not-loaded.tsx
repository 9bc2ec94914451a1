import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import { Empty } from './empty.tsx'
import { useLifetime } from './use-lifetime.ts'

const ASK_EVERY_MS = 5_000
const ANSWER_WITHIN_MS = 5_000
/** Whoever was opened anew so short a time ago and lacks the code again is not helped by once more. */
const OPENED_ANEW_MS = 60_000
const STORAGE_KEY = 'gridlight.openedAnew'

/**
 * The code of a page did not come: either nobody answers, or the gateway has the files of another build now. A browser
 * may remember what it failed to fetch, so the page is opened anew, by itself, once somebody answers.
 */
export function NotLoaded() {
  const { t } = useParts().language
  const why = useSignal<'away' | 'updated' | undefined>(undefined)

  useLifetime((until) => {
    const ask = async (): Promise<void> => {
      const isThere = await fetch('/healthz', {
        cache: 'no-store',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      }).then(
        () => true,
        () => false,
      )
      if (until.aborted) return
      why.value = isThere ? 'updated' : 'away'
      if (isThere && isFirstTry()) location.reload()
    }
    void ask()
    addEventListener('online', () => void ask(), { signal: until })
    // A computer that has a network may still be out of the gateway's reach, and is not told when that ends.
    const timer = setInterval(() => void ask(), ASK_EVERY_MS)
    until.addEventListener('abort', () => clearInterval(timer))
  })

  if (why.value === undefined) return <Empty text={t('app.opening')} />
  return (
    <Empty text={t(why.value === 'away' ? 'page.notFetched' : 'page.updated')}>
      <button type="button" onClick={() => location.reload()}>
        {t('action.reload')}
      </button>
    </Empty>
  )
}

function isFirstTry(): boolean {
  const now = Date.now()
  if (now - Number(sessionStorage.getItem(STORAGE_KEY) ?? 0) < OPENED_ANEW_MS) return false
  sessionStorage.setItem(STORAGE_KEY, String(now))
  return true
}
