import { type ReadonlySignal, signal } from '@preact/signals'
import { z } from 'zod'
import {
  type Case,
  CaseActionName,
  type CasePhase,
  FeedbackOutcome,
  type NewCaseAction,
} from '../../../gateway/contracts/case.ts'
import type { Answer, ProblemAnswer } from '../api/client.ts'

/** An answer that was given on this phone and that the gateway may not have yet. */
const Waiting = z.object({
  /** Who gave it: the phone of a shift changes hands. */
  by: z.string(),
  caseId: z.string(),
  action: CaseActionName,
  outcome: FeedbackOutcome.optional(),
  idempotencyKey: z.string(),
  deviceAt: z.string(),
})
type Waiting = z.infer<typeof Waiting>

const STORAGE_KEY = 'gridlight.patrol.answers'
/** A phone that was away for days must not keep more. */
const MAX_WAITING = 200

/** The patrol's next step in each phase: one button. */
export const NEXT_STEP = {
  dispatched: 'accept',
  accepted: 'en-route',
  'en-route': 'on-site',
  'on-site': 'feedback',
  reported: 'request-close',
} as const satisfies Partial<Record<CasePhase, CaseActionName>>

const PHASE_AFTER: Partial<Record<CaseActionName, CasePhase>> = {
  accept: 'accepted',
  decline: 'opened',
  'en-route': 'en-route',
  'on-site': 'on-site',
  feedback: 'reported',
  'request-close': 'close-requested',
}

export interface Answers {
  readonly waiting: ReadonlySignal<readonly Waiting[]>
  /** Why the gateway refused the last answer that it refused. */
  readonly refused: ReadonlySignal<ProblemAnswer | undefined>
  /** Keeps the answer and sends it as soon as it can. */
  give(caseId: string, action: CaseActionName, outcome?: FeedbackOutcome): void
  /** Sends what waits, in order, until the gateway cannot be reached. */
  send(): Promise<void>
  /** Where the case stands once all that waits has arrived. */
  phaseOf(one: Case): CasePhase
}

/**
 * The answers of this phone: kept on it until the gateway has them, sent once and in order.
 * @param me whoever is signed in; what others gave stays on the phone until they are back
 */
export function createAnswers(
  storage: Pick<Storage, 'getItem' | 'setItem'>,
  me: string,
  post: (caseId: string, action: NewCaseAction) => Promise<Answer<Case>>,
  onTaken: (one: Case) => void,
): Answers {
  const mine = (answers: readonly Waiting[]): Waiting[] => answers.filter(({ by }) => by === me)
  const waiting = signal<readonly Waiting[]>(mine(stored(storage)))
  const refused = signal<ProblemAnswer | undefined>(undefined)
  let sending: Promise<void> | undefined

  const keep = (answers: readonly Waiting[]): void => {
    const others = stored(storage).filter(({ by }) => by !== me)
    storage.setItem(STORAGE_KEY, JSON.stringify([...others, ...answers]))
    waiting.value = answers
  }

  async function sendAll(): Promise<void> {
    for (let first = waiting.value[0]; first !== undefined; first = waiting.value[0]) {
      const { by: _, caseId, action, outcome, ...rest } = first
      // Built from a checked answer; the action decides which fields it has.
      const body = { ...rest, action, ...(outcome === undefined ? {} : { outcome }) } as NewCaseAction
      const answer = await post(caseId, body)
      if (answer.kind === 'offline' || answer.kind === 'aborted') return
      if (answer.kind === 'problem') {
        // Signed out or overloaded: the answer itself may still be right.
        if (answer.problem.status === 401 || answer.problem.status === 429 || answer.problem.status >= 500) return
        refused.value = answer.problem
      } else onTaken(answer.data)
      keep(waiting.value.filter(({ idempotencyKey }) => idempotencyKey !== rest.idempotencyKey))
    }
  }

  const send = (): Promise<void> => {
    sending ??= sendAll().finally(() => {
      sending = undefined
    })
    return sending
  }

  return {
    waiting,
    refused,
    send,
    give(caseId, action, outcome) {
      refused.value = undefined
      const one = {
        by: me,
        caseId,
        action,
        idempotencyKey: crypto.randomUUID(),
        deviceAt: new Date().toISOString(),
        ...(outcome === undefined ? {} : { outcome }),
      }
      keep([...waiting.value, one].slice(-MAX_WAITING))
      void send()
    },
    phaseOf: ({ id, phase }) =>
      waiting.value
        .filter(({ caseId }) => caseId === id)
        .reduce<CasePhase>((at, { action }) => PHASE_AFTER[action] ?? at, phase),
  }
}

/** How many answers a phone keeps, for a page that has no gateway to ask. */
export const keptAnswers = (storage: Pick<Storage, 'getItem'>): number => stored(storage).length

function stored(storage: Pick<Storage, 'getItem'>): Waiting[] {
  try {
    return z.array(Waiting).parse(JSON.parse(storage.getItem(STORAGE_KEY) ?? '[]'))
  } catch {
    return []
  }
}
