import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useParts } from '../parts.ts'
import { Empty } from './empty.tsx'
import { useLifetime } from './use-lifetime.ts'

/** Draws a page once its code is here, so that a phone does not fetch the wall. */
export function LazyPage({ load }: { load: () => Promise<ComponentType> }) {
  const { t } = useParts().language
  const page = useSignal<{ Page: ComponentType } | 'loading' | 'failed'>('loading')
  useLifetime(() => {
    load().then(
      (Page) => {
        page.value = { Page }
      },
      () => {
        page.value = 'failed'
      },
    )
  })
  if (page.value === 'loading') return <Empty text={t('app.opening')} />
  if (page.value === 'failed') {
    return (
      <Empty text={t('link.unreachable')}>
        <button type="button" onClick={() => location.reload()}>
          {t('action.reload')}
        </button>
      </Empty>
    )
  }
  const { Page } = page.value
  return <Page />
}
