import { useSignal, useSignalEffect } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { Case } from '../../../gateway/contracts/case.ts'
import { placeOfAlarm } from '../map/alarm-places.ts'
import { nearestCameras } from '../map/geometry.ts'
import { NEAREST } from '../map/township-map.tsx'
import { useParts } from '../parts.ts'
import { openLiveSocket } from '../player/live-socket.ts'
import { useLifetime } from '../ui/use-lifetime.ts'
import { DutyColumn } from './duty-column.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { ReasonDialog } from './reason-dialog.tsx'
import { createSaved } from './saved.ts'
import { SavedDialog } from './saved-dialog.tsx'
import { type Side, SidePanel } from './side-panel.tsx'
import { Stage } from './stage.tsx'
import { useTileContents } from './tile-contents.ts'
import { forNewcomers } from './tree-order.ts'
import { createTurnstile } from './turnstile.ts'
import { focusTile } from './wall-keys.ts'
import { createWallState } from './wall-state.ts'
import './wall.css'

/**
 * With more places than this, held requests would use up the six connections a browser keeps to one host over
 * HTTP/1.1. Places count, not pictures: a picture must not start anew because another one joins it.
 */
const MAX_HELD_TILES = 3
/** Cameras that are opened in the same moment. */
const MAX_OPENING = 6

const isMultiplexed = (): boolean => {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.nextHopProtocol === 'h2' || navigation?.nextHopProtocol === 'h3'
}

const SIDE_CLASSES: Readonly<Record<Side, string>> = {
  list: 'wall-with-list',
  map: 'wall-with-map',
  hidden: 'wall-without-side',
}

export function WallPage() {
  const { township, live, language, session, calls, wallWish } = useParts()
  const { t } = language
  const wall = useMemo(() => createWallState(localStorage), [])
  const saved = useMemo(() => createSaved(calls), [calls])
  const means = useMemo(() => ({ socket: openLiveSocket(location.href), turnstile: createTurnstile(MAX_OPENING) }), [])
  useLifetime((until) => {
    until.addEventListener('abort', () => means.socket.close())
    const load = (): void => void saved.load()
    load()
    live.onOpen(load, until)
  })
  const search = useRef<HTMLInputElement>(null)
  // On a phone what happens comes before what could be chosen.
  const side = useSignal<Side>(matchMedia('(max-width: 999px)').matches ? 'hidden' : 'list')
  /** The camera that waits for a reason, and the dialog that is open. */
  const asking = useSignal<string | undefined>(undefined)
  const dialog = useSignal<'saved' | 'keys' | undefined>(undefined)
  /** The empty tile that asked for a camera: the next one goes there, also if it stands elsewhere. */
  const choosingFor = useSignal<number | undefined>(undefined)
  const signedIn = session.state.value
  const mayWatch = signedIn.kind === 'signed-in' && signedIn.user.roles.includes('operator')
  useSignalEffect(() => {
    const { value } = session.state
    if (value.kind !== 'signed-in' || !value.user.roles.includes('operator')) return
    wall.suggest(forNewcomers(township.cameras.value.values()))
  })
  useSignalEffect(() => {
    const wish = wallWish.value
    if (wish === undefined) return
    wallWish.value = undefined
    showForNow(wish.name, wish.cameraIds, wish.caseId)
  })
  const contents = useTileContents(wall, saved)
  const frugal = contents.length > MAX_HELD_TILES && !isMultiplexed()
  const askingCamera = asking.value === undefined ? undefined : township.cameras.value.get(asking.value)

  function focusSearch(): void {
    side.value = 'list'
    // The list is drawn by then where it was not there, and the next key already belongs to the search.
    queueMicrotask(() => search.current?.focus())
  }

  function place(cameraId: string, caseId?: string): void {
    if (caseId !== undefined) wall.giveReason(cameraId, { kind: 'case', caseId })
    wall.place(cameraId)
    askReason(cameraId)
  }

  /** Chosen in the list or on the map. */
  function choose(cameraId: string, again: boolean): void {
    wall.place(cameraId, again || choosingFor.value === wall.selected.value)
    choosingFor.value = undefined
    askReason(cameraId)
    wall.selectNextEmpty()
  }

  /** Several cameras for the sake of one case, until the wall comes back. */
  function showForNow(name: string, cameraIds: readonly string[], caseId?: string): void {
    if (caseId !== undefined) for (const cameraId of cameraIds) wall.giveReason(cameraId, { kind: 'case', caseId })
    wall.excurse(name, cameraIds)
  }

  function showNearest(one: Case): void {
    const where = placeOfAlarm(one, township.cameras.value, township.divisions.value)
    if (where === undefined) return
    const cameras = nearestCameras(township.cameras.value.values(), where, NEAREST)
    const ids = cameras.map(({ id }) => id)
    showForNow(t('map.nearest', { type: t(`alarmType.${one.type}`) }), ids, one.id)
  }

  function askReason(cameraId: string, again = false): void {
    const camera = township.cameras.value.get(cameraId)
    if (camera?.ownership !== 'private' || (wall.reasons.value.has(cameraId) && !again)) return
    // From the answer on it is about the picture: the keys that follow are not the search field's.
    if (!again) focusTile(wall.selected.value)
    asking.value = cameraId
  }

  const closeDialog = (): void => {
    dialog.value = undefined
  }
  return (
    <main class={`wall ${SIDE_CLASSES[side.value]}${live.link.value.kind === 'lost' ? ' wall-dimmed' : ''}`}>
      <h1 class="sr-only">{t('page.wall')}</h1>
      <SidePanel
        side={side}
        search={search}
        onTiles={new Set(contents.flatMap(({ camera }) => camera?.id ?? []))}
        onPlace={choose}
        onShow={showForNow}
      />
      <Stage
        wall={wall}
        contents={contents}
        means={means}
        frugal={frugal}
        onSaved={() => {
          dialog.value = 'saved'
        }}
        onKeys={() => {
          dialog.value = 'keys'
        }}
        onSearch={focusSearch}
        onAskReason={askReason}
        onChoose={(index) => {
          choosingFor.value = index
          focusSearch()
        }}
      />
      <DutyColumn means={means} frugal={frugal} mayWatch={mayWatch} onOpen={place} onNearest={showNearest} />
      {askingCamera !== undefined && (
        <ReasonDialog
          key={askingCamera.id}
          camera={askingCamera}
          onClose={() => {
            asking.value = undefined
          }}
          onGiven={(reason) => {
            wall.giveReason(askingCamera.id, reason)
            asking.value = undefined
          }}
        />
      )}
      {dialog.value === 'saved' && <SavedDialog wall={wall} saved={saved} onClose={closeDialog} />}
      {dialog.value === 'keys' && <KeysDialog onClose={closeDialog} />}
    </main>
  )
}
