import { takeNumbers } from '../storage/counter.ts'
import { afterCommit, type Tx } from '../storage/database.ts'

/** A session, or everything a person or script has open, is over or has other rights from now on. */
export interface SessionEnd {
  sessionId?: string | undefined
  principalId?: string | undefined
  why: 'signed-out' | 'rights-changed'
}

export type EndListener = (end: SessionEnd) => void

/** Tells whoever keeps something open on the strength of a session, once the end is on disk. */
export interface SessionEnds {
  onEnded(listener: EndListener): void
  /** After the rows of the sessions; it holds the numbers of the trail and of the events until the commit. */
  tell(tx: Tx, end: SessionEnd): Promise<void>
  /** The same end, as another gateway of this database told it. */
  heard(end: SessionEnd): void
}

/** @param announce writes the end for the other gateways of this database */
export function createSessionEnds(announce: (tx: Tx, end: SessionEnd) => Promise<void>): SessionEnds {
  const listeners: EndListener[] = []
  const heard = (end: SessionEnd): void => {
    for (const listener of listeners) listener(end)
  }
  return {
    onEnded: (listener) => {
      listeners.push(listener)
    },
    tell: async (tx, end) => {
      // The trail's numbers before those of events, whatever the caller writes afterwards.
      await takeNumbers(tx, 'audit', 0)
      await announce(tx, end)
      afterCommit(tx, () => heard(end))
    },
    heard,
  }
}
