import { computed, effect, signal } from '@preact/signals'
import { z } from 'zod'
import type { ViewReason } from '../../../gateway/contracts/view.ts'

export const LAYOUTS = [1, 4, 9] as const
export type Layout = (typeof LAYOUTS)[number]

const MAX_TILES = 9
const STORAGE_KEY = 'gridlight.wall'
const Stored = z.object({
  layout: z.union([z.literal(1), z.literal(4), z.literal(9)]),
  tiles: z.array(z.string().nullable()).length(MAX_TILES),
})

export type WallState = ReturnType<typeof createWallState>

/**
 * Which camera stands on which tile; remembered in this browser once somebody has arranged it. Reasons are not: each
 * sitting states its own.
 */
export function createWallState(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const stored = read(storage)
  const isArranged = signal(stored !== undefined)
  const layout = signal<Layout>(stored?.layout ?? 4)
  const tiles = signal<readonly (string | null)[]>(stored?.tiles ?? Array<null>(MAX_TILES).fill(null))
  const selected = signal(0)
  const zoomed = signal(false)
  const reasons = signal<ReadonlyMap<string, ViewReason>>(new Map())
  effect(() => {
    const arrangement = JSON.stringify({ layout: layout.value, tiles: tiles.value })
    if (isArranged.value) storage.setItem(STORAGE_KEY, arrangement)
  })

  /** Indices of the tiles on the screen now. */
  const shown = computed(() =>
    zoomed.value ? [selected.value] : Array.from({ length: layout.value }, (_, index) => index),
  )

  const select = (index: number): void => {
    if (shown.value.includes(index)) selected.value = index
  }

  const setTile = (index: number, cameraId: string | null): void => {
    isArranged.value = true
    tiles.value = tiles.value.map((present, at) => (at === index ? cameraId : present === cameraId ? null : present))
  }

  return {
    layout,
    tiles,
    selected,
    zoomed,
    reasons,
    shown,
    select,
    setTile,
    /** Fills a wall that nobody has arranged yet; a wall that has pictures keeps them. */
    suggest(cameraIds: readonly string[]): void {
      if (isArranged.value || cameraIds.length === 0 || tiles.value.some((cameraId) => cameraId !== null)) return
      tiles.value = tiles.value.map((_, index) => cameraIds[index] ?? null)
    },
    /** Puts a camera on the selected tile, or points at the tile where it already is. */
    place(cameraId: string): void {
      const present = tiles.value.indexOf(cameraId)
      if (present >= 0 && present < layout.value) {
        zoomed.value = zoomed.value && present === selected.value
        selected.value = present
        return
      }
      setTile(selected.value, cameraId)
    },
    /** After placing by hand: the next empty tile is selected, so that a wall fills click by click. */
    selectNextEmpty(): void {
      const empty = tiles.value.findIndex((cameraId, index) => cameraId === null && index < layout.value)
      if (empty >= 0 && !zoomed.value) selected.value = empty
    },
    setLayout(next: Layout): void {
      isArranged.value = true
      layout.value = next
      zoomed.value = false
      if (selected.value >= next) selected.value = 0
    },
    nextLayout(): void {
      this.setLayout(LAYOUTS[(LAYOUTS.indexOf(layout.value) + 1) % LAYOUTS.length] ?? 4)
    },
    giveReason(cameraId: string, reason: ViewReason): void {
      reasons.value = new Map(reasons.value).set(cameraId, reason)
    },
  }
}

function read(storage: Pick<Storage, 'getItem'>): z.infer<typeof Stored> | undefined {
  try {
    return Stored.safeParse(JSON.parse(storage.getItem(STORAGE_KEY) ?? '')).data
  } catch {
    return undefined
  }
}
