import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { useParts } from '../parts.ts'
import { playableCodecs } from '../player/player.ts'
import { FirstSteps } from './first-steps.tsx'
import { admit, decodeLoad, streamOf } from './pixel-budget.ts'
import { saveSnapshot } from './snapshot.ts'
import { isSilent } from './sound-button.tsx'
import { StageBar } from './stage-bar.tsx'
import { Tile } from './tile.tsx'
import type { TileContent } from './tile-contents.ts'
import type { TileSession } from './tile-session.ts'
import type { TileMeans } from './use-tile-session.ts'
import { useWallKeys } from './wall-keys.ts'
import { EMPTY, type WallState } from './wall-state.ts'

interface StageProps {
  wall: WallState
  contents: readonly TileContent[]
  means: TileMeans
  frugal: boolean
  onSaved: () => void
  onKeys: () => void
  onSearch: () => void
  /** @param again also where a reason was given before */
  onAskReason: (cameraId: string, again?: boolean) => void
  /** An empty tile asks for a camera. */
  onChoose: (index: number) => void
}

/** The pictures, what is done to them, and the bar above them. */
export function Stage(props: StageProps) {
  const { wall, contents, means, frugal, onSaved, onKeys, onAskReason, onChoose } = props
  const { township, language, session, shortcuts } = useParts()
  const { t } = language
  const sessions = useMemo(() => new Map<number, TileSession>(), [])
  /** Why the last still was not saved, or that it was. */
  const note = useSignal<{ isSaved: boolean; name: string } | undefined>(undefined)
  useWallKeys(wall, {
    areOn: () => shortcuts.areOn.peek(),
    focusSearch: props.onSearch,
    help: onKeys,
    snapshot: () => void snapshot(),
    sound: toggleSound,
  })
  const stream = streamOf(contents.length)
  const admission = admissionOf(contents, stream, wall.selected.value)

  async function snapshot(): Promise<void> {
    const content = contents.find(({ index }) => index === wall.selected.peek())
    const viewId = sessions.get(wall.selected.peek())?.view.peek()?.id
    if (content?.camera === undefined || viewId === undefined) return
    const { name } = content.camera
    note.value = { isSaved: await saveSnapshot(viewId, name), name }
  }

  /** Of the one picture that is enlarged: who hears several places at once hears none. */
  function toggleSound(): void {
    const [alone, ...others] = contents
    const playing = alone === undefined || others.length > 0 ? undefined : sessions.get(alone.index)
    const state = playing?.stream === stream ? playing.sound.peek() : undefined
    if (state !== undefined) playing?.listen(isSilent(state))
  }

  function zoom(index: number): void {
    wall.select(index)
    wall.zoomed.value = !wall.zoomed.value && wall.layout.value > 1
  }

  const signedIn = session.state.value
  const isFirstStart =
    township.loading.value.kind === 'ready' &&
    township.cameras.value.size === 0 &&
    signedIn.kind === 'signed-in' &&
    signedIn.user.roles.includes('administrator')

  return (
    <section class="stage" aria-label={t('page.wall')}>
      <StageBar
        wall={wall}
        decoders={admission.played.size}
        load={admission.load}
        note={
          note.value && t(note.value.isSaved ? 'wall.snapshotSaved' : 'wall.snapshotFailed', { name: note.value.name })
        }
        onSaved={onSaved}
        onKeys={onKeys}
      />
      {isFirstStart && <FirstSteps />}
      <div class={`tiles tiles-${contents.length}`}>
        {contents.map((content) => (
          <Tile
            key={content.index}
            content={content}
            means={means}
            selected={wall.selected.value === content.index}
            stream={stream}
            isAlone={contents.length === 1}
            frugal={frugal}
            isPlayed={content.camera === undefined || admission.played.has(content.index)}
            onSelect={() => wall.select(content.index)}
            onZoom={() => zoom(content.index)}
            onDropCamera={(cameraId) => {
              wall.setTile(content.index, { kind: 'camera', cameraId })
              wall.select(content.index)
              onAskReason(cameraId)
            }}
            onDropTile={(from) => wall.swap(from, content.index)}
            onRemove={() => wall.setTile(content.index, EMPTY)}
            onAskReason={() => content.camera !== undefined && onAskReason(content.camera.id, true)}
            onChoose={() => {
              wall.select(content.index)
              onChoose(content.index)
            }}
            onMakeSlot={() => wall.setTile(content.index, { kind: 'alarm-slot' })}
            onSession={(opened) => {
              if (opened === undefined) sessions.delete(content.index)
              else sessions.set(content.index, opened)
            }}
          />
        ))}
      </div>
    </section>
  )
}

/** What the decoder can bear: the selected tile first, then alarms, then the others in their order. */
function admissionOf(contents: readonly TileContent[], stream: 'auto' | 'sub', selected: number) {
  const rank = ({ index, case: one }: TileContent): number =>
    contents.length === 1 || index === selected ? 0 : one === undefined ? 2 : 1
  const codecs = playableCodecs()
  const wanted = contents
    .filter(({ camera }) => camera !== undefined)
    .sort((one, other) => rank(one) - rank(other) || one.index - other.index)
    .map(({ index, camera }) => ({ index, load: camera === undefined ? 0 : decodeLoad(camera, stream, codecs) }))
  return admit(wanted)
}
