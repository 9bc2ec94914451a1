import { useSignal } from '@preact/signals'
import type { MapSettings } from '../../../gateway/contracts/map.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Empty } from '../ui/empty.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { nearestCameras } from './geometry.ts'
import { GridMap } from './grid-map.tsx'

/** As many as somebody can watch at once (console.md §3). */
export const NEAREST = 4

interface TownshipMapProps {
  onOpen: (cameraId: string, again: boolean) => void
  /** Shows several cameras for a moment, by the name of what they are shown for. */
  onShow: (name: string, cameraIds: readonly string[], caseId?: string) => void
}

/** The map once the gateway has said what lies under it. */
export function TownshipMap({ onOpen, onShow }: TownshipMapProps) {
  const { calls, language, township } = useParts()
  const { t } = language
  const settings = useSignal<MapSettings | undefined>(undefined)
  const failed = useSignal<ProblemAnswer | undefined>(undefined)

  async function load(): Promise<void> {
    const answer = await calls.mapSettings()
    failed.value = failureOf(answer)
    if (answer.kind === 'ok') settings.value = answer.data
  }
  useLifetime(() => void load())

  if (failed.value !== undefined) {
    return (
      <ProblemNote problem={failed.value}>
        <button type="button" onClick={() => void load()}>
          {t('action.retry')}
        </button>
      </ProblemNote>
    )
  }
  if (settings.value === undefined) return <Empty text={t('list.loading')} />
  return (
    <GridMap
      settings={settings.value}
      onOpen={onOpen}
      onAlarm={({ place, alarms: [first] }) => {
        if (first === undefined) return
        const cameras = nearestCameras(township.cameras.value.values(), place, NEAREST)
        onShow(
          t('map.nearest', { type: t(`alarmType.${first.type}`) }),
          cameras.map(({ id }) => id),
          first.caseId,
        )
      }}
    />
  )
}
