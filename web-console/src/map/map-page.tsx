import { AlarmList } from '../alarms/alarm-list.tsx'
import { useParts } from '../parts.ts'
import { TownshipMap } from './township-map.tsx'

/** The map alone, with the alarms beside it; what is chosen is shown on the wall. */
export function MapPage() {
  const { language, router, wallWish, township } = useParts()
  const { t } = language

  function show(name: string, cameraIds: readonly string[], caseId?: string): void {
    if (cameraIds.length === 0) return
    wallWish.value = { name, cameraIds, caseId }
    router.go('/wall')
  }
  const showOne = (cameraId: string, caseId?: string): void =>
    show(township.cameras.value.get(cameraId)?.name ?? '', [cameraId], caseId)

  return (
    <main class="map-page">
      <h1 class="sr-only">{t('page.map')}</h1>
      <TownshipMap onOpen={(cameraId) => showOne(cameraId)} onShow={show} />
      <AlarmList onOpen={showOne} />
    </main>
  )
}
