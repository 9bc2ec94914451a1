import { useSignal } from '@preact/signals'
import type { Link } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useSending } from '../ui/use-sending.ts'

interface RevokeProps {
  link: Link
  onClose: () => void
  onRevoked: (link: Link) => void
}

export function RevokeDialog({ link, onClose, onRevoked }: RevokeProps) {
  const { calls, language } = useParts()
  const { t } = language
  const reason = useSignal('')
  const { busy, problem, send } = useSending()

  function submit(event: Event): void {
    event.preventDefault()
    void send(calls.revokeLink(link.id, reason.value.trim()), onRevoked)
  }

  return (
    <Dialog title={t('links.revokeTitle', { name: link.cameraName })} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t(link.ownership === 'private' ? 'links.revokeEffectPrivate' : 'links.revokeEffect')}</p>
        <TextField label={t('links.revokeReason')} value={reason} maxLength={2000} required />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <Answers
          act={t('action.revoke')}
          isDangerous
          isReady={!busy.value && reason.value.trim() !== ''}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}
