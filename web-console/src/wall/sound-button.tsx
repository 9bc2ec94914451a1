import { useParts } from '../parts.ts'
import type { SoundState } from '../player/player.ts'
import { Icon } from '../ui/icon.tsx'
import type { TileSession } from './tile-session.ts'
import './sound-button.css'

/** Nothing is heard and nothing is on its way, so the next press asks for sound. */
export const isSilent = (state: SoundState): boolean => state === 'muted' || state === 'blocked'

/** Turns the sound of an enlarged picture on and off; there only where it may be heard and there is some. */
export function SoundButton({ session }: { session: Pick<TileSession, 'sound' | 'listen'> }) {
  const { t } = useParts().language
  const state = session.sound.value
  if (state === undefined) return null
  const silent = isSilent(state)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only keeps the wall from taking a press for its own
    <div class="tile-sound" data-sound={state} onDblClick={(event) => event.stopPropagation()}>
      <button type="button" onClick={() => session.listen(silent)}>
        <Icon name={silent ? 'muted' : 'sound'} />
        {t(silent ? 'sound.listen' : 'sound.mute')} <kbd>V</kbd>
      </button>
      <span role="status">{state !== 'muted' && t(`sound.${state}`)}</span>
    </div>
  )
}
