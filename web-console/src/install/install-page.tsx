import { effect } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { LazyPage } from '../ui/lazy-page.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { DetailsStep } from './details-step.tsx'
import { DeviceStep } from './device-step.tsx'
import { createDraft, type Step } from './draft.ts'
import { LinkStep } from './link-step.tsx'
import { LoginStep } from './login-step.tsx'
import './install.css'

/** It brings the players along, so it is fetched while somebody types. */
const loadDone = () => import('./done-step.tsx').then((code) => code.DoneStep)

const STEPS = ['device', 'login', 'details', 'link'] as const

/** Registration of a camera on a phone: where and which, sign in and test, register, link. */
export function InstallPage() {
  const { t } = useParts().language
  const draft = useMemo(() => createDraft(localStorage), [])
  const step = draft.step.value
  useLifetime(() => scrollTo(0, 0), [step])
  useLifetime(() => {
    // Where that fails it is tried again when it is needed.
    if (step.kind !== 'device') loadDone().catch(() => {})
  }, [step.kind])
  // With every change: a page that is thrown away is not always told, and its successor may read before it has written.
  useLifetime((until) => until.addEventListener('abort', effect(draft.save)))
  return (
    <main class="page install">
      <h1>{t('install.title')}</h1>
      {step.kind !== 'done' && (
        <ol class="install-steps" aria-label={t('install.steps')}>
          {STEPS.map((name) => (
            <li key={name} aria-current={step.kind === name ? 'step' : undefined}>
              {t(`install.step.${name}`)}
            </li>
          ))}
        </ol>
      )}
      <CurrentStep draft={draft} step={step} />
    </main>
  )
}

function CurrentStep({ draft, step }: { draft: ReturnType<typeof createDraft>; step: Step }) {
  if (step.kind === 'device') return <DeviceStep draft={draft} />
  if (step.kind === 'login') return <LoginStep draft={draft} />
  if (step.kind === 'details') return <DetailsStep draft={draft} chosen={step.chosen} />
  if (step.kind === 'link') return <LinkStep draft={draft} camera={step.camera} />
  const { camera, link } = step
  const load = () => loadDone().then((DoneStep) => () => <DoneStep draft={draft} camera={camera} link={link} />)
  return <LazyPage load={load} />
}
