import { useSignal } from '@preact/signals'
import { useMemo, useRef } from 'preact/hooks'
import { type PtzAction, PtzAnswer, PtzPresets } from '../../../gateway/contracts/ptz.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import './ptz-pad.css'

/** A camera stops by itself after this; holding a button renews it well before. */
const MOVE_MS = 1_000
const RENEW_MS = 600
const SPEED = 0.5

type Direction = { pan?: number; tilt?: number; zoom?: number }
const DIRECTIONS: readonly [Key, string, Direction][] = [
  ['ptz.up', '↑', { tilt: SPEED }],
  ['ptz.left', '←', { pan: -SPEED }],
  ['ptz.right', '→', { pan: SPEED }],
  ['ptz.down', '↓', { tilt: -SPEED }],
  ['ptz.in', '＋', { zoom: SPEED }],
  ['ptz.out', '－', { zoom: -SPEED }],
]

/** Turns a camera while a button is held, by pointer or by key; who may not is told why. */
export function PtzPad({ cameraId }: { cameraId: string }) {
  const { client, language } = useParts()
  const { t } = language
  const path = `/api/v1/cameras/${cameraId}/ptz`
  const isOpen = useSignal(false)
  const presets = useSignal<PtzPresets['presets']>([])
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const renewal = useRef<ReturnType<typeof setInterval> | undefined>(undefined)

  const acts = useMemo(() => {
    const act = async (body: PtzAction): Promise<void> => {
      const answer = await client.call('POST', path, PtzAnswer, { body })
      problem.value = failureOf(answer)
      if (answer.kind !== 'ok') clearInterval(renewal.current)
    }
    const move = (direction: Direction): void =>
      void act({ action: 'move', pan: 0, tilt: 0, zoom: 0, ...direction, timeoutMs: MOVE_MS })
    return {
      start(direction: Direction) {
        clearInterval(renewal.current)
        move(direction)
        renewal.current = setInterval(move, RENEW_MS, direction)
      },
      stop() {
        if (renewal.current === undefined) return
        clearInterval(renewal.current)
        renewal.current = undefined
        void act({ action: 'stop' })
      },
      preset: (preset: string) => void act({ action: 'preset', preset }),
    }
  }, [client, path, problem])

  useLifetime((until) => until.addEventListener('abort', acts.stop), [acts])

  async function toggle(): Promise<void> {
    isOpen.value = !isOpen.value
    if (!isOpen.value) return
    const answer = await client.call('GET', path, PtzPresets)
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') presets.value = answer.data.presets
  }

  return (
    // The wall has keys and drags of its own; what happens here stays here, but for the way back to it.
    // biome-ignore lint/a11y/noStaticElementInteractions: it only keeps events to itself
    <div
      class="ptz"
      onPointerDown={(event) => event.stopPropagation()}
      onDblClick={(event) => event.stopPropagation()}
      onKeyDown={(event) => event.code !== 'Escape' && event.stopPropagation()}
    >
      <button type="button" aria-expanded={isOpen.value} onClick={() => void toggle()}>
        {t('ptz.title')}
      </button>
      {isOpen.value && (
        <fieldset class="ptz-pad" aria-label={t('ptz.title')}>
          {DIRECTIONS.map(([name, sign, direction]) => (
            <button
              key={name}
              type="button"
              class={name.replace('.', '-')}
              aria-label={t(name)}
              title={t(name)}
              onPointerDown={() => acts.start(direction)}
              onPointerUp={acts.stop}
              onPointerLeave={acts.stop}
              onPointerCancel={acts.stop}
              onKeyDown={({ code, repeat }) => {
                if (!repeat && (code === 'Enter' || code === 'Space')) acts.start(direction)
              }}
              onKeyUp={acts.stop}
              onBlur={acts.stop}
            >
              {sign}
            </button>
          ))}
          {presets.value.map(({ token, name }) => (
            <button key={token} type="button" class="ptz-preset" onClick={() => acts.preset(token)}>
              {name}
            </button>
          ))}
          {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        </fieldset>
      )}
    </div>
  )
}
