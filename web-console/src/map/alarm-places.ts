import type { Alarm } from '../../../gateway/contracts/alarm.ts'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { DivisionFeature, LonLat } from '../../../gateway/contracts/grid.ts'
import { middleOf, placeOf } from './geometry.ts'

/** Active alarms of one place: of a camera, or of a cell whose source has no camera. */
export interface AlarmPlace {
  key: string
  place: LonLat
  /** The most urgent first. */
  alarms: readonly Alarm[]
}

/** Where something happened: where its camera stands, else the middle of its cell. */
export function placeOfAlarm(
  { cameraId, cellCode }: Pick<Alarm, 'cameraId' | 'cellCode'>,
  cameras: ReadonlyMap<string, Camera>,
  divisions: ReadonlyMap<string, DivisionFeature>,
): LonLat | undefined {
  const position = cameras.get(cameraId ?? '')?.position
  if (position !== undefined) return placeOf(position)
  const geometry = divisions.get(cellCode)?.geometry
  return geometry == null ? undefined : middleOf(geometry)
}

export function alarmPlaces(
  alarms: readonly Alarm[],
  cameras: ReadonlyMap<string, Camera>,
  divisions: ReadonlyMap<string, DivisionFeature>,
): AlarmPlace[] {
  const places = new Map<string, { place: LonLat; alarms: Alarm[] }>()
  for (const alarm of alarms) {
    const place = placeOfAlarm(alarm, cameras, divisions)
    if (place === undefined) continue
    const key = place.join()
    const present = places.get(key)
    if (present === undefined) places.set(key, { place, alarms: [alarm] })
    else present.alarms.push(alarm)
  }
  return [...places].map(([key, one]) => ({
    key,
    place: one.place,
    alarms: one.alarms.sort((a, b) => a.priority - b.priority),
  }))
}
