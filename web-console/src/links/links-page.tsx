import { useSignal } from '@preact/signals'
import type { Role } from '../../../gateway/contracts/identity.ts'
import { type Link, type OwnerInvitation, Party } from '../../../gateway/contracts/link.ts'
import { RegisterDue, type RegisterRow, type RegisterSummary } from '../../../gateway/contracts/register.ts'
import type { RegisterFilter } from '../api/calls.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { CsvLink } from '../ui/csv-link.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { Field } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { EntryDialog } from './entry-dialog.tsx'
import { FilingSheet, RegisterSheet } from './filing-sheet.tsx'
import { Invitation } from './invitation-sheet.tsx'
import { LinkTable } from './link-table.tsx'
import { PaperDialog } from './paper-dialog.tsx'
import { Summary } from './register-summary.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'
import './links.css'

/** Who may write at the centre's end; owners have their own page. */
const REGISTRARS = new Set<Role>(['administrator', 'installer'])

/** What lies over the register; one thing at a time. */
type Open =
  | { kind: 'nothing' }
  | { kind: 'revoke' | 'paper'; link: Link }
  | { kind: 'entry' | 'filing'; row: RegisterRow }
  | { kind: 'invitation'; link: Link; invitation: OwnerInvitation }
  | { kind: 'print' }

/** The register: which cameras are linked, on whose consent, until when, and what the law still wants. */
export function LinksPage() {
  const { calls, live, language, session, township } = useParts()
  const { t } = language
  const filter = useSignal<RegisterFilter>({})
  const rows = useSignal<readonly RegisterRow[] | undefined>(undefined)
  const summary = useSignal<RegisterSummary | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const open = useSignal<Open>({ kind: 'nothing' })
  const changes = useSignal(0)
  const user = session.state.value.kind === 'signed-in' ? session.state.value.user : undefined
  const mayWrite = user?.roles.some((role) => REGISTRARS.has(role)) ?? false

  async function load(signal: AbortSignal): Promise<void> {
    const [list, counts] = await Promise.all([calls.register(filter.value, signal), calls.registerSummary()])
    if (signal.aborted) return
    problem.value = failureOf(list) ?? failureOf(counts)
    if (list.kind === 'ok') rows.value = list.data
    if (counts.kind === 'ok') summary.value = counts.data
  }

  useLifetime(
    (until) => {
      const reload = (): void => void load(until)
      reload()
      live.on('link', reload, until)
      live.onOpen(reload, until)
    },
    [filter.value, changes.value],
  )

  const close = (): void => {
    open.value = { kind: 'nothing' }
  }
  const changed = (): void => {
    changes.value += 1
    close()
  }
  async function invite(link: Link): Promise<void> {
    const answer = await calls.inviteAgain(link.id)
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') open.value = { kind: 'invitation', link, invitation: answer.data }
  }

  return (
    <main class="page links">
      <div class="links-head">
        <h1>{t('links.title')}</h1>
        <div class="links-exports">
          <CsvLink href={calls.registerCsv(filter.value)} name="register" label={t('csv.save')} />
          <button
            type="button"
            disabled={rows.value === undefined}
            onClick={() => {
              open.value = { kind: 'print' }
            }}
          >
            {t('print.register')}
          </button>
        </div>
      </div>
      {summary.value !== undefined && <Summary summary={summary.value} />}
      <Filters filter={filter.value} onChange={(next) => (filter.value = next)} />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {rows.value === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {rows.value?.length === 0 && (
        <Empty text={t(township.cameras.value.size === 0 ? 'list.noCameras' : 'links.empty')} />
      )}
      {rows.value !== undefined && rows.value.length > 0 && (
        <LinkTable
          rows={rows.value}
          onSheet={(row) => (open.value = { kind: 'filing', row })}
          acts={
            mayWrite
              ? {
                  onRevoke: (link) => (open.value = { kind: 'revoke', link }),
                  onPaper: (link) => (open.value = { kind: 'paper', link }),
                  onInvite: (link) => void invite(link),
                  onEntry: (row) => (open.value = { kind: 'entry', row }),
                }
              : undefined
          }
        />
      )}
      <Overlay open={open.value} rows={rows.value ?? []} onClose={close} onChanged={changed} />
    </main>
  )
}

interface OverlayProps {
  open: Open
  rows: readonly RegisterRow[]
  onClose: () => void
  onChanged: () => void
}

function Overlay({ open, rows, onClose, onChanged }: OverlayProps) {
  const { t } = useParts().language
  switch (open.kind) {
    case 'nothing':
      return null
    case 'revoke':
      return <RevokeDialog link={open.link} onClose={onClose} onRevoked={onChanged} />
    case 'paper':
      return <PaperDialog link={open.link} onClose={onClose} onDone={onChanged} />
    case 'entry':
      return <EntryDialog row={open.row} onClose={onClose} onSaved={onChanged} />
    case 'filing':
      return <FilingSheet row={open.row} onClose={onClose} />
    case 'print':
      return <RegisterSheet rows={rows} onClose={onClose} />
    case 'invitation':
      return (
        <Dialog title={t('invitation.title', { name: open.link.cameraName })} onClose={onClose}>
          <Invitation invitation={open.invitation} cameraName={open.link.cameraName} />
          <div class="actions">
            <button type="button" onClick={onClose}>
              {t('action.close')}
            </button>
          </div>
        </Dialog>
      )
  }
}

function Filters({ filter, onChange }: { filter: RegisterFilter; onChange: (next: RegisterFilter) => void }) {
  const { township, language } = useParts()
  const { t } = language
  const cells = township.cells.value.map(({ properties }) => ({ value: properties.code, label: properties.name }))
  return (
    <div class="filters">
      <Select
        label={t('links.ownership')}
        value={filter.ownership}
        options={(['public', 'private'] as const).map((value) => ({ value, label: t(`ownership.${value}`) }))}
        onChange={(ownership) => onChange({ ...filter, ownership })}
      />
      <Select
        label={t('column.cell')}
        value={filter.cell}
        options={cells}
        onChange={(cell) => onChange({ ...filter, cell })}
      />
      <Select
        label={t('linkForm.partyKind')}
        value={filter.party}
        options={Party.shape.kind.options.map((value) => ({ value, label: t(`party.${value}`) }))}
        onChange={(party) => onChange({ ...filter, party })}
      />
      <Select
        label={t('register.due')}
        value={filter.due}
        options={RegisterDue.options.map((value) => ({ value, label: t(`registerDue.${value}`) }))}
        onChange={(due) => onChange({ ...filter, due })}
      />
    </div>
  )
}

interface SelectProps<T extends string> {
  label: string
  value: T | undefined
  options: readonly { value: T; label: string }[]
  onChange: (value: T | undefined) => void
}

function Select<T extends string>({ label, value, options, onChange }: SelectProps<T>) {
  const { t } = useParts().language
  return (
    <Field label={label}>
      {(id) => (
        <select
          id={id}
          value={value ?? ''}
          onChange={({ currentTarget }) =>
            onChange(options.find((option) => option.value === currentTarget.value)?.value)
          }
        >
          <option value="">{t('list.all')}</option>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
