import { useSignal } from '@preact/signals'
import type { Link, LinkScope, PaperConsent } from '../../../gateway/contracts/link.ts'
import { useParts } from '../parts.ts'
import { date, dateTime, endOfDay } from '../time.ts'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choices, Field, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useSending } from '../ui/use-sending.ts'

interface PaperProps {
  link: Link
  onClose: () => void
  onDone: () => void
}

/** SHA-256 of a document, hex: the document itself stays where it is. */
async function hashOf(file: File): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** What an owner signed on paper: recorded by one person, and checked against the document by another. */
export function PaperDialog(props: PaperProps) {
  const paper = props.link.waitingPaper
  return paper === undefined ? <Record {...props} /> : <Confirm {...props} paper={paper} />
}

function Record({ link, onClose, onDone }: PaperProps) {
  const { calls, language } = useParts()
  const { t } = language
  const scopes = useSignal<readonly LinkScope[]>(link.scopes)
  const lastDay = link.validUntil === undefined ? undefined : date(link.validUntil)
  const until = useSignal(lastDay ?? '')
  const signedOn = useSignal(date(Date.now()))
  const documentHash = useSignal('')
  const { busy, problem, send } = useSending()

  function submit(event: Event): void {
    event.preventDefault()
    const validUntil =
      until.value === lastDay && link.validUntil !== undefined ? link.validUntil : endOfDay(until.value)
    const body = { scopes: [...scopes.value], validUntil, signedOn: signedOn.value, documentHash: documentHash.value }
    void send(calls.recordPaper(link.id, body), onDone)
  }

  return (
    <Dialog title={t('paper.recordTitle', { name: link.cameraName })} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{t('paper.explain')}</p>
        <Choices
          legend={t('paper.scopes')}
          options={link.scopes.map((value) => ({ value, label: t(`scope.${value}`) }))}
          values={scopes}
        />
        <TextField label={t('paper.until')} value={until} type="date" required />
        <TextField label={t('paper.signedOn')} value={signedOn} type="date" max={date(Date.now())} required />
        <DocumentField onHash={(hash) => (documentHash.value = hash)} />
        {documentHash.value !== '' && <p class="hint paper-hash">SHA-256 {documentHash.value}</p>}
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <Answers
          act={t('paper.record')}
          isReady={!busy.value && documentHash.value !== '' && scopes.value.length > 0}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  )
}

function Confirm({ link, paper, onClose, onDone }: PaperProps & { paper: PaperConsent }) {
  const { calls, language, session } = useParts()
  const { t } = language
  const documentHash = useSignal('')
  const reason = useSignal('')
  const { busy, problem, send } = useSending()
  const me = session.state.value.kind === 'signed-in' ? session.state.value.user.id : undefined
  const isMine = paper.recordedBy.id === me
  const isSame = documentHash.value === paper.documentHash
  return (
    <Dialog title={t('paper.confirmTitle', { name: link.cameraName })} onClose={onClose}>
      <dl class="facts">
        <dt>{t('paper.recordedBy')}</dt>
        <dd>
          {paper.recordedBy.name} · {dateTime(paper.recordedAt)}
        </dd>
        <dt>{t('paper.signedOn')}</dt>
        <dd>{paper.signedOn}</dd>
        <dt>{t('paper.scopes')}</dt>
        <dd>{paper.scopes.map((scope) => t(`scope.${scope}`)).join(t('list.separator'))}</dd>
        <dt>{t('paper.until')}</dt>
        <dd>{date(paper.validUntil)}</dd>
        <dt>SHA-256</dt>
        <dd class="paper-hash">{paper.documentHash}</dd>
      </dl>
      {isMine ? (
        <p role="status">{t('paper.needsSecond')}</p>
      ) : (
        <>
          <DocumentField onHash={(hash) => (documentHash.value = hash)} />
          {documentHash.value !== '' && (
            <p role="status" class={isSame ? 'paper-same' : 'paper-differs'}>
              {t(isSame ? 'paper.same' : 'paper.differs')}
            </p>
          )}
        </>
      )}
      <TextField label={t('paper.rejectReason')} value={reason} maxLength={2000} />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        {!isMine && (
          <button
            type="button"
            class="primary"
            disabled={busy.value || !isSame}
            onClick={() => void send(calls.confirmPaper(link.id, paper.id, documentHash.value), onDone)}
          >
            {t('paper.confirm')}
          </button>
        )}
        <button
          type="button"
          class="danger"
          disabled={busy.value || reason.value.trim() === ''}
          onClick={() => void send(calls.rejectPaper(link.id, paper.id, reason.value.trim()), onDone)}
        >
          {t(isMine ? 'paper.takeBack' : 'paper.reject')}
        </button>
        <button type="button" onClick={onClose}>
          {t('action.cancel')}
        </button>
      </div>
    </Dialog>
  )
}

function DocumentField({ onHash }: { onHash: (hash: string) => void }) {
  const { t } = useParts().language
  return (
    <Field label={t('paper.document')} hint={t('paper.documentHint')}>
      {(id) => (
        <input
          id={id}
          type="file"
          accept="image/*,application/pdf"
          onChange={({ currentTarget: { files } }) => {
            const [file] = files ?? []
            if (file !== undefined) void hashOf(file).then(onHash)
          }}
        />
      )}
    </Field>
  )
}
