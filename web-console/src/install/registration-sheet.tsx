import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { NewLinkAnswer } from '../../../gateway/contracts/link.ts'
import { codecName } from '../codec-name.ts'
import { useParts } from '../parts.ts'
import { date, dateTime } from '../time.ts'

/** What the law wants on paper: on paper only, with lines to sign. */
export function RegistrationSheet({ camera, link }: { camera: Camera; link: NewLinkAnswer | undefined }) {
  const { township, session, language } = useParts()
  const { t } = language
  const state = session.state.value
  const { manufacturer, model, address } = camera.device
  const rows: [string, string][] = [
    [t('device.cameraName'), camera.name],
    [t('cell.of'), `${township.cellName(camera.cellCode)} ${camera.cellCode}`],
    [t('column.placeClass'), t(`placeClass.${camera.placeClass}`)],
    [t('install.ownership'), t(`ownership.${camera.ownership}`)],
    [
      t('sheet.position'),
      camera.position === undefined ? '—' : `${camera.position.lon}, ${camera.position.lat} (WGS-84)`,
    ],
    [t('sheet.device'), [manufacturer, model, address].filter((part) => part !== undefined).join(' ')],
    [
      t('sheet.streams'),
      camera.streams
        .map(({ role, codec, width, height }) => `${t(`stream.${role}`)} ${codecName(codec)} ${width}×${height}`)
        .join(t('list.separator')),
    ],
    [t('column.party'), link === undefined ? '—' : `${link.party.name} · ${link.party.contact}`],
    [t('linkForm.basis'), link?.basis ?? '—'],
    [t('linkForm.purpose'), link?.purpose ?? '—'],
    [t('column.scopes'), link?.scopes.map((scope) => t(`scope.${scope}`)).join(t('list.separator')) ?? '—'],
    [t('column.until'), link?.validUntil === undefined ? '—' : date(link.validUntil)],
    [t('column.filing'), link?.filing === undefined ? '—' : `${link.filing.number} · ${link.filing.date}`],
    [
      t('sheet.registered'),
      `${dateTime(camera.createdAt)} ${state.kind === 'signed-in' ? state.user.displayName : ''}`,
    ],
  ]
  return (
    <section class="sheet">
      <h1>{t('sheet.title')}</h1>
      <table>
        <tbody>
          {rows.map(([label, text]) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="sign-here">{t('sheet.installer')}</p>
      <p class="sign-here">{t('sheet.owner')}</p>
    </section>
  )
}
