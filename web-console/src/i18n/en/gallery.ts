import type { words as chinese } from '../zh-cn/gallery.ts'

export const words: Readonly<Record<keyof typeof chinese, string>> = {
  'gallery.dark': 'Dark: the centre',
  'gallery.light': 'Light: phones and the street',
  'gallery.tiles': 'Every state of a tile',
  'gallery.alarms': 'Alarms',
  'gallery.cases': 'Cases',
  'gallery.map': 'Markers of the map',
  'gallery.controls': 'Controls',
}
