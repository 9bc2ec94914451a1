import type { Clock } from '../clock.ts'
import type { Identified } from '../http/route.ts'
import type { SessionEnds } from './session-end.ts'

/** What another node or the command line has ended is noticed within this time. */
const REMEMBERED_MS = 1_000
/** Far more than anybody watches at once; the map is emptied when it is reached. */
const MAX_REMEMBERED = 5_000
/** Longer than any browser sends for one host; what is longer still is looked up each time. */
const MAX_REMEMBERED_CHARS = 4_096

/** Whose credentials they are, and until when in wall time; a token without end has none. */
export interface Standing extends Identified {
  expiresMs?: number
}

/**
 * Who sent credentials a moment ago. A wall asks for hundreds of parts a second with the same cookie; one look into the
 * database a second is enough for it, since whatever this node ends is forgotten at once. Credentials are known by the
 * header that they came in, word for word: nothing is parsed or hashed for them again.
 */
export class RecentPrincipals {
  readonly #clock: Clock
  readonly #known = new Map<string, Standing & { untilMs: number }>()
  /** Look-ups under way: all who ask meanwhile wait for the same one. */
  readonly #asked = new Map<string, Promise<Standing | undefined>>()

  constructor(clock: Clock, ends: Pick<SessionEnds, 'onEnded'>) {
    this.#clock = clock
    ends.onEnded(() => {
      this.#known.clear()
      this.#asked.clear()
    })
  }

  /**
   * @param find asked when the credentials are not known; what was looked for while something ended is not kept
   * @returns at once where they are
   */
  of(
    credentials: string,
    find: (credentials: string) => Promise<Standing | undefined>,
  ): Standing | Promise<Standing | undefined> {
    const known = this.#known.get(credentials)
    if (known !== undefined && this.#clock.monotonicMs() < known.untilMs && !this.#isOver(known)) return known
    const asked = this.#asked.get(credentials)
    if (asked !== undefined) return asked
    const finding = find(credentials)
    this.#asked.set(credentials, finding)
    return this.#remember(credentials, finding)
  }

  async #remember(credentials: string, finding: Promise<Standing | undefined>): Promise<Standing | undefined> {
    const untilMs = this.#clock.monotonicMs() + REMEMBERED_MS
    const isStill = (): boolean => this.#asked.get(credentials) === finding
    try {
      const found = await finding
      if (!isStill()) return found
      this.#known.delete(credentials)
      if (found === undefined || credentials.length > MAX_REMEMBERED_CHARS) return found
      if (this.#known.size >= MAX_REMEMBERED) this.#known.clear()
      this.#known.set(credentials, { ...found, untilMs })
      return found
    } finally {
      if (isStill()) this.#asked.delete(credentials)
    }
  }

  #isOver({ expiresMs }: Standing): boolean {
    return expiresMs !== undefined && expiresMs <= this.#clock.now()
  }
}
