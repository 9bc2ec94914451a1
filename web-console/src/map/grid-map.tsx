import { useComputed, useSignal } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { LonLat } from '../../../gateway/contracts/grid.ts'
import type { MapSettings } from '../../../gateway/contracts/map.ts'
import { useParts } from '../parts.ts'
import { Empty } from '../ui/empty.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { type AlarmPlace, alarmPlaces } from './alarm-places.ts'
import { middleOf, placeOf } from './geometry.ts'
import { AlarmMarker, CameraMarker } from './map-markers.tsx'
import { namesOnMap } from './map-names.ts'
import { createMapView, type MapView, type Size, tilesFor } from './map-view.ts'
import './map.css'

const PAN_PX = 80
const WHEEL_PX_PER_STEP = 240
/** Names beside the text of the page, as map.css has them. */
const NAME_EM = 0.857

interface GridMapProps {
  settings: MapSettings
  onOpen: (cameraId: string, again: boolean) => void
  onAlarm: (place: AlarmPlace) => void
}

/** The township as it lies: cells, cameras with their direction, and where something is wrong. Asks no other host. */
export function GridMap({ settings, onOpen, onAlarm }: GridMapProps) {
  const { township, alarms, language } = useParts()
  const { t } = language
  const { tiles } = settings
  const view = useMemo(() => createMapView(tiles?.datum ?? 'wgs84'), [tiles])
  const element = useRef<HTMLDivElement>(null)
  const size = useSignal<Size>({ width: 0, height: 0 })
  const nameEmPx = useSignal(0)

  const cells = township.cells.value.flatMap(({ properties, geometry }) =>
    geometry === null ? [] : [{ code: properties.code, name: properties.name, geometry }],
  )
  const cameras = [...township.cameras.value.values()]
  const corners = useComputed(() => [
    ...township.cells.value.flatMap(({ geometry }): LonLat[] => geometry?.coordinates[0] ?? []),
    ...[...township.cameras.value.values()].flatMap(({ position }): LonLat[] => (position ? [placeOf(position)] : [])),
  ])
  useLifetime(
    (until) => {
      const observer = new ResizeObserver(([entry]) => {
        if (entry === undefined) return
        nameEmPx.value = NAME_EM * Number.parseFloat(getComputedStyle(entry.target).fontSize)
        size.value = { width: entry.contentRect.width, height: entry.contentRect.height }
      })
      if (element.current !== null) observer.observe(element.current)
      until.addEventListener('abort', () => observer.disconnect())
      const stop = corners.subscribe((places) => view.fit(places, size.peek()))
      const stopToo = size.subscribe((next) => view.fit(corners.peek(), next))
      until.addEventListener('abort', () => {
        stop()
        stopToo()
      })
    },
    [view],
  )
  useMoving(element, view)

  const screen = (place: LonLat): { left: number; top: number } => view.toScreen(place, size.value)
  const isInside = ({ left, top }: { left: number; top: number }): boolean =>
    left > -40 && top > -40 && left < size.value.width + 40 && top < size.value.height + 40
  const placed = cameras
    .flatMap((camera) => (camera.position === undefined ? [] : [{ camera, at: screen(placeOf(camera.position)) }]))
    .filter(({ at }) => isInside(at))
  const alarming = alarmPlaces(alarms.active.value, township.cameras.value, township.divisions.value)
  const names = namesOnMap(
    cells.map(({ code, name, geometry }) => {
      const tops = (geometry.coordinates[0] ?? []).map((corner) => screen(corner).top)
      return { code, name, middle: screen(middleOf(geometry)), top: Math.min(...tops), bottom: Math.max(...tops) }
    }),
    placed,
    alarming.map(({ place }) => screen(place)),
    nameEmPx.value,
  )
  const unplaced = cameras.filter(({ position }) => position === undefined).length

  return (
    <section class="map" aria-label={t('map.label')}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset groups the controls of a form; this is a picture */}
      <div
        ref={element}
        role="group"
        class="map-ground"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is moved by the arrow keys
        tabIndex={0}
        aria-label={t('map.keys')}
        onKeyDown={(event) => {
          if (event.target === event.currentTarget && move(event.code, view, () => fitAll())) event.preventDefault()
        }}
      >
        {tiles !== undefined &&
          tilesFor(tiles.url, view.frame.value, size.value).map(({ key, src, left, top, side }) => (
            <img
              key={key}
              class="map-tile"
              src={src}
              alt=""
              draggable={false}
              style={{
                transform: `translate(${left}px, ${top}px)`,
                width: `${side + 0.5}px`,
                height: `${side + 0.5}px`,
              }}
            />
          ))}
        <svg class="map-cells" aria-hidden="true">
          {cells.map(({ code, name, geometry }) => {
            const spot = names.cells.get(code)
            return (
              <g key={code}>
                <path
                  fill-rule="evenodd"
                  d={geometry.coordinates
                    .map((ring) => `M${ring.map((corner) => pairOf(screen(corner))).join('L')}Z`)
                    .join('')}
                />
                {spot !== undefined && (
                  <text x={spot.left} y={spot.top} text-anchor="middle">
                    {name}
                  </text>
                )}
              </g>
            )
          })}
        </svg>
        {placed.map(({ camera, at }) => (
          <CameraMarker
            key={camera.id}
            camera={camera}
            at={at}
            isNamed={names.cameras.has(camera.id)}
            onOpen={(again) => onOpen(camera.id, again)}
          />
        ))}
        {alarming.map((place) => (
          <AlarmMarker key={place.key} place={place} at={screen(place.place)} onOpen={() => onAlarm(place)} />
        ))}
        {cells.length === 0 && placed.length === 0 && <Empty text={t('map.empty')} />}
      </div>
      <div class="map-controls">
        <button type="button" aria-label={t('map.closer')} onClick={() => view.zoomBy(1)}>
          +
        </button>
        <button type="button" aria-label={t('map.further')} onClick={() => view.zoomBy(-1)}>
          −
        </button>
        <button type="button" onClick={() => fitAll()}>
          {t('map.all')}
        </button>
        {unplaced > 0 && <span class="secondary">{t('map.unplaced', { n: unplaced })}</span>}
      </div>
    </section>
  )

  function fitAll(): void {
    view.fit(corners.peek(), size.peek(), true)
  }
}

const pairOf = ({ left, top }: { left: number; top: number }): string => `${left.toFixed(1)} ${top.toFixed(1)}`

function move(code: string, view: MapView, fitAll: () => void): boolean {
  if (code === 'ArrowLeft') view.pan(-PAN_PX, 0)
  else if (code === 'ArrowRight') view.pan(PAN_PX, 0)
  else if (code === 'ArrowUp') view.pan(0, -PAN_PX)
  else if (code === 'ArrowDown') view.pan(0, PAN_PX)
  else if (code === 'Equal' || code === 'NumpadAdd') view.zoomBy(1)
  else if (code === 'Minus' || code === 'NumpadSubtract') view.zoomBy(-1)
  else if (code === 'Home') fitAll()
  else return false
  return true
}

/** Dragging and the wheel; all of it can be done by keys and buttons as well. */
function useMoving(element: { current: HTMLDivElement | null }, view: MapView): void {
  useLifetime(
    (signal) => {
      const ground = element.current
      if (ground === null) return
      let from: { x: number; y: number } | undefined
      ground.addEventListener(
        'pointerdown',
        (event) => {
          if (event.target instanceof Element && event.target.closest('button') !== null) return
          from = { x: event.clientX, y: event.clientY }
          ground.setPointerCapture(event.pointerId)
        },
        { signal },
      )
      ground.addEventListener(
        'pointermove',
        (event) => {
          if (from === undefined) return
          view.pan(from.x - event.clientX, from.y - event.clientY)
          from = { x: event.clientX, y: event.clientY }
        },
        { signal },
      )
      for (const end of ['pointerup', 'pointercancel'] as const) {
        ground.addEventListener(
          end,
          () => {
            from = undefined
          },
          { signal },
        )
      }
      ground.addEventListener(
        'wheel',
        (event) => {
          event.preventDefault()
          const { left, top, width, height } = ground.getBoundingClientRect()
          const at = { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 }
          view.zoomBy(-event.deltaY / WHEEL_PX_PER_STEP, at)
        },
        { signal, passive: false },
      )
    },
    [view],
  )
}
