import type { ComponentChildren } from 'preact'
import type { ProblemAnswer } from '../api/client.ts'
import { en } from '../i18n/en.ts'
import { isKey, type Translate } from '../i18n/language.ts'
import { useParts } from '../parts.ts'

export interface ProblemWords {
  cause: string
  nextStep: string | undefined
}

/** Words for a problem code: ours, or the gateway's own where it is newer than this page. */
export function problemWords(t: Translate, problem: ProblemAnswer): ProblemWords {
  const key = `problem.${problem.code}`
  const nextKey = `${key}.next`
  return {
    cause: isKey(key) ? t(key) : (problem.title ?? problem.code),
    nextStep: isKey(nextKey) ? t(nextKey) : problem.nextStep,
  }
}

/** Where the gateway has nothing more to tell, its detail is the English title. */
function tellsMore({ code, detail }: ProblemAnswer): boolean {
  const key = `problem.${code}`
  return detail !== undefined && !(isKey(key) && detail === en[key])
}

/** Cause, exact detail and next step of what went wrong. */
export function ProblemNote({ problem, children }: { problem: ProblemAnswer; children?: ComponentChildren }) {
  const { t } = useParts().language
  const { cause, nextStep } = problemWords(t, problem)
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
