import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import type { Area } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { Empty } from './empty.tsx'
import { NotLoaded } from './not-loaded.tsx'
import { useLifetime } from './use-lifetime.ts'

/** Draws a page once its code and its words are here, so that a phone does not fetch those of the wall. */
export function LazyPage({ load, words = [] }: { load: () => Promise<ComponentType>; words?: readonly Area[] }) {
  const { t, need } = useParts().language
  const page = useSignal<{ Page: ComponentType } | 'loading' | 'failed'>('loading')
  useLifetime(() => {
    Promise.all([load(), need(words)]).then(
      ([Page]) => {
        page.value = { Page }
      },
      () => {
        page.value = 'failed'
      },
    )
  })
  if (page.value === 'loading') return <Empty text={t('app.opening')} />
  if (page.value === 'failed') return <NotLoaded />
  const { Page } = page.value
  return <Page />
}
