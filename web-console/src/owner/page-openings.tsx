import { useSignal } from '@preact/signals'
import type { OwnerOpening } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'

/** When and from where the owner's page was opened, so that an owner notices whoever else holds the invitation. */
export function PageOpenings({ linkId }: { linkId: string }) {
  const { calls, language } = useParts()
  const { t } = language
  const openings = useSignal<readonly OwnerOpening[]>([])
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  useLifetime(
    (until) => {
      void calls.ownerOpenings(linkId).then((answer) => {
        if (until.aborted) return
        problem.value = failureOf(answer)
        if (answer.kind === 'ok') openings.value = answer.data.items
      })
    },
    [linkId],
  )

  if (problem.value !== undefined) return <ProblemNote problem={problem.value} />
  if (openings.value.length === 0) return
  return (
    <section class="views">
      <h3>{t('owner.openings')}</h3>
      <ul>
        {openings.value.map(({ at, address = t('owner.openedUnknown'), isThisOne }) => (
          <li key={at}>
            {t('owner.openedFrom', { time: dateTime(at), address })} {isThisOne && t('owner.openedThis')}
          </li>
        ))}
      </ul>
      {openings.value.every(({ isThisOne }) => isThisOne) && <p class="secondary">{t('owner.openedFirst')}</p>}
      <p class="hint">{t('owner.openedWhy')}</p>
    </section>
  )
}
