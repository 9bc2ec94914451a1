import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { NewLinkAnswer } from '../../../gateway/contracts/link.ts'
import { Invitation } from '../links/invitation-sheet.tsx'
import { useParts } from '../parts.ts'
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
        {link?.ownerInvitation !== undefined && (
          <Invitation invitation={link.ownerInvitation} cameraName={camera.name} />
        )}
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
