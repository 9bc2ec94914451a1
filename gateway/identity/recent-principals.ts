import type { Clock } from '../clock.ts'
import type { Principal } from '../contracts/identity.ts'
import type { SessionEnds } from './session-end.ts'

/** What another node or the command line has ended is noticed within this time. */
const REMEMBERED_MS = 1_000
/** Far more than anybody watches at once; the map is emptied when it is reached. */
const MAX_REMEMBERED = 20_000

/** Whose secret it is, and until when in wall time; a token without end has none. */
export interface Standing {
  principal: Principal
  expiresMs?: number
}

/**
 * Who a secret belonged to a moment ago. A wall asks for hundreds of parts a second with the same cookie; one look into
 * the database a second is enough for it, since whatever this node ends is forgotten at once.
 */
export class RecentPrincipals {
  readonly #clock: Clock
  readonly #known = new Map<string, Standing & { untilMs: number }>()
  #generation = 0

  constructor(clock: Clock, ends: Pick<SessionEnds, 'onEnded'>) {
    this.#clock = clock
    ends.onEnded(() => {
      this.#generation += 1
      this.#known.clear()
    })
  }

  /** @param find asked when the hash is not known; what it finds while something ends is not kept */
  async of(secretHash: string, find: () => Promise<Standing | undefined>): Promise<Principal | undefined> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#known.get(secretHash)
    if (known !== undefined && nowMs < known.untilMs && !this.#isOver(known)) return known.principal
    const generation = this.#generation
    const found = await find()
    if (found === undefined || generation !== this.#generation) return found?.principal
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
    this.#known.set(secretHash, { ...found, untilMs: nowMs + REMEMBERED_MS })
    return found.principal
  }

  #isOver({ expiresMs }: Standing): boolean {
    return expiresMs !== undefined && expiresMs <= this.#clock.now()
  }
}
