import type { Transparency } from '../../../gateway/contracts/register.ts'
import { useParts } from '../parts.ts'
import { LanguageSwitch } from '../shell.tsx'
import { dateTime } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import './links.css'

/** Counts for everybody, without sign-in: how many cameras watch here, and how often they are watched. */
export function TransparencyPage() {
  const { calls, language } = useParts()
  const { t } = language
  const { data, problem } = useLoaded<Transparency>(() => calls.transparency(), [])
  const counts = data.value
  return (
    <main class="page links transparency">
      <div class="links-head">
        <h1>{t('transparency.title')}</h1>
        <LanguageSwitch />
      </div>
      <p class="secondary">{t('transparency.intro')}</p>
      {problem.value !== undefined &&
        (problem.value.code === 'not-found' ? (
          <Empty text={t('transparency.off')} />
        ) : (
          <ProblemNote problem={problem.value} />
        ))}
      {counts === undefined && problem.value === undefined && <Empty text={t('list.loading')} />}
      {counts !== undefined && <Counts counts={counts} />}
    </main>
  )
}

function Counts({ counts: { at, cells, links, last30Days, strippedFields } }: { counts: Transparency }) {
  const { t } = useParts().language
  const lines: readonly (readonly [string, number])[] = [
    [t('transparency.linksPublic'), links.public],
    [t('transparency.linksPrivate'), links.private],
    [t('transparency.viewsPublic'), last30Days.views.public],
    [t('transparency.viewsPrivate'), last30Days.views.private],
    [t('transparency.alarms'), last30Days.alarms],
    [t('transparency.stripped'), strippedFields],
  ]
  return (
    <>
      <dl class="panel transparency-counts">
        {lines.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{count}</dd>
          </div>
        ))}
      </dl>
      <table class="panel counts">
        <thead>
          <tr>
            <th scope="col">{t('column.cell')}</th>
            <th scope="col">{t('transparency.camerasPublic')}</th>
            <th scope="col">{t('transparency.camerasPrivate')}</th>
          </tr>
        </thead>
        <tbody>
          {cells.map((cell) => (
            <tr key={cell.name}>
              <th scope="row">{cell.name}</th>
              <td data-label={t('transparency.camerasPublic')}>{cell.public}</td>
              <td data-label={t('transparency.camerasPrivate')}>{cell.private}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="secondary">{t('transparency.never')}</p>
      <p class="secondary">{t('transparency.at', { time: dateTime(at) })}</p>
    </>
  )
}
