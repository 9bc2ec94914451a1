import type { CaseActionName, CasePhase, CaseStep } from '../contracts/case.ts'

/** The six steps as the township's rules name them, by the phase a case is in. */
export const STEP_OF = {
  collected: 'collected',
  opened: 'opened',
  dispatched: 'dispatched',
  accepted: 'handling',
  'en-route': 'handling',
  'on-site': 'handling',
  reported: 'handling',
  'close-requested': 'handling',
  closed: 'closed',
  evaluated: 'evaluated',
} as const satisfies Record<CasePhase, CaseStep>

/**
 * Every action that is possible in a phase, and the phase after it; what is absent is illegal. A declined or escalated
 * dispatch comes back to the centre, from where the gateway sends the next person at once if there is one.
 */
const TRANSITIONS: Readonly<Record<CasePhase, Partial<Record<CaseActionName, CasePhase>>>> = {
  collected: { acknowledge: 'opened', shelve: 'collected', 'false-alarm': 'closed' },
  opened: { dispatch: 'dispatched', shelve: 'opened', 'verify-close': 'closed', 'false-alarm': 'closed' },
  dispatched: {
    accept: 'accepted',
    decline: 'opened',
    escalate: 'opened',
    dispatch: 'dispatched',
    'false-alarm': 'closed',
  },
  accepted: {
    'en-route': 'en-route',
    'on-site': 'on-site',
    feedback: 'reported',
    escalate: 'opened',
    dispatch: 'dispatched',
    'false-alarm': 'closed',
  },
  'en-route': {
    'on-site': 'on-site',
    feedback: 'reported',
    escalate: 'opened',
    dispatch: 'dispatched',
    'false-alarm': 'closed',
  },
  'on-site': { feedback: 'reported', escalate: 'opened', dispatch: 'dispatched', 'false-alarm': 'closed' },
  reported: {
    feedback: 'reported',
    'request-close': 'close-requested',
    escalate: 'opened',
    dispatch: 'dispatched',
    'false-alarm': 'closed',
  },
  'close-requested': { 'verify-close': 'closed', return: 'accepted', 'false-alarm': 'closed' },
  closed: { evaluate: 'evaluated' },
  evaluated: {},
}

/** The phase after an action, or undefined where the action is illegal. */
export const next = (phase: CasePhase, action: CaseActionName): CasePhase | undefined => TRANSITIONS[phase][action]

// The keys of a row are exactly its type's keys.
export const legalActions = (phase: CasePhase): CaseActionName[] => Object.keys(TRANSITIONS[phase]) as CaseActionName[]

/** Phases of which nothing is left to do. */
export const isOver = (phase: CasePhase): boolean => phase === 'closed' || phase === 'evaluated'
