import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { LinkScope, Party } from '../../../gateway/contracts/link.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date, endOfDay } from '../time.ts'
import { Choice, Choices, Missing, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import type { Draft } from './draft.ts'

const PARTY_KINDS = Party.shape.kind.options

/** What an owner is asked for, who may agree to less: long enough that nobody asks again each season. */
const USUAL_CONSENT_DAYS = 365
const DAY_MS = 86_400_000

/** Records the link: at once for a public feed, by the owner's consent for a private one. */
export function LinkStep({ draft, camera }: { draft: Draft; camera: Camera }) {
  const { calls, language } = useParts()
  const { t } = language
  const isPrivate = camera.ownership === 'private'
  const { party, contact, basis, purpose } = draft.fields
  const kind = useSignal<Party['kind'] | undefined>(isPrivate ? 'shop' : 'government')
  const scopes = useSignal<readonly LinkScope[]>(['live'])
  const until = useSignal(isPrivate ? date(Date.now() + USUAL_CONSENT_DAYS * DAY_MS) : '')
  const filingNumber = useSignal('')
  const filingDate = useSignal('')
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  useLifetime(() => {
    if (basis.value === '') basis.value = t(isPrivate ? 'linkForm.basisPrivate' : 'linkForm.basisPublic')
    if (purpose.value === '') purpose.value = t('linkForm.purposeUsual')
  })
  const missing = [
    party.value.trim() === '' && t('linkForm.party'),
    contact.value.trim() === '' && t('linkForm.contact'),
    basis.value.trim() === '' && t('linkForm.basis'),
    purpose.value.trim() === '' && t('linkForm.purpose'),
    scopes.value.length === 0 && t('linkForm.scopes'),
    isPrivate && until.value === '' && t('linkForm.until'),
    filingNumber.value.trim() === '' && filingDate.value !== '' && t('linkForm.filingNumber'),
    filingNumber.value.trim() !== '' && filingDate.value === '' && t('linkForm.filingDate'),
  ].filter((name) => name !== false)
  const isComplete = missing.length === 0

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (kind.value === undefined || !isComplete || busy.value) return
    busy.value = true
    const answer = await calls.createLink({
      cameraId: camera.id,
      ownership: camera.ownership,
      party: { kind: kind.value, name: party.value.trim(), contact: contact.value.trim() },
      basis: basis.value.trim(),
      purpose: purpose.value.trim(),
      scopes: [...scopes.value],
      validFrom: new Date().toISOString(),
      ...(until.value === '' ? {} : { validUntil: endOfDay(until.value) }),
      ...(filingNumber.value.trim() === '' || filingDate.value === ''
        ? {}
        : { filing: { number: filingNumber.value.trim(), date: filingDate.value } }),
    })
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') draft.step.value = { kind: 'done', camera, link: answer.data }
  }

  return (
    <form class="panel" onSubmit={submit}>
      <p>{t(isPrivate ? 'linkForm.privateIntro' : 'linkForm.publicIntro', { name: camera.name })}</p>
      <Choice
        legend={t('linkForm.partyKind')}
        options={PARTY_KINDS.map((value) => ({ value, label: t(`party.${value}`) }))}
        value={kind}
      />
      <TextField label={t('linkForm.party')} value={party} maxLength={200} required />
      <TextField label={t('linkForm.contact')} value={contact} maxLength={200} required />
      <TextField label={t('linkForm.basis')} hint={t('linkForm.basisHint')} value={basis} maxLength={2000} required />
      <TextField label={t('linkForm.purpose')} value={purpose} maxLength={2000} required />
      <Choices
        legend={t('linkForm.scopes')}
        options={LinkScope.options.map((value) => ({ value, label: t(`scope.${value}`) }))}
        values={scopes}
      />
      <TextField
        label={t(isPrivate ? 'linkForm.until' : 'column.untilOptional')}
        value={until}
        type="date"
        required={isPrivate}
      />
      {camera.placeClass === 'article-7' && (
        <>
          <TextField label={t('linkForm.filingNumber')} hint={t('linkForm.filingHint')} value={filingNumber} />
          <TextField label={t('linkForm.filingDate')} value={filingDate} type="date" />
        </>
      )}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <Missing names={missing} />
      <div class="actions">
        <button type="submit" class="primary wide" disabled={!isComplete || busy.value}>
          {t(isPrivate ? 'linkForm.askOwner' : 'linkForm.link')}
        </button>
        <button
          type="button"
          class="wide"
          onClick={() => {
            draft.step.value = { kind: 'done', camera, link: undefined }
          }}
        >
          {t('linkForm.later')}
        </button>
      </div>
    </form>
  )
}
