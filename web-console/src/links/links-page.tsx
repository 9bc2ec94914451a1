import { useSignal } from '@preact/signals'
import type { Role } from '../../../gateway/contracts/identity.ts'
import type { Link, LinkSummary } from '../../../gateway/contracts/link.ts'
import { LinkState } from '../../../gateway/contracts/link.ts'
import type { LinkFilter } from '../api/calls.ts'
import type { ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Empty } from '../ui/empty.tsx'
import { Field } from '../ui/field.tsx'
import { failureOf, ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { LinkTable } from './link-table.tsx'
import { RevokeDialog } from './revoke-dialog.tsx'
import './links.css'

/** Who may revoke at the centre's end; owners have their own page. */
const REGISTRARS = new Set<Role>(['administrator', 'installer'])

/** The register of links: which feeds are linked, on whose consent, until when. */
export function LinksPage() {
  const { calls, live, language, session } = useParts()
  const { t } = language
  const filter = useSignal<LinkFilter>({})
  const links = useSignal<readonly Link[] | undefined>(undefined)
  const summary = useSignal<LinkSummary | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const revoking = useSignal<Link | undefined>(undefined)
  const user = session.state.value.kind === 'signed-in' ? session.state.value.user : undefined
  const mayRevoke = user?.roles.some((role) => REGISTRARS.has(role)) ?? false

  async function load(signal: AbortSignal): Promise<void> {
    const [list, counts] = await Promise.all([calls.links(filter.value, signal), calls.linkSummary()])
    if (signal.aborted) return
    problem.value = failureOf(list) ?? failureOf(counts)
    if (list.kind === 'ok') links.value = list.data
    if (counts.kind === 'ok') summary.value = counts.data
  }

  useLifetime(
    (until) => {
      const reload = (): void => void load(until)
      reload()
      live.on('link', reload, until)
      live.onOpen(reload, until)
    },
    [filter.value],
  )

  return (
    <main class="page links">
      <div class="links-head">
        <h1>{t('links.title')}</h1>
        <a class="button" href={calls.linksCsv(filter.value)} onClick={(event) => void downloadCsv(event)}>
          {t('links.csv')}
        </a>
      </div>
      {summary.value !== undefined && <Summary summary={summary.value} />}
      <Filters filter={filter.value} onChange={(next) => (filter.value = next)} />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {links.value === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {links.value?.length === 0 && <Empty text={t('links.empty')} />}
      {links.value !== undefined && links.value.length > 0 && (
        <LinkTable
          links={links.value}
          onRevoke={
            mayRevoke
              ? (link) => {
                  revoking.value = link
                }
              : undefined
          }
        />
      )}
      {revoking.value !== undefined && (
        <RevokeDialog
          link={revoking.value}
          onClose={() => {
            revoking.value = undefined
          }}
          onRevoked={(revoked) => {
            links.value = links.value?.map((link) => (link.id === revoked.id ? revoked : link))
            revoking.value = undefined
          }}
        />
      )}
    </main>
  )
}

/** The gateway answers CSV by content negotiation, which a plain link cannot ask for. */
async function downloadCsv(event: MouseEvent & { currentTarget: HTMLAnchorElement }): Promise<void> {
  event.preventDefault()
  const response = await fetch(event.currentTarget.href, { headers: { accept: 'text/csv' } }).catch(() => undefined)
  if (response === undefined || !response.ok) return
  const url = URL.createObjectURL(await response.blob())
  const save = document.createElement('a')
  save.href = url
  save.download = `links-${new Date().toISOString().slice(0, 10)}.csv`
  save.click()
  URL.revokeObjectURL(url)
}

function Summary({ summary }: { summary: LinkSummary }) {
  const { t } = useParts().language
  return (
    <dl class="summary">
      {(['public', 'private'] as const).map((ownership) => {
        const counts = Object.entries(summary[ownership]).filter(([, count]) => count > 0)
        return (
          <div key={ownership} class="panel">
            <dt>{t(`ownership.${ownership}`)}</dt>
            {counts.length === 0 && <dd class="secondary">{t('links.none')}</dd>}
            {LinkState.options.map((state) => {
              const count = summary[ownership][state] ?? 0
              return count === 0 ? null : (
                <dd key={state}>
                  <strong>{count}</strong> {t(`linkState.${state}`)}
                </dd>
              )
            })}
          </div>
        )
      })}
    </dl>
  )
}

function Filters({ filter, onChange }: { filter: LinkFilter; onChange: (next: LinkFilter) => void }) {
  const { t } = useParts().language
  return (
    <div class="filters">
      <Field label={t('links.ownership')}>
        {(id) => (
          <select
            id={id}
            value={filter.ownership ?? ''}
            onChange={({ currentTarget: { value } }) =>
              onChange({ ...filter, ownership: value === 'public' || value === 'private' ? value : undefined })
            }
          >
            <option value="">{t('links.all')}</option>
            <option value="public">{t('ownership.public')}</option>
            <option value="private">{t('ownership.private')}</option>
          </select>
        )}
      </Field>
      <Field label={t('links.state')}>
        {(id) => (
          <select
            id={id}
            value={filter.state ?? ''}
            onChange={({ currentTarget: { value } }) => onChange({ ...filter, state: LinkState.safeParse(value).data })}
          >
            <option value="">{t('links.all')}</option>
            {LinkState.options.map((state) => (
              <option key={state} value={state}>
                {t(`linkState.${state}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  )
}
