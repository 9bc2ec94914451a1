import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Empty } from './empty.tsx'
import { ProblemNote } from './problem-note.tsx'
import { useLifetime } from './use-lifetime.ts'

/** What was asked of the gateway: not here yet, here, or why not; what was here stays while it is asked anew. */
export interface Loaded<T> {
  readonly data: ReadonlySignal<T | undefined>
  readonly problem: ReadonlySignal<ProblemAnswer | undefined>
  reload(): void
}

/**
 * Asks when the component appears, when `keys` change, on `reload`, and where the gateway was not reached, once it is
 * again. What was here for other keys is not shown for these when their answer does not come.
 */
export function useLoaded<T>(ask: (signal: AbortSignal) => Promise<Answer<T>>, keys: readonly unknown[]): Loaded<T> {
  const data = useSignal<T | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const asked = useSignal(0)
  const isOfTheseKeys = useSignal(false)
  const { live } = useParts()
  const reload = (): void => {
    asked.value += 1
  }
  useLifetime(() => {
    isOfTheseKeys.value = false
  }, keys)
  useLifetime((until) => {
    const askAgain = (): void => {
      if (problem.peek()?.code === 'offline') reload()
    }
    live.onOpen(askAgain, until)
  })
  useLifetime(
    (until) => {
      void ask(until).then((answer) => {
        if (until.aborted) return
        problem.value = failureOf(answer)
        if (answer.kind === 'ok') {
          data.value = answer.data
          isOfTheseKeys.value = true
        } else if (!isOfTheseKeys.peek()) data.value = undefined
      })
    },
    [...keys, asked.value],
  )
  return { data, problem, reload }
}

/** The words for the three times when there is nothing to show. */
export function LoadedList<T>({
  of: { data, problem, reload },
  empty,
  children,
}: {
  of: Loaded<readonly T[]>
  empty: string
  children: (items: readonly T[]) => ComponentChildren
}) {
  const { t } = useParts().language
  return (
    <>
      {problem.value !== undefined && (
        <ProblemNote problem={problem.value}>
          <button type="button" onClick={reload}>
            {t('action.retry')}
          </button>
        </ProblemNote>
      )}
      {data.value === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {data.value?.length === 0 && <Empty text={empty} />}
      {data.value !== undefined && data.value.length > 0 && children(data.value)}
    </>
  )
}
