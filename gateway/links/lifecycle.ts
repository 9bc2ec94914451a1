import type { Ownership } from '../contracts/common.ts'
import type { LinkState } from '../contracts/link.ts'

/**
 * What can happen to a link. `open` is the registration, `end-pause` and `expire` are the clock's, `consent`, `pause`,
 * `resume` and `revoke` the owner's; staff may `suspend`, `restore` and `end` a public link and `revoke` a private one.
 * `hold` is what a restored backup does: the owner's word in it may be one that was taken back since.
 */
export const LINK_ACTS = [
  'open',
  'consent',
  'pause',
  'resume',
  'end-pause',
  'suspend',
  'restore',
  'end',
  'revoke',
  'expire',
  'hold',
] as const
export type LinkAct = (typeof LINK_ACTS)[number]

type Steps = Partial<Record<LinkState, Partial<Record<LinkAct, LinkState>>>>

/** Every legal step; whatever is missing here is refused. Ended, expired and revoked links stay what they are. */
const STEPS: Record<Ownership, Steps> = {
  public: {
    draft: { open: 'active' },
    active: { suspend: 'suspended', end: 'ended', expire: 'expired' },
    suspended: { restore: 'active', end: 'ended', expire: 'expired' },
  },
  private: {
    draft: { open: 'awaiting-consent' },
    'awaiting-consent': { consent: 'active', revoke: 'revoked', expire: 'expired' },
    active: { consent: 'active', pause: 'paused', revoke: 'revoked', expire: 'expired', hold: 'awaiting-consent' },
    // A pause outlives a change of the consent: only `resume` or its own end lets people in again.
    paused: {
      consent: 'paused',
      pause: 'paused',
      resume: 'active',
      'end-pause': 'active',
      revoke: 'revoked',
      expire: 'expired',
      hold: 'awaiting-consent',
    },
  },
}

/** @returns the state after the act, or undefined where the act is not legal */
export function nextState(ownership: Ownership, state: LinkState, act: LinkAct): LinkState | undefined {
  return STEPS[ownership][state]?.[act]
}

/** Closed links are history: they are never opened again, and a camera may have a new link beside them. */
export const CLOSED_STATES: readonly LinkState[] = ['ended', 'expired', 'revoked']

export const isClosed = (state: LinkState): boolean => CLOSED_STATES.includes(state)

/** What the clock looks at. Times are ISO 8601. */
export interface Timed {
  ownership: Ownership
  state: LinkState
  validUntil?: string | undefined
  pausedUntil?: string | undefined
  consent?: { validUntil: string } | undefined
  /** Of an invitation that nobody has opened. */
  unopenedUntil?: string | undefined
}

/** What time alone does to a link. @returns the act that is due at `nowMs`, or undefined */
export function dueAct(link: Timed, nowMs: number): 'expire' | 'end-pause' | undefined {
  const isOver = (until: string | undefined): boolean => until !== undefined && Date.parse(until) <= nowMs
  const mayExpire = nextState(link.ownership, link.state, 'expire') !== undefined
  const unopened = link.state === 'awaiting-consent' ? link.unopenedUntil : undefined
  if (mayExpire && [link.validUntil, link.consent?.validUntil, unopened].some(isOver)) return 'expire'
  return link.state === 'paused' && isOver(link.pausedUntil) ? 'end-pause' : undefined
}
