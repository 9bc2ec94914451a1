import type { Link } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { date, dateTime } from '../time.ts'

const REVOCABLE = new Set<Link['state']>(['draft', 'awaiting-consent', 'active', 'paused', 'suspended'])

export function LinkTable({
  links,
  onRevoke,
}: {
  links: readonly Link[]
  onRevoke: ((link: Link) => void) | undefined
}) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <div class="table-scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{t('links.camera')}</th>
            <th scope="col">{t('links.cell')}</th>
            <th scope="col">{t('links.ownership')}</th>
            <th scope="col">{t('links.state')}</th>
            <th scope="col">{t('links.party')}</th>
            <th scope="col">{t('links.scopes')}</th>
            <th scope="col">{t('links.until')}</th>
            <th scope="col">{t('links.filing')}</th>
            {onRevoke !== undefined && <th scope="col">{t('links.acts')}</th>}
          </tr>
        </thead>
        <tbody>
          {links.map((link) => (
            <tr key={link.id}>
              <th scope="row">{link.cameraName}</th>
              <td data-label={t('links.cell')}>{township.cellName(link.cellCode)}</td>
              <td data-label={t('links.ownership')}>{t(`ownership.${link.ownership}`)}</td>
              <td data-label={t('links.state')}>
                {t(`linkState.${link.state}`)}
                <span class="secondary">
                  {link.state === 'paused' && link.pausedUntil !== undefined
                    ? t('links.pausedUntil', { time: dateTime(link.pausedUntil) })
                    : t('links.since', { time: dateTime(link.stateSince) })}
                  {link.stateReason !== undefined && ` · ${link.stateReason}`}
                </span>
              </td>
              <td data-label={t('links.party')}>
                {link.party.name}
                <span class="secondary">{t(`party.${link.party.kind}`)}</span>
              </td>
              <td data-label={t('links.scopes')}>
                {(link.consent?.scopes ?? link.scopes).map((scope) => t(`scope.${scope}`)).join(t('list.separator'))}
                {link.consent !== undefined && (
                  <span class="secondary">{t('links.consentVersion', { n: link.consent.version })}</span>
                )}
              </td>
              <td data-label={t('links.until')}>
                {untilOf(link) === undefined ? t('links.noEnd') : date(untilOf(link) ?? '')}
              </td>
              <td data-label={t('links.filing')}>
                {link.filing === undefined ? '—' : `${link.filing.number} (${link.filing.date})`}
              </td>
              {onRevoke !== undefined && (
                <td>
                  {REVOCABLE.has(link.state) && (
                    <button type="button" class="danger" onClick={() => onRevoke(link)}>
                      {t('links.revoke')}
                    </button>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const untilOf = (link: Link): string | undefined => link.consent?.validUntil ?? link.validUntil
