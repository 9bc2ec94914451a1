import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { NewLinkAnswer, OwnerInvitation } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Icon } from '../ui/icon.tsx'
import type { Draft } from './draft.ts'
import { PhotoField } from './photo-field.tsx'
import { RegistrationSheet } from './registration-sheet.tsx'
import { TryPicture } from './try-picture.tsx'

/** What was reached, the first picture where it may be seen, photos for the register, and the sheet to print. */
export function DoneStep({ draft, camera, link }: { draft: Draft; camera: Camera; link: NewLinkAnswer | undefined }) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <>
      <section class="panel">
        <h2>
          <Icon name="ok" /> {t('install.done', { name: camera.name, cell: township.cellName(camera.cellCode) })}
        </h2>
        <p>{link === undefined ? t('linkForm.notLinked') : t(`linkState.${link.state}`)}</p>
        {link?.ownerInvitation !== undefined && <Invitation invitation={link.ownerInvitation} />}
        {link?.state === 'active' ? <TryPicture camera={camera} /> : <p class="secondary">{t('try.afterConsent')}</p>}
        <PhotoField camera={camera} kind="sign" />
        <PhotoField camera={camera} kind="view" />
        <div class="actions">
          <button type="button" class="primary wide" onClick={() => draft.next()}>
            {t('install.nextCamera')}
          </button>
          <button type="button" class="wide" onClick={() => print()}>
            {t('sheet.print')}
          </button>
        </div>
      </section>
      <RegistrationSheet camera={camera} link={link} />
    </>
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
