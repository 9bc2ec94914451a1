import { signal } from '@preact/signals'
import type { Case } from '../../../gateway/contracts/case.ts'
import { afterwards, dueSound, type Heard, noticed, RHYTHMS, type Rhythm } from './rhythm.ts'

const TEST: Rhythm = { pulses: [0, 200], everyMs: undefined }
const SILENCE_MS = 60_000

/** Plays what is due; a browser makes no sound before somebody has pressed a button. */
export function createSounds() {
  const context = signal<AudioContext | undefined>(undefined)
  const silentUntilMs = signal(0)
  let heard: ReadonlyMap<string, Heard> = new Map()
  /** How many sounds were played, for whoever checks. */
  const played = signal(0)

  const play = ({ pulses }: Rhythm): void => {
    const audio = context.value
    if (audio === undefined) return
    played.value += 1
    for (const startMs of pulses) {
      const from = audio.currentTime + startMs / 1000
      const [tone, gain] = [new OscillatorNode(audio, { frequency: 880 }), new GainNode(audio, { gain: 0.25 })]
      tone.connect(gain).connect(audio.destination)
      tone.start(from)
      tone.stop(from + 0.12)
    }
  }

  return {
    isOn: () => context.value !== undefined,
    played,
    silentUntilMs,
    /** Called from a click: unlocks the sound and lets it be heard. */
    start() {
      context.value ??= new AudioContext()
      void context.value.resume()
      play(TEST)
    },
    silence(nowMs: number) {
      silentUntilMs.value = nowMs + SILENCE_MS
    },
    /** Called when something has changed. */
    notice(cases: readonly Case[], nowMs: number) {
      if (context.value !== undefined) heard = noticed(cases, heard, nowMs)
    },
    /**
     * Called each second.
     * @param cases all that concern this person
     * @param calls those that wait for this person
     */
    check(cases: readonly Case[], calls: (one: Case) => boolean, nowMs: number) {
      if (context.value === undefined) return
      const priority = dueSound(cases, calls, heard, nowMs, silentUntilMs.value)
      const rhythm = priority === undefined ? undefined : RHYTHMS[priority]
      if (rhythm !== undefined) play(rhythm)
      heard = afterwards(cases, calls, heard, nowMs, rhythm !== undefined)
    },
  }
}
