import { useSignal } from '@preact/signals'
import type { OwnerInvitation } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { CopiedSecret } from '../ui/copied-secret.tsx'
import { QrCode } from '../ui/qr-code.tsx'
import { PrintSheet } from './print-sheet.tsx'
import './invitation-sheet.css'

/** The owner's way in; shown this once, for the gateway keeps no copy in the clear. */
export function Invitation({ invitation, cameraName }: { invitation: OwnerInvitation; cameraName: string }) {
  const { t } = useParts().language
  const isSheet = useSignal(false)
  const close = (): void => {
    isSheet.value = false
  }
  return (
    <div class="invitation">
      <p>{t('invitation.explain', { time: dateTime(invitation.expiresAt) })}</p>
      <QrCode text={invitation.url} label={t('invitation.qr')} />
      <CopiedSecret label={t('invitation.link')} text={invitation.url} />
      <button
        type="button"
        class="wide"
        onClick={() => {
          isSheet.value = true
        }}
      >
        {t('invitation.print')}
      </button>
      {isSheet.value && (
        <PrintSheet title={t('invitation.title', { name: cameraName })} onClose={close}>
          <p>{t('invitation.what')}</p>
          <QrCode text={invitation.url} label={t('invitation.qr')} />
          <p>{t('invitation.scan')}</p>
          <p>{invitation.url}</p>
          <p>{t('invitation.until', { time: dateTime(invitation.expiresAt) })}</p>
          <p>{t('invitation.rights')}</p>
        </PrintSheet>
      )}
    </div>
  )
}
