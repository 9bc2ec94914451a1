import { type ReadonlySignal, signal } from '@preact/signals'
import type { SessionAnswer } from '../../../gateway/contracts/identity.ts'
import type { Calls } from '../api/calls.ts'
import type { Answer, Client } from '../api/client.ts'

export type SessionState =
  | { kind: 'asking' }
  | { kind: 'unreachable' }
  /** `ended`: there was a session, and it is over without the person's doing. */
  | { kind: 'signed-out'; ended: boolean }
  | { kind: 'signed-in'; user: SessionAnswer['user'] }

export interface Session {
  readonly state: ReadonlySignal<SessionState>
  /** Asks the gateway who is signed in. */
  ask(): Promise<void>
  signIn(username: string, password: string): Promise<Answer<SessionAnswer>>
  /** Opens an owner's session with the token of an invitation. */
  signInOwner(token: string): Promise<Answer<SessionAnswer>>
  /** The desk belongs to somebody else from now on; the gateway has said so already. */
  takeOver(answer: SessionAnswer): void
  signOut(): Promise<void>
  /** The gateway answered that there is no session any more. */
  end(): void
}

export function createSession(client: Client, calls: Calls): Session {
  const state = signal<SessionState>({ kind: 'asking' })

  function accept(answer: Answer<SessionAnswer>): Answer<SessionAnswer> {
    if (answer.kind === 'ok') {
      client.setCsrfToken(answer.data.csrfToken)
      state.value = { kind: 'signed-in', user: answer.data.user }
    }
    return answer
  }

  function leave(ended: boolean): void {
    client.setCsrfToken(undefined)
    state.value = { kind: 'signed-out', ended }
  }

  return {
    state,
    async ask() {
      const answer = accept(await calls.session())
      if (answer.kind === 'problem') leave(false)
      // Whoever is signed in stays before the wall while the gateway is away.
      if (answer.kind === 'offline' && state.value.kind !== 'signed-in') state.value = { kind: 'unreachable' }
    },
    signIn: async (username, password) => accept(await calls.signIn({ username, password })),
    signInOwner: async (token) => accept(await calls.ownerSignIn(token)),
    takeOver: (data) => void accept({ kind: 'ok', data }),
    async signOut() {
      await calls.signOut()
      leave(false)
    },
    end() {
      if (state.value.kind === 'signed-in') leave(true)
    },
  }
}
