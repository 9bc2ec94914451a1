import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { DivisionFeature } from '../../../gateway/contracts/grid.ts'
import type { Calls } from '../api/calls.ts'
import type { ProblemAnswer } from '../api/client.ts'
import type { Live } from './live.ts'

export type Loading =
  | { kind: 'loading' }
  | { kind: 'ready' }
  | { kind: 'offline' }
  | { kind: 'problem'; problem: ProblemAnswer }

/** Cameras and cells as the gateway lists them, kept fresh by its events. */
export interface Township {
  readonly loading: ReadonlySignal<Loading>
  readonly cameras: ReadonlySignal<ReadonlyMap<string, Camera>>
  readonly divisions: ReadonlySignal<ReadonlyMap<string, DivisionFeature>>
  /** Cells only, in the order of their codes. */
  readonly cells: ReadonlySignal<readonly DivisionFeature[]>
  cellName(code: string): string
  load(): Promise<void>
}

export function createTownship(calls: Calls, live: Live, until: AbortSignal): Township {
  const loading = signal<Loading>({ kind: 'loading' })
  const cameras = signal<ReadonlyMap<string, Camera>>(new Map())
  const divisions = signal<ReadonlyMap<string, DivisionFeature>>(new Map())
  const cells = computed(() =>
    [...divisions.value.values()]
      .filter(({ properties }) => properties.level === 'cell')
      .sort((a, b) => a.properties.code.localeCompare(b.properties.code)),
  )

  live.on(
    'camera',
    (event) => {
      const known = cameras.value.get(event.id)
      if (known === undefined) return void load()
      const { stateReason: _, ...rest } = known
      const camera: Camera = {
        ...rest,
        name: event.name,
        state: event.state,
        stateSince: event.since,
        ...(event.reason === undefined ? {} : { stateReason: event.reason }),
      }
      cameras.value = new Map(cameras.value).set(event.id, camera)
    },
    until,
  )

  async function load(): Promise<void> {
    const [found, grid] = await Promise.all([calls.cameras(), calls.grid()])
    if (grid.kind === 'ok') {
      divisions.value = new Map(grid.data.features.map((feature) => [feature.properties.code, feature]))
    }
    if (found.kind === 'ok') cameras.value = new Map(found.data.map((camera) => [camera.id, camera]))
    const failed = [found, grid].find((answer) => answer.kind !== 'ok')
    if (failed === undefined) loading.value = { kind: 'ready' }
    else if (failed.kind === 'problem') loading.value = { kind: 'problem', problem: failed.problem }
    else loading.value = { kind: 'offline' }
  }

  return {
    loading,
    cameras,
    divisions,
    cells,
    cellName: (code) => divisions.value.get(code)?.properties.name ?? code,
    load,
  }
}
