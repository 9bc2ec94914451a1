import { useSignal } from '@preact/signals'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'

/** One call at a time: while it is under way, and why it failed. */
export function useSending() {
  const busy = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  async function send<T>(call: Promise<Answer<T>>, onDone: (data: T) => void): Promise<void> {
    busy.value = true
    const answer = await call
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') onDone(answer.data)
  }
  return { busy, problem, send }
}
