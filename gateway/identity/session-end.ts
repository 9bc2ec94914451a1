import { afterCommit, type Tx } from '../storage/database.ts'

/** A session, or everything a person or script has open, is over or has other rights from now on. */
export interface SessionEnd {
  sessionId?: string
  principalId?: string
  why: 'signed-out' | 'rights-changed'
}

export type EndListener = (end: SessionEnd) => void

/** Tells whoever keeps something open on the strength of a session, once the end is on disk. */
export interface SessionEnds {
  onEnded(listener: EndListener): void
  tell(tx: Tx, end: SessionEnd): void
}

export function createSessionEnds(): SessionEnds {
  const listeners: EndListener[] = []
  return {
    onEnded: (listener) => {
      listeners.push(listener)
    },
    tell: (tx, end) => {
      afterCommit(tx, () => {
        for (const listener of listeners) listener(end)
      })
    },
  }
}
