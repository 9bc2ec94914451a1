import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { NewRound, Round, WallLayout } from '../../../gateway/contracts/wall.ts'
import type { Calls } from '../api/calls.ts'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import type { Arrangement } from './wall-state.ts'

/** What this person keeps on the gateway: layouts and rounds, the same on every screen they sign in at. */
export interface Saved {
  readonly layouts: ReadonlySignal<readonly WallLayout[]>
  readonly rounds: ReadonlySignal<readonly Round[]>
  /** Why the last thing asked for was not done, or the lists are not here. */
  readonly failed: ReadonlySignal<ProblemAnswer | undefined>
  load(): Promise<void>
  /** A layout of that name is written over. */
  keepLayout(name: string, arrangement: Arrangement): Promise<void>
  removeLayout(id: string): Promise<void>
  addRound(round: NewRound): Promise<Round | undefined>
  removeRound(id: string): Promise<void>
}

export function createSaved(calls: Calls): Saved {
  const layouts = signal<readonly WallLayout[]>([])
  const rounds = signal<readonly Round[]>([])
  const notDone = signal<ProblemAnswer | undefined>(undefined)
  const notLoaded = signal<ProblemAnswer | undefined>(undefined)
  /** Changes made here: lists that were asked for before one do not know it. */
  let changes = 0

  /** @returns what came of it, or undefined with `failed` set */
  function dataOf<T>(answer: Answer<T>): T | undefined {
    notDone.value = failureOf(answer)
    if (answer.kind !== 'ok') return undefined
    changes += 1
    return answer.data
  }

  async function load(): Promise<void> {
    const known = changes
    const [foundLayouts, foundRounds] = await Promise.all([calls.wallLayouts(), calls.rounds()])
    if (changes !== known) return load()
    if (foundLayouts.kind === 'ok') layouts.value = foundLayouts.data.items
    if (foundRounds.kind === 'ok') rounds.value = foundRounds.data.items
    notLoaded.value = failureOf(foundLayouts) ?? failureOf(foundRounds)
  }

  return {
    layouts,
    rounds,
    failed: computed(() => notDone.value ?? notLoaded.value),
    load,
    async keepLayout(name, { layout, tiles }) {
      const body = { name, layout, tiles: [...tiles] }
      const present = layouts.value.find((one) => one.name === name)
      const kept = dataOf(
        present === undefined ? await calls.addWallLayout(body) : await calls.replaceWallLayout(present.id, body),
      )
      if (kept !== undefined) layouts.value = [...layouts.value.filter(({ id }) => id !== kept.id), kept].sort(byName)
    },
    async removeLayout(id) {
      const answer = await calls.removeWallLayout(id)
      dataOf(answer)
      if (answer.kind === 'ok') layouts.value = layouts.value.filter((one) => one.id !== id)
    },
    async addRound(round) {
      const added = dataOf(await calls.addRound(round))
      if (added !== undefined) rounds.value = [...rounds.value, added].sort(byName)
      return added
    },
    async removeRound(id) {
      const answer = await calls.removeRound(id)
      dataOf(answer)
      if (answer.kind === 'ok') rounds.value = rounds.value.filter((one) => one.id !== id)
    },
  }
}

const byName = (one: { name: string }, other: { name: string }): number => one.name.localeCompare(other.name, 'zh-CN')
