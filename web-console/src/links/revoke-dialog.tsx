import { useSignal } from '@preact/signals'
import type { Link } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'

interface RevokeProps {
  link: Link
  onClose: () => void
  onRevoked: (link: Link) => void
}

export function RevokeDialog({ link, onClose, onRevoked }: RevokeProps) {
  const { calls, language } = useParts()
  const { t } = language
  const reason = useSignal('')
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    busy.value = true
    const answer = await calls.revokeLink(link.id, reason.value.trim())
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onRevoked(answer.data)
  }

  return (
    <Dialog title={t('links.revokeTitle', { name: link.cameraName })} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t(link.ownership === 'private' ? 'links.revokeEffectPrivate' : 'links.revokeEffect')}</p>
        <TextField label={t('links.revokeReason')} value={reason} maxLength={2000} required />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <div class="actions">
          <button type="submit" class="danger" disabled={busy.value || reason.value.trim() === ''}>
            {t('action.revoke')}
          </button>
          <button type="button" onClick={onClose}>
            {t('action.cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
