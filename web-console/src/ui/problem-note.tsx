import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { ProblemAnswer } from '../api/client.ts'
import type { Language } from '../i18n/language.ts'
import { useParts } from '../parts.ts'
import { useLifetime } from './use-lifetime.ts'

export interface ProblemWords {
  cause: string
  nextStep: string | undefined
}

/** Words for a problem code: ours, or the gateway's own where it is newer than this page. */
export function problemWords({ t, isKey }: Language, problem: ProblemAnswer): ProblemWords {
  const key = `problem.${problem.code}`
  const nextKey = `${key}.next`
  return {
    cause: isKey(key) ? t(key) : (problem.title ?? problem.code),
    nextStep: isKey(nextKey) ? t(nextKey) : problem.nextStep,
  }
}

/** Where the gateway has nothing more to tell, its detail is the title. */
const tellsMore = ({ title, detail }: ProblemAnswer): boolean => detail !== undefined && detail !== title

/** Cause, exact detail and next step of what went wrong. */
export function ProblemNote({ problem, children }: { problem: ProblemAnswer; children?: ComponentChildren }) {
  const { language, live } = useParts()
  const { t } = language
  const { cause, nextStep } = problemWords(language, problem)
  const isReachedAgain = useSignal(false)
  useLifetime(
    (until) => {
      isReachedAgain.value = false
      live.onOpen(() => {
        isReachedAgain.value = problem.code === 'offline'
      }, until)
    },
    [problem],
  )
  if (isReachedAgain.value) {
    return (
      <div class="problem" role="status">
        <p>{t('link.reachedAgain')}</p>
        {children}
      </div>
    )
  }
  return (
    <div class="problem" role="alert">
      <p class="problem-cause">
        {cause} <code>{problem.code}</code>
      </p>
      {tellsMore(problem) && <p class="problem-detail">{problem.detail}</p>}
      {nextStep !== undefined && (
        <p>
          {t('problem.nextStep')}
          {nextStep}
        </p>
      )}
      {children}
    </div>
  )
}
