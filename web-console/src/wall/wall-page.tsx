import { useSignal, useSignalEffect } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import { AlarmList } from '../alarms/alarm-list.tsx'
import { CaseColumn } from '../cases/case-column.tsx'
import { useParts } from '../parts.ts'
import { openLiveSocket } from '../player/live-socket.ts'
import { useLifetime } from '../ui/use-lifetime.ts'
import { CameraTree } from './camera-tree.tsx'
import { ReasonDialog } from './reason-dialog.tsx'
import { Tile } from './tile.tsx'
import { forNewcomers } from './tree-order.ts'
import { useWallKeys } from './wall-keys.ts'
import { createWallState, LAYOUTS } from './wall-state.ts'
import './wall.css'

/**
 * With more places than this, held requests would use up the six connections a browser keeps to one host over
 * HTTP/1.1. Places count, not pictures: a picture must not start anew because another one joins it.
 */
const MAX_HELD_TILES = 3

const isMultiplexed = (): boolean => {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.nextHopProtocol === 'h2' || navigation?.nextHopProtocol === 'h3'
}

export function WallPage() {
  const { township, live, language, session } = useParts()
  const { t } = language
  const wall = useMemo(() => createWallState(localStorage), [])
  const socket = useMemo(() => openLiveSocket(location.href), [])
  useLifetime((until) => until.addEventListener('abort', () => socket.close()), [socket])
  const search = useRef<HTMLInputElement>(null)
  /** The tile whose private camera waits for a reason. */
  const asking = useSignal<string | undefined>(undefined)
  useSignalEffect(() => {
    const signedIn = session.state.value
    // Others must say why they watch, so nothing is opened in their name.
    if (signedIn.kind !== 'signed-in' || !signedIn.user.roles.includes('operator')) return
    wall.suggest(forNewcomers(township.cameras.value.values()))
  })
  useWallKeys(wall, () => search.current?.focus())

  const shown = wall.shown.value
  const frugal = shown.length > MAX_HELD_TILES && !isMultiplexed()
  const askingCamera = asking.value === undefined ? undefined : township.cameras.value.get(asking.value)

  function place(cameraId: string): void {
    wall.place(cameraId)
    askReason(cameraId)
  }

  function askReason(cameraId: string, again = false): void {
    const camera = township.cameras.value.get(cameraId)
    if (camera?.ownership === 'private' && (again || !wall.reasons.value.has(cameraId))) asking.value = cameraId
  }

  return (
    <main class={`wall${live.link.value.kind === 'lost' ? ' wall-dimmed' : ''}`}>
      <h1 class="sr-only">{t('page.wall')}</h1>
      <CameraTree
        search={search}
        onTiles={new Set(wall.tiles.value.slice(0, wall.layout.value).filter((id) => id !== null))}
        onPlace={(cameraId) => {
          place(cameraId)
          wall.selectNextEmpty()
        }}
      />
      <section class="stage" aria-label={t('page.wall')}>
        <div class="stage-bar">
          <fieldset aria-label={t('wall.layout')} class="segmented">
            {LAYOUTS.map((layout) => (
              <button
                key={layout}
                type="button"
                aria-pressed={wall.layout.value === layout && !wall.zoomed.value}
                onClick={() => wall.setLayout(layout)}
              >
                {t('wall.layoutOf', { n: layout })}
              </button>
            ))}
          </fieldset>
          <span class="secondary wall-keys">{t('wall.keys')}</span>
        </div>
        <div class={`tiles tiles-${shown.length}`}>
          {shown.map((index) => {
            const cameraId = wall.tiles.value[index] ?? undefined
            return (
              <Tile
                key={index}
                index={index}
                camera={cameraId === undefined ? undefined : township.cameras.value.get(cameraId)}
                socket={socket}
                selected={wall.selected.value === index}
                stream={shown.length === 1 ? 'auto' : 'sub'}
                frugal={frugal}
                reason={cameraId === undefined ? undefined : wall.reasons.value.get(cameraId)}
                onSelect={() => wall.select(index)}
                onZoom={() => {
                  wall.select(index)
                  wall.zoomed.value = !wall.zoomed.value && wall.layout.value > 1
                }}
                onDropCamera={(dropped) => {
                  wall.setTile(index, dropped)
                  wall.select(index)
                  askReason(dropped)
                }}
                onRemove={() => wall.setTile(index, null)}
                onAskReason={() => cameraId !== undefined && askReason(cameraId, true)}
              />
            )
          })}
        </div>
      </section>
      <div class="duty-column">
        <CaseColumn onOpen={place} />
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
    </main>
  )
}
