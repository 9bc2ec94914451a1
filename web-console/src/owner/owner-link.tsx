import { useSignal } from '@preact/signals'
import type { Link } from '../../../gateway/contracts/link.ts'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date, dateTime } from '../time.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { CameraStill } from './camera-still.tsx'
import { ConsentForm } from './consent-form.tsx'
import { FirstViewNotice } from './first-view-notice.tsx'
import { type OwnerViewing, useOwnerViews } from './owner-views.ts'
import { PageOpenings } from './page-openings.tsx'
import { ViewRecord } from './view-record.tsx'

const PAUSE_MS = 2 * 3600_000

/** One shared camera: what is asked or agreed, who watches, and how to stop it. */
export function OwnerLink({ link, onChange }: { link: Link; onChange: (link: Link) => void }) {
  const { language } = useParts()
  const { t } = language
  const isAsked = link.state === 'awaiting-consent'
  const isOpen = isAsked || link.state === 'active' || link.state === 'paused'
  const changing = useSignal(false)
  const { consent } = link
  const viewing = useOwnerViews(link, !isAsked)
  return (
    <article class="panel owner-link">
      <h2>{link.cameraName}</h2>
      <p class={`owner-state owner-${link.state}`}>
        <Icon name={link.state === 'active' ? 'live' : 'lock'} />
        <span>
          {t(`ownerState.${link.state}`)}
          {link.state === 'paused' && link.pausedUntil !== undefined && (
            <>
              {' '}
              <span class="unbroken">{t('time.until', { time: dateTime(link.pausedUntil) })}</span>
            </>
          )}
        </span>
      </p>
      {!isAsked && <Watched viewing={viewing} />}
      {isOpen && <CameraStill linkId={link.id} name={link.cameraName} />}
      {isOpen && !isAsked && <Acts link={link} viewing={viewing} onChange={onChange} />}
      <dl class="facts">
        <dt>{t('column.purpose')}</dt>
        <dd>{link.purpose}</dd>
        <dt>{t('column.basis')}</dt>
        <dd>{link.basis}</dd>
        {isAsked && (
          <>
            <dt>{t('owner.asked')}</dt>
            <dd>
              {link.scopes.map((scope) => t(`scope.${scope}`)).join(t('list.separator'))}
              {t('list.separator')}
              {link.hours === undefined ? t('owner.allDay') : `${link.hours.from}–${link.hours.to}`}
              {t('list.separator')}
              <span class="unbroken">
                {link.validUntil === undefined ? t('owner.noEnd') : t('owner.untilDay', { day: date(link.validUntil) })}
              </span>
            </dd>
          </>
        )}
        <dt>{t('owner.who')}</dt>
        <dd>{t('owner.whoWords')}</dd>
        {consent !== undefined && !isAsked && (
          <>
            <dt>{t('owner.agreed')}</dt>
            <dd>
              {consent.scopes.map((scope) => t(`scope.${scope}`)).join(t('list.separator'))}
              {t('list.separator')}
              {consent.hours === undefined ? t('owner.allDay') : `${consent.hours.from}–${consent.hours.to}`}
              {t('list.separator')}
              <span class="unbroken">{t('owner.untilDay', { day: date(consent.validUntil) })}</span>
            </dd>
          </>
        )}
      </dl>
      {consent?.paper !== undefined && (
        <p class="owner-mark">
          {t('owner.paper', {
            day: consent.paper.signedOn,
            first: consent.paper.recordedBy,
            second: consent.paper.confirmedBy,
          })}
        </p>
      )}
      {link.waitingPaper !== undefined && (
        <p class="owner-mark" role="status">
          {t('owner.paperWaiting', { name: link.waitingPaper.recordedBy.name })}
        </p>
      )}
      {isOpen && !isAsked && (
        <>
          {changing.value ? (
            <ConsentForm
              link={link}
              onChange={(changed) => {
                changing.value = false
                onChange(changed)
              }}
              onCancel={() => {
                changing.value = false
              }}
            />
          ) : (
            <button
              type="button"
              class="wide"
              onClick={() => {
                changing.value = true
              }}
            >
              {t('owner.change')}
            </button>
          )}
          <FirstViewNotice link={link} onChange={onChange} />
        </>
      )}
      {isAsked && <ConsentForm link={link} onChange={onChange} />}
      {!isOpen && <p class="hint">{t('owner.closed')}</p>}
      {!isAsked && <ViewRecord link={link} viewing={viewing} />}
      <PageOpenings linkId={link.id} />
    </article>
  )
}

const WEEK_MS = 7 * 24 * 3600_000

/** The two numbers an owner looks for: how many watch now, and how often it was this week. */
function Watched({ viewing: { views, hasMore } }: { viewing: OwnerViewing }) {
  const { language, nowMs } = useParts()
  const { t } = language
  if (views.value === undefined) return null
  const recent = views.value.filter(({ startedAt }) => nowMs.value - Date.parse(startedAt) < WEEK_MS)
  const isMore = hasMore.value && recent.length === views.value.length
  return (
    <p class="owner-watched" role="status">
      {t('owner.inShort', {
        now: views.value.filter(({ watchingNow }) => watchingNow).length,
        times: `${recent.length}${isMore ? '+' : ''}`,
        people: new Set(recent.map(({ viewer, unit }) => `${viewer} ${unit}`)).size,
      })}
    </p>
  )
}

interface ActsProps {
  link: Link
  viewing: OwnerViewing
  onChange: (link: Link) => void
}

function Acts({ link, viewing, onChange }: ActsProps) {
  const { calls, language } = useParts()
  const { t } = language
  const revoking = useSignal(false)
  const busy = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const watching = (viewing.views.value ?? []).filter(({ watchingNow }) => watchingNow).length

  async function act(call: () => Promise<Answer<Link>>): Promise<void> {
    busy.value = true
    const answer = await call()
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    revoking.value = false
    onChange(answer.data)
  }

  return (
    <>
      <div class="actions">
        {link.state === 'active' ? (
          <button
            type="button"
            class="wide"
            disabled={busy.value}
            onClick={() => void act(() => calls.ownerPause(link.id, new Date(Date.now() + PAUSE_MS).toISOString()))}
          >
            {t('owner.pause')}
          </button>
        ) : (
          <button
            type="button"
            class="wide"
            disabled={busy.value}
            onClick={() => void act(() => calls.ownerResume(link.id))}
          >
            {t('owner.resume')}
          </button>
        )}
        <button
          type="button"
          class="danger wide"
          onClick={() => {
            revoking.value = true
          }}
        >
          {t('owner.revoke')}
        </button>
      </div>
      <p class="hint">{t(link.state === 'active' ? 'owner.pauseEffect' : 'owner.resumeEffect')}</p>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {revoking.value && (
        <Dialog
          title={t('owner.revokeTitle', { name: link.cameraName })}
          onClose={() => {
            revoking.value = false
          }}
        >
          {watching > 0 && <p class="owner-mark">{t('owner.revokeCuts', { n: watching })}</p>}
          <p>{t('owner.revokeEffect')}</p>
          {problem.value !== undefined && <ProblemNote problem={problem.value} />}
          <div class="actions">
            <button
              type="button"
              class="danger wide"
              disabled={busy.value}
              onClick={() => void act(() => calls.ownerRevoke(link.id))}
            >
              {t('owner.revokeNow')}
            </button>
            <button
              type="button"
              class="wide"
              onClick={() => {
                revoking.value = false
              }}
            >
              {t('owner.keep')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  )
}
