import type { Camera } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { CAMERA_DRAG_TYPE } from '../ui/drag.ts'
import { PriorityBadge } from '../ui/priority-badge.tsx'
import type { AlarmPlace } from './alarm-places.ts'
import type { Spot } from './map-view.ts'

const spotStyle = ({ left, top }: Spot) => ({ transform: `translate(${left}px, ${top}px)` })

interface CameraMarkerProps {
  camera: Camera
  at: Spot
  /** Whether its name is there without being pointed at. */
  isNamed: boolean
  /** @param again with Shift: also if it is shown already */
  onOpen: (again: boolean) => void
}

/** A camera where it stands, looking where it looks; a click or a drag puts it on a tile. */
export function CameraMarker({ camera, at, isNamed, onOpen }: CameraMarkerProps) {
  const { t } = useParts().language
  const state = camera.state === 'online' ? [] : [t(`cameraState.${camera.state}`)]
  const words = [camera.name, t(`ownership.${camera.ownership}`), ...state].join(' · ')
  const heading = camera.position?.headingDeg
  return (
    <button
      type="button"
      class={`map-camera map-camera-${camera.state}`}
      style={spotStyle(at)}
      draggable
      aria-label={words}
      title={words}
      onDragStart={(event) => event.dataTransfer?.setData(CAMERA_DRAG_TYPE, camera.id)}
      onClick={(event) => onOpen(event.shiftKey)}
    >
      <svg viewBox="-20 -20 40 40" aria-hidden="true">
        {heading !== undefined && (
          <path class="map-cone" d="M0 0-9-19A21 21 0 0 1 9-19Z" transform={`rotate(${heading})`} />
        )}
        {camera.state === 'online' ? (
          <circle r="6" />
        ) : camera.state === 'stalled' ? (
          <path class="map-dot" d="M0-7 7 7H-7Z" />
        ) : (
          <path class="map-cross" d="M-6-6 6 6M6-6-6 6" />
        )}
      </svg>
      <span class={isNamed ? 'map-name' : 'map-name map-name-folded'}>{camera.name}</span>
    </button>
  )
}

interface AlarmMarkerProps {
  place: AlarmPlace
  at: Spot
  onOpen: () => void
}

/** Where something is wrong; one click shows the four nearest cameras. */
export function AlarmMarker({ place: { alarms }, at, onOpen }: AlarmMarkerProps) {
  const { t } = useParts().language
  const [first] = alarms
  if (first === undefined) return null
  const words = t('map.alarm', {
    level: first.priority,
    priority: t(`priority.${first.priority}`),
    type: t(`alarmType.${first.type}`),
    n: alarms.length,
  })
  return (
    <button type="button" class="map-alarm" style={spotStyle(at)} aria-label={words} title={words} onClick={onOpen}>
      {/* Said in words by the label, in another order. */}
      <span aria-hidden="true">
        <PriorityBadge priority={first.priority} cleared={false} />
        {alarms.length > 1 && <span class="count">{alarms.length}</span>}
      </span>
    </button>
  )
}
