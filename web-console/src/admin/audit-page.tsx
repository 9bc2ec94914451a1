import { useSignal } from '@preact/signals'
import { AuditAction, type AuditVerdict } from '../../../gateway/contracts/audit.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { Field, TextField } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import type { AuditFilter, Entry } from './admin-calls.ts'
import { auditActionWords, saveAuditCsv } from './audit-csv.ts'
import { AuditTable } from './audit-table.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

const PAGE = 100
/** An export is one file that a person opens; longer ones are made at the command line. */
const MAX_EXPORT_PAGES = 40
const EXPORT_PAGE = 500

/** The audit trail: filtered, walked from end to end, taken along. Reading it is recorded too. */
export function AuditPage() {
  const { language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const filter = useSignal<AuditFilter>({})
  const entries = useSignal<readonly Entry[] | undefined>(undefined)
  const cursor = useSignal<string | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const exporting = useSignal(false)

  async function load(signal?: AbortSignal): Promise<void> {
    const isMore = signal === undefined
    const answer = await calls.audit(filter.value, isMore ? cursor.value : undefined, PAGE, signal)
    if (answer.kind === 'aborted') return
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    entries.value = isMore ? [...(entries.value ?? []), ...answer.data.items] : answer.data.items
    cursor.value = answer.data.nextCursor
  }
  useLifetime((until) => void load(until), [filter.value])

  async function save(): Promise<void> {
    exporting.value = true
    const all: Entry[] = []
    let next: string | undefined
    for (let pages = 0; pages < MAX_EXPORT_PAGES; pages += 1) {
      const answer = await calls.audit(filter.value, next, EXPORT_PAGE)
      problem.value = failureOf(answer)
      if (answer.kind !== 'ok') break
      all.push(...answer.data.items)
      next = answer.data.nextCursor
      if (next === undefined) break
    }
    exporting.value = false
    if (problem.value === undefined) saveAuditCsv(all)
  }

  return (
    <main class="page admin">
      <div class="page-head">
        <h1>{t('audit.title')}</h1>
        <button type="button" disabled={exporting.value} onClick={() => void save()}>
          {t(exporting.value ? 'audit.exporting' : 'csv.save')}
        </button>
      </div>
      <p class="secondary">{t('audit.readingIsRecorded')}</p>
      <Verification />
      <Filters
        onFilter={(next) => {
          entries.value = undefined
          filter.value = next
        }}
      />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {entries.value === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {entries.value?.length === 0 && <Empty text={t('audit.none')} />}
      {entries.value !== undefined && entries.value.length > 0 && <AuditTable entries={entries.value} />}
      {cursor.value !== undefined && (
        <button type="button" onClick={() => void load()}>
          {t('audit.older')}
        </button>
      )}
    </main>
  )
}

function Verification() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const verdict = useSignal<AuditVerdict | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)

  async function verify(): Promise<void> {
    busy.value = true
    const answer = await calls.verifyAudit()
    busy.value = false
    problem.value = failureOf(answer)
    verdict.value = answer.kind === 'ok' ? answer.data : undefined
  }

  const found = verdict.value
  return (
    <section class="panel verification">
      <button type="button" disabled={busy.value} onClick={() => void verify()}>
        {t(busy.value ? 'audit.verifying' : 'audit.verify')}
      </button>
      <div role="status">
        {found === undefined && <p class="secondary">{t('audit.verifyHint')}</p>}
        {found?.ok === true && (
          <p>
            <Icon name="ok" /> {t('audit.whole', { entries: found.entries, checkpoints: found.checkpoints })}
            <span class="secondary"> {dateTime(found.at)}</span>
          </p>
        )}
        {found?.ok === false && (
          <p class="problem-cause">
            <Icon name="fail" /> {t('audit.broken', { sequence: found.sequence })} <code>{found.fault}</code>
          </p>
        )}
      </div>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
    </section>
  )
}

function Filters({ onFilter }: { onFilter: (filter: AuditFilter) => void }) {
  const { language } = useParts()
  const { t } = language
  const [since, until, actor, object] = [useSignal(''), useSignal(''), useSignal(''), useSignal('')]
  const [action, result] = [useSignal(''), useSignal('')]

  function submit(event: Event): void {
    event.preventDefault()
    onFilter({
      since: since.value === '' ? undefined : `${since.value}T00:00:00+08:00`,
      until: until.value === '' ? undefined : `${until.value}T23:59:59.999+08:00`,
      actor: actor.value.trim() || undefined,
      object: object.value.trim() || undefined,
      action: action.value || undefined,
      result: result.value || undefined,
    })
  }

  return (
    <form class="filters" onSubmit={submit}>
      <TextField label={t('audit.since')} value={since} type="date" />
      <TextField label={t('audit.until')} value={until} type="date" />
      <TextField label={t('audit.actor')} value={actor} maxLength={128} />
      <TextField label={t('audit.object')} value={object} maxLength={128} />
      <Field label={t('audit.action')}>
        {(id) => (
          <select
            id={id}
            value={action.value}
            onChange={(event) => {
              action.value = event.currentTarget.value
            }}
          >
            <option value="">{t('list.all')}</option>
            {AuditAction.options.map((option) => (
              <option key={option} value={option}>
                {auditActionWords(language, option)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('audit.result')}>
        {(id) => (
          <select
            id={id}
            value={result.value}
            onChange={(event) => {
              result.value = event.currentTarget.value
            }}
          >
            <option value="">{t('list.all')}</option>
            <option value="done">{t('auditResult.done')}</option>
            <option value="refused">{t('auditResult.refused')}</option>
          </select>
        )}
      </Field>
      <button type="submit">{t('audit.filter')}</button>
    </form>
  )
}
