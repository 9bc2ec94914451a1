import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { NewLinkAnswer, OwnerInvitation } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import type { Draft } from './draft.ts'

export function DoneStep({ draft, camera, link }: { draft: Draft; camera: Camera; link: NewLinkAnswer | undefined }) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <section class="panel">
      <h2>
        <Icon name="ok" /> {t('install.done', { name: camera.name, cell: township.cellName(camera.cellCode) })}
      </h2>
      <p>{link === undefined ? t('linkForm.notLinked') : t(`linkState.${link.state}`)}</p>
      {link?.ownerInvitation !== undefined && <Invitation invitation={link.ownerInvitation} />}
      <div class="actions">
        <button type="button" class="primary wide" onClick={() => draft.next()}>
          {t('install.nextCamera')}
        </button>
      </div>
    </section>
  )
}

/** The owner's way in; shown this once, for the gateway keeps no copy in the clear. */
function Invitation({ invitation }: { invitation: OwnerInvitation }) {
  const { t } = useParts().language
  const copied = useSignal(false)
  return (
    <div class="invitation">
      <p>{t('invitation.explain', { time: dateTime(invitation.expiresAt) })}</p>
      <output class="invitation-url">{invitation.url}</output>
      <button
        type="button"
        class="wide"
        onClick={() => {
          void navigator.clipboard.writeText(invitation.url).then(() => {
            copied.value = true
          })
        }}
      >
        {copied.value ? t('invitation.copied') : t('invitation.copy')}
      </button>
    </div>
  )
}
