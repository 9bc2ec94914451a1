import { computed, effect, signal } from '@preact/signals'
import { z } from 'zod'
import type { ViewReason } from '../../../gateway/contracts/view.ts'
import { LAYOUTS, Layout, MAX_TILES, WallTile } from '../../../gateway/contracts/wall.ts'

const STORAGE_KEY = 'gridlight.wall'
const Arrangement = z.object({ layout: Layout, tiles: z.array(WallTile).max(MAX_TILES) })
export type Arrangement = z.infer<typeof Arrangement>

/** Something shown for a moment; the wall as it was comes back. */
interface Excursion {
  name: string
  arrangement: Arrangement
}

export const EMPTY: WallTile = { kind: 'empty' }
export type WallState = ReturnType<typeof createWallState>

/**
 * What stands on which tile; remembered in this browser once somebody has arranged it. Reasons are not: each sitting
 * states its own.
 */
export function createWallState(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const stored = read(storage)
  const isArranged = signal(stored !== undefined)
  const arrangement = signal<Arrangement>(filled(stored ?? { layout: 4, tiles: [] }))
  const excursion = signal<Excursion | undefined>(undefined)
  const selected = signal(0)
  const zoomed = signal(false)
  const reasons = signal<ReadonlyMap<string, ViewReason>>(new Map())
  effect(() => {
    if (isArranged.value) storage.setItem(STORAGE_KEY, JSON.stringify(arrangement.value))
  })

  const now = computed(() => excursion.value?.arrangement ?? arrangement.value)
  const layout = computed(() => now.value.layout)
  const tiles = computed(() => now.value.tiles)
  /** Indices of the tiles on the screen now. */
  const shown = computed(() =>
    zoomed.value ? [selected.value] : Array.from({ length: layout.value }, (_, index) => index),
  )

  function arrange(next: Arrangement): void {
    if (excursion.value !== undefined) excursion.value = { ...excursion.value, arrangement: next }
    else {
      isArranged.value = true
      arrangement.value = next
    }
    zoomed.value = false
    if (selected.value >= next.layout) selected.value = 0
  }

  const setTiles = (change: (tile: WallTile, index: number) => WallTile): void => {
    const wasZoomed = zoomed.value
    arrange({ layout: layout.value, tiles: tiles.value.map(change) })
    zoomed.value = wasZoomed
  }

  const select = (index: number): void => {
    if (shown.value.includes(index)) selected.value = index
  }

  const setTile = (index: number, tile: WallTile): void => setTiles((present, at) => (at === index ? tile : present))

  return {
    arrangement: now,
    excursion,
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
      if (isArranged.value || cameraIds.length === 0) return
      if (tiles.value.some(({ kind }) => kind !== 'empty')) return
      arrangement.value = filled({
        layout: layout.value,
        tiles: cameraIds.slice(0, MAX_TILES).map((cameraId) => ({ kind: 'camera', cameraId })),
      })
    },
    /** Puts a camera on the selected tile, or points at the tile where it already is, unless it is wanted there `again`. */
    place(cameraId: string, again = false): void {
      const present = tiles.value.findIndex((tile) => tile.kind === 'camera' && tile.cameraId === cameraId)
      if (!again && present >= 0 && present < layout.value) {
        zoomed.value = zoomed.value && present === selected.value
        selected.value = present
      } else setTile(selected.value, { kind: 'camera', cameraId })
    },
    /** After placing by hand: the next empty tile is selected, so that a wall fills click by click. */
    selectNextEmpty(): void {
      const empty = tiles.value.findIndex(({ kind }, index) => kind === 'empty' && index < layout.value)
      if (empty >= 0 && !zoomed.value) selected.value = empty
    },
    /** Two tiles change places, and the selection goes with the first. */
    swap(from: number, to: number): void {
      const [one, other] = [tiles.value[from], tiles.value[to]]
      if (one === undefined || other === undefined || to >= layout.value || from === to) return
      setTiles((present, at) => (at === from ? other : at === to ? one : present))
      selected.value = to
    },
    /** The tile beside the selected one, across rows of the screen; undefined at the edge. */
    beside(across: number, down: number): number | undefined {
      const columns = Math.sqrt(layout.value)
      const [column, row] = [(selected.value % columns) + across, Math.floor(selected.value / columns) + down]
      const isInside = column >= 0 && column < columns && row >= 0 && row < columns
      return isInside ? row * columns + column : undefined
    },
    setLayout: (next: Layout): void => arrange({ layout: next, tiles: tiles.value }),
    nextLayout: (): void =>
      arrange({ layout: LAYOUTS[(LAYOUTS.indexOf(layout.value) + 1) % LAYOUTS.length] ?? 4, tiles: tiles.value }),
    /** A layout that was saved. */
    apply(next: Arrangement): void {
      excursion.value = undefined
      arrange(filled(next))
    },
    /** Shows these cameras instead, until `comeBack`. */
    excurse(name: string, cameraIds: readonly string[]): void {
      zoomed.value = false
      selected.value = 0
      const shownTiles = cameraIds.map((cameraId): WallTile => ({ kind: 'camera', cameraId }))
      excursion.value = { name, arrangement: filled({ layout: cameraIds.length > 1 ? 4 : 1, tiles: shownTiles }) }
    },
    comeBack(): void {
      excursion.value = undefined
      zoomed.value = false
      if (selected.value >= layout.value) selected.value = 0
    },
    giveReason(cameraId: string, reason: ViewReason): void {
      const present = reasons.value.get(cameraId)
      // The same reason again must not open the picture anew.
      if (reason.caseId !== undefined && present?.caseId === reason.caseId) return
      reasons.value = new Map(reasons.value).set(cameraId, reason)
    },
  }
}

const filled = ({ layout, tiles }: Arrangement): Arrangement => ({
  layout,
  tiles: Array.from({ length: MAX_TILES }, (_, index) => tiles[index] ?? EMPTY),
})

function read(storage: Pick<Storage, 'getItem'>): Arrangement | undefined {
  try {
    return Arrangement.safeParse(JSON.parse(storage.getItem(STORAGE_KEY) ?? '')).data
  } catch {
    return undefined
  }
}
