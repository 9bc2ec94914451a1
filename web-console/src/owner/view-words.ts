import { Role } from '../../../gateway/contracts/identity.ts'
import type { OwnerView } from '../../../gateway/contracts/link.ts'
import { ViewEnd, ViewReason } from '../../../gateway/contracts/view.ts'
import type { Translate } from '../i18n/language.ts'
import { lengthOf } from '../time.ts'

/** The viewer's roles where no unit is known. */
export function unitWords(t: Translate, unit: string): string {
  const words = unit.split(', ').map((name) => {
    const role = Role.safeParse(name)
    return role.success ? t(`role.${role.data}`) : name
  })
  return words.join(t('list.separator'))
}

/** How long it lasted and why it ended, or that it goes on. */
export function lengthWords(t: Translate, { durationSeconds, endedWhy, watchingNow }: OwnerView): string {
  const ended = ViewEnd.safeParse(endedWhy)
  const length = lengthOf(t, durationSeconds)
  if (watchingNow) return `${length} · ${t('owner.goesOn')}`
  return ended.success ? `${length} · ${t(`viewEnd.${ended.data}`)}` : length
}

/** What was opened, and for what reason. */
export function whyWords(t: Translate, { kind, heardAt, reason }: OwnerView): string {
  const known = ViewReason.shape.kind.safeParse(reason.kind)
  const name = known.success ? t(`reasonKind.${known.data}`) : reason.kind
  const words = [
    ...(kind === 'recording' ? [t('owner.recording')] : []),
    ...(heardAt === undefined ? [] : [t('owner.heard')]),
    reason.text === undefined ? name : `${name}${t('list.colon')}${reason.text}`,
  ]
  return words.join(t('list.separator'))
}
