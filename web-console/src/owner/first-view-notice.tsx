import { useSignal } from '@preact/signals'
import type { Link } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { ProblemNote } from '../ui/problem-note.tsx'

/** Whether the owner wants word of the first view of a day. */
export function FirstViewNotice({ link, onChange }: { link: Link; onChange: (link: Link) => void }) {
  const { calls, language } = useParts()
  const { t } = language
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function set(tellsFirstView: boolean): Promise<void> {
    const answer = await calls.ownerNotice(link.id, tellsFirstView)
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onChange(answer.data)
  }

  return (
    <>
      <label class="chip">
        <input
          type="checkbox"
          checked={link.tellsFirstView === true}
          onChange={({ currentTarget }) => void set(currentTarget.checked)}
        />
        <span>{t('owner.tellFirst')}</span>
      </label>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
    </>
  )
}
