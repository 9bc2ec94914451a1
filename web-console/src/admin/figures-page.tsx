import { useSignal } from '@preact/signals'
import type { CaseFigure, CaseMoment } from '../../../gateway/contracts/case-figures.ts'
import { CaseMoment as Moments } from '../../../gateway/contracts/case-figures.ts'
import type { Translate } from '../i18n/language.ts'
import { useParts } from '../parts.ts'
import { exactLengthOf } from '../time.ts'
import { CsvLink } from '../ui/csv-link.tsx'
import { Choice } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

const SPANS = ['1', '7', '30', '92'] as const
const WAYS = ['all', 'day', 'cell', 'priority'] as const
type Way = (typeof WAYS)[number]

/** How long the steps of cases took and whether somebody was there in time: of cases, never of people. */
export function FiguresPage() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const days = useSignal<(typeof SPANS)[number] | undefined>('7')
  const by = useSignal<Way | undefined>('priority')
  const isPartial = useSignal(false)
  const query = { by: by.value ?? 'all', days: Number(days.value) }
  const loaded = useLoaded(
    async (signal) => {
      const answer = await calls.figures(query, signal)
      if (answer.kind !== 'ok') return answer
      isPartial.value = answer.data.isPartial
      return { kind: 'ok', data: answer.data.items }
    },
    [days.value, by.value],
  )
  return (
    <main class="page admin">
      <div class="page-head">
        <h1>{t('figures.title')}</h1>
        <CsvLink href={calls.figuresCsv(query)} name="case-figures" label={t('csv.save')} />
      </div>
      <p class="secondary">{t('figures.hint')}</p>
      <div class="filters">
        <Choice
          legend={t('time.span')}
          options={SPANS.map((value) => ({ value, label: t('time.lastDays', { n: value }) }))}
          value={days}
        />
        <Choice
          legend={t('figures.by')}
          options={WAYS.map((value) => ({ value, label: t(`figures.by.${value}`) }))}
          value={by}
        />
      </div>
      {isPartial.value && <p class="hint">{t('figures.partial')}</p>}
      <LoadedList of={loaded} empty={t('figures.none')}>
        {(items) => items.map((figure) => <Figure key={figure.key} figure={figure} by={query.by} />)}
      </LoadedList>
    </main>
  )
}

function Figure({ figure, by }: { figure: CaseFigure; by: Way }) {
  const { township, language } = useParts()
  const { t } = language
  const { key, cases, response, rating, steps } = figure
  const title = {
    all: () => t('figures.by.all'),
    day: () => key,
    cell: () => township.cellName(key),
    priority: () => t(`priority.${key as '1' | '2' | '3' | '4'}`), // the gateway's priorities
  }[by]()
  return (
    <section class="panel">
      <h2>{title}</h2>
      <p>
        {t('figures.cases', { n: cases, met: response.met, late: response.late, running: response.running })}
        {rating !== undefined && ` · ${t('figures.rating', { mean: rating.mean.toFixed(1), n: rating.count })}`}
      </p>
      {steps.length > 0 && (
        <Table columns={['figures.moment', 'figures.count', 'figures.own', 'figures.fromOpened']}>
          {inOrder(steps).map(({ moment, count, p50Ms, p95Ms, fromOpenedP50Ms, fromOpenedP95Ms }) => (
            <tr key={moment}>
              <th scope="row">{t(`moment.${moment}`)}</th>
              <td data-label={t('figures.count')}>{count}</td>
              <td data-label={t('figures.own')}>{both(t, p50Ms, p95Ms)}</td>
              <td data-label={t('figures.fromOpened')}>
                {moment === 'gateway' ? '—' : both(t, fromOpenedP50Ms, fromOpenedP95Ms)}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </section>
  )
}

const inOrder = (steps: CaseFigure['steps']): CaseFigure['steps'] =>
  steps.toSorted((a, b) => placeOf(a.moment) - placeOf(b.moment))
const placeOf = (moment: CaseMoment): number => Moments.options.indexOf(moment)

const both = (t: Translate, p50Ms: number, p95Ms: number): string =>
  `${exactLengthOf(t, p50Ms)} / ${exactLengthOf(t, p95Ms)}`
