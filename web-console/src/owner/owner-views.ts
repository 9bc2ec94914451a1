import { type ReadonlySignal, useSignal } from '@preact/signals'
import type { Link, OwnerView } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { useLifetime } from '../ui/use-lifetime.ts'

const REFRESH_MS = 3_000

/** Who watches and who watched one camera, newest first, asked for again and again while the page is looked at. */
export interface OwnerViewing {
  readonly views: ReadonlySignal<readonly OwnerView[] | undefined>
  /** There are older ones, which the export has. */
  readonly hasMore: ReadonlySignal<boolean>
  readonly problem: ReadonlySignal<ProblemAnswer | undefined>
}

export function useOwnerViews({ id: linkId, state }: Link, isMeant: boolean): OwnerViewing {
  const { calls } = useParts()
  const views = useSignal<readonly OwnerView[] | undefined>(undefined)
  const hasMore = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  useLifetime(
    (until) => {
      if (!isMeant) return
      const refresh = async (): Promise<void> => {
        if (document.hidden && views.value !== undefined) return
        const answer = await calls.ownerViews(linkId)
        if (until.aborted) return
        problem.value = failureOf(answer)
        if (answer.kind !== 'ok') return
        views.value = answer.data.items
        hasMore.value = answer.data.nextCursor !== undefined
      }
      void refresh()
      const timer = setInterval(() => void refresh(), REFRESH_MS)
      until.addEventListener('abort', () => clearInterval(timer))
    },
    // What the owner does ends views: the record says so at once.
    [linkId, state, isMeant],
  )
  return { views, hasMore, problem }
}
