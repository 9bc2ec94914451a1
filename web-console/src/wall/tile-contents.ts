import { useComputed, useSignal, useSignalEffect } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { Case } from '../../../gateway/contracts/case.ts'
import type { ViewReason } from '../../../gateway/contracts/view.ts'
import type { WallTile } from '../../../gateway/contracts/wall.ts'
import { useParts } from '../parts.ts'
import { fillSlots } from './alarm-slots.ts'
import { cameraOfTurn } from './round-turn.ts'
import type { Saved } from './saved.ts'
import type { WallState } from './wall-state.ts'

/** What a tile shows at present. */
export interface TileContent {
  index: number
  tile: WallTile
  camera: Camera | undefined
  reason: ViewReason | undefined
  /** The case that an alarm slot shows. */
  case: Case | undefined
  /** The round whose turn it shows. */
  roundName: string | undefined
}

/** What stands on the tiles that are shown: rounds take their turns, alarm slots their cases. */
export function useTileContents(wall: WallState, saved: Saved): TileContent[] {
  const { township, cases, nowMs } = useParts()
  const slots = useSignal<readonly (string | undefined)[]>([])
  const slotCount = useComputed(() => tilesOf(wall, 'alarm-slot').length)
  useSignalEffect(() => {
    const before = Array.from({ length: slotCount.value }, (_, at) => slots.peek()[at])
    const next = fillSlots(before, cases.open.value)
    if (next.join() !== slots.peek().join() || next.length !== slots.peek().length) slots.value = next
  })

  // A round that somebody has enlarged stands still.
  const heldMs = useRef<number | undefined>(undefined)
  // As text: only another turn is worth drawing anew for, not each second.
  const turns = useComputed(() => {
    if (!wall.zoomed.value) heldMs.current = undefined
    else heldMs.current ??= nowMs.peek()
    const atMs = heldMs.current ?? nowMs.value
    const places = new Map<string, number>()
    const cameraIds = wall.tiles.value.map((tile) => {
      if (tile.kind !== 'round') return undefined
      const place = places.get(tile.roundId) ?? 0
      places.set(tile.roundId, place + 1)
      const round = saved.rounds.value.find(({ id }) => id === tile.roundId)
      return round && cameraOfTurn(round, atMs, place, (id) => isOpenTo(township.cameras.value.get(id), wall))
    })
    return cameraIds.join()
  })
  const currentTurns = turns.value.split(',')

  const reasonOf = useCaseReasons()
  const slotTiles = tilesOf(wall, 'alarm-slot')
  return wall.shown.value.map((index) => {
    const tile = wall.tiles.value[index] ?? { kind: 'empty' }
    const caseId = tile.kind === 'alarm-slot' ? slots.value[slotTiles.indexOf(index)] : undefined
    const one = caseId === undefined ? undefined : cases.open.value.find(({ id }) => id === caseId)
    const cameraId =
      tile.kind === 'camera' ? tile.cameraId : tile.kind === 'round' ? currentTurns[index] : one?.cameraId
    return {
      index,
      tile,
      camera: cameraId === undefined ? undefined : township.cameras.value.get(cameraId),
      reason: one === undefined ? wall.reasons.value.get(cameraId ?? '') : reasonOf(one.id),
      case: one,
      roundName: tile.kind === 'round' ? saved.rounds.value.find(({ id }) => id === tile.roundId)?.name : undefined,
    }
  })
}

const tilesOf = (wall: WallState, kind: WallTile['kind']): number[] =>
  wall.tiles.value.slice(0, wall.layout.value).flatMap((tile, index) => (tile.kind === kind ? [index] : []))

const isOpenTo = (camera: Camera | undefined, wall: WallState): boolean =>
  camera !== undefined && (camera.ownership === 'public' || wall.reasons.value.has(camera.id))

/** One and the same reason object for a case: another one would open the picture anew. */
function useCaseReasons(): (caseId: string) => ViewReason {
  const known = useMemo(() => new Map<string, ViewReason>(), [])
  return (caseId) => {
    const reason = known.get(caseId) ?? { kind: 'case', caseId }
    known.set(caseId, reason)
    return reason
  }
}
