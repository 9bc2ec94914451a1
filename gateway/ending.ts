/**
 * As much of an AbortSignal as a wait needs. Hundreds of requests begin and end in a second, and a whole signal for each
 * costs more than what it guards.
 */
export interface Ending {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}
