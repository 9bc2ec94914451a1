import type { words as chinese } from '../zh-cn/map.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'map.label': 'Map of the cells',
  'map.keys': 'Map: arrows move, plus and minus zoom, Home shows all; Tab reaches cameras and alarms',
  'map.closer': 'Zoom in',
  'map.further': 'Zoom out',
  'map.all': 'All',
  'map.empty':
    'No cells are imported and no camera has a position; an administrator imports cells: ./scripts/gridlight grid import FILE',
  'map.unplaced': '{n} cameras without a position',
  'map.alarm': '{level} · {n} · {priority} {type}: open the 4 nearest cameras',
  'map.nearest': 'near {type}',

  'cameraState.offline': 'offline',
  'cameraState.stalled': 'stalled',
  'cameraState.unlinked': 'not linked',
}
