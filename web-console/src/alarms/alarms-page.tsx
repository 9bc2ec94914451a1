import { useParts } from '../parts.ts'
import { AlarmList } from './alarm-list.tsx'

export function AlarmsPage() {
  const { t } = useParts().language
  return (
    <main class="page alarms-page">
      <h1 class="sr-only">{t('page.alarms')}</h1>
      <AlarmList />
    </main>
  )
}
