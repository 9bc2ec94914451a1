import { useSignal, useSignalEffect } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { Case } from '../../../gateway/contracts/case.ts'
import { AlarmList } from '../alarms/alarm-list.tsx'
import { CaseColumn } from '../cases/case-column.tsx'
import { placeOfAlarm } from '../map/alarm-places.ts'
import { nearestCameras } from '../map/geometry.ts'
import { NEAREST } from '../map/township-map.tsx'
import { useParts } from '../parts.ts'
import { openLiveSocket } from '../player/live-socket.ts'
import { playableCodecs } from '../player/player.ts'
import { useLifetime } from '../ui/use-lifetime.ts'
import { CasePicture } from './case-picture.tsx'
import { FirstSteps } from './first-steps.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { admit, decodeLoad, streamOf } from './pixel-budget.ts'
import { ReasonDialog } from './reason-dialog.tsx'
import { createSaved } from './saved.ts'
import { SavedDialog } from './saved-dialog.tsx'
import { type Side, SidePanel } from './side-panel.tsx'
import { saveSnapshot } from './snapshot.ts'
import { isSilent } from './sound-button.tsx'
import { StageBar } from './stage-bar.tsx'
import { Tile } from './tile.tsx'
import { type TileContent, useTileContents } from './tile-contents.ts'
import type { TileSession } from './tile-session.ts'
import { forNewcomers } from './tree-order.ts'
import { createTurnstile } from './turnstile.ts'
import { focusTile, useWallKeys } from './wall-keys.ts'
import { createWallState, EMPTY } from './wall-state.ts'
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
  const { township, live, language, session, calls, shortcuts, wallWish } = useParts()
  const { t } = language
  const wall = useMemo(() => createWallState(localStorage), [])
  const saved = useMemo(() => createSaved(calls), [calls])
  const means = useMemo(() => ({ socket: openLiveSocket(location.href), turnstile: createTurnstile(MAX_OPENING) }), [])
  const sessions = useMemo(() => new Map<number, TileSession>(), [])
  useLifetime((until) => {
    until.addEventListener('abort', () => means.socket.close())
    const load = (): void => void saved.load()
    load()
    live.onOpen(load, until)
  })
  const search = useRef<HTMLInputElement>(null)
  const side = useSignal<Side>('list')
  /** The camera that waits for a reason, the dialog that is open, and why the last still was not saved. */
  const asking = useSignal<string | undefined>(undefined)
  const dialog = useSignal<'saved' | 'keys' | undefined>(undefined)
  const note = useSignal<{ isSaved: boolean; name: string } | undefined>(undefined)
  /** The empty tile that asked for a camera: the next one goes there, also if it stands elsewhere. */
  const choosingFor = useSignal<number | undefined>(undefined)
  const signedIn = session.state.value
  // Others must say why they watch, so nothing is opened in their name.
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
  useWallKeys(wall, {
    areOn: () => shortcuts.areOn.peek(),
    focusSearch,
    help: () => {
      dialog.value = 'keys'
    },
    snapshot: () => void snapshot(),
    sound: toggleSound,
  })

  const stream = streamOf(contents.length)
  const frugal = contents.length > MAX_HELD_TILES && !isMultiplexed()
  const admission = admissionOf(contents, stream, wall.selected.value)
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

  async function snapshot(): Promise<void> {
    const content = contents.find(({ index }) => index === wall.selected.peek())
    const viewId = sessions.get(wall.selected.peek())?.view.peek()?.id
    if (content?.camera === undefined || viewId === undefined) return
    const { name } = content.camera
    note.value = { isSaved: await saveSnapshot(viewId, name), name }
  }

  /** Of the one picture that is enlarged: who hears several places at once hears none. */
  function toggleSound(): void {
    const [alone, ...others] = contents
    const session = alone === undefined || others.length > 0 ? undefined : sessions.get(alone.index)
    const state = session?.stream === stream ? session.sound.peek() : undefined
    if (state !== undefined) session?.listen(isSilent(state))
  }

  function zoom(index: number): void {
    wall.select(index)
    wall.zoomed.value = !wall.zoomed.value && wall.layout.value > 1
  }

  const isFirstStart =
    township.loading.value.kind === 'ready' &&
    township.cameras.value.size === 0 &&
    signedIn.kind === 'signed-in' &&
    signedIn.user.roles.includes('administrator')

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
      <section class="stage" aria-label={t('page.wall')}>
        <StageBar
          wall={wall}
          decoders={admission.played.size}
          load={admission.load}
          note={
            note.value &&
            t(note.value.isSaved ? 'wall.snapshotSaved' : 'wall.snapshotFailed', { name: note.value.name })
          }
          onSaved={() => {
            dialog.value = 'saved'
          }}
          onKeys={() => {
            dialog.value = 'keys'
          }}
        />
        {isFirstStart && <FirstSteps />}
        <div class={`tiles tiles-${contents.length}`}>
          {contents.map((content) => (
            <Tile
              key={content.index}
              content={content}
              means={means}
              selected={wall.selected.value === content.index}
              stream={stream}
              isAlone={contents.length === 1}
              frugal={frugal}
              isPlayed={content.camera === undefined || admission.played.has(content.index)}
              onSelect={() => wall.select(content.index)}
              onZoom={() => zoom(content.index)}
              onDropCamera={(cameraId) => {
                wall.setTile(content.index, { kind: 'camera', cameraId })
                wall.select(content.index)
                askReason(cameraId)
              }}
              onDropTile={(from) => wall.swap(from, content.index)}
              onRemove={() => wall.setTile(content.index, EMPTY)}
              onAskReason={() => content.camera !== undefined && askReason(content.camera.id, true)}
              onChoose={() => {
                wall.select(content.index)
                choosingFor.value = content.index
                focusSearch()
              }}
              onMakeSlot={() => wall.setTile(content.index, { kind: 'alarm-slot' })}
              onSession={(opened) => {
                if (opened === undefined) sessions.delete(content.index)
                else sessions.set(content.index, opened)
              }}
            />
          ))}
        </div>
      </section>
      <div class="duty-column">
        <CaseColumn
          onOpen={place}
          onNearest={showNearest}
          picture={(one) => {
            const camera = mayWatch ? township.cameras.value.get(one.cameraId ?? '') : undefined
            return (
              camera && (
                <CasePicture
                  key={one.id}
                  camera={camera}
                  caseId={one.id}
                  means={means}
                  frugal={frugal}
                  onOpen={() => place(camera.id, one.id)}
                />
              )
            )
          }}
        />
        <AlarmList onOpen={place} />
      </div>
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

/** What the decoder can bear: the selected tile first, then alarms, then the others in their order. */
function admissionOf(contents: readonly TileContent[], stream: 'auto' | 'sub', selected: number) {
  const rank = ({ index, case: one }: TileContent): number =>
    contents.length === 1 || index === selected ? 0 : one === undefined ? 2 : 1
  const codecs = playableCodecs()
  const wanted = contents
    .filter(({ camera }) => camera !== undefined)
    .sort((one, other) => rank(one) - rank(other) || one.index - other.index)
    .map(({ index, camera }) => ({ index, load: camera === undefined ? 0 : decodeLoad(camera, stream, codecs) }))
  return admit(wanted)
}
