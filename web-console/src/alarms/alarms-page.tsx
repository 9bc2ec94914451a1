import { AlarmList } from './alarm-list.tsx'

export function AlarmsPage() {
  return (
    <main class="page alarms-page">
      <AlarmList />
    </main>
  )
}
