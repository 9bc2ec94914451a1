import { CaseTargets, DEFAULT_TARGETS } from '../../../gateway/contracts/case-figures.ts'
import { useParts } from '../parts.ts'
import { NumbersForm } from './numbers-form.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

const minutesOf = (seconds: number): string => String(Math.round(seconds / 6) / 10)

/** By when somebody is to be there, for each priority. */
export function TargetsForm() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  return (
    <section class="panel">
      <h2>{t('targets.title')}</h2>
      <p class="secondary">{t('targets.effect')}</p>
      <NumbersForm<CaseTargets>
        ask={calls.targets}
        save={calls.setTargets}
        fieldsOf={({ items }) =>
          items.map(({ priority, respondSeconds }) => ({
            label: t('targets.minutes', { priority: t(`priority.${priority}`) }),
            hint: t('targets.usual', { n: minutesOf(usualSeconds(priority)) }),
            text: minutesOf(respondSeconds),
          }))
        }
        read={({ items }, minutes) =>
          CaseTargets.safeParse({
            items: items.map(({ priority }, at) => ({
              priority,
              respondSeconds: Math.round((minutes[at] ?? 0) * 60),
            })),
          }).data
        }
        inputMode="decimal"
        maxLength={6}
        range={t('targets.range')}
        saved={t('targets.saved')}
      />
    </section>
  )
}

const usualSeconds = (priority: number): number =>
  DEFAULT_TARGETS.items.find((item) => item.priority === priority)?.respondSeconds ?? 0
