import { signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import type { WallTile } from '../../../gateway/contracts/wall.ts'
import { AlarmRow } from '../alarms/alarm-list.tsx'
import { CaseGroupRow, CaseRow } from '../cases/case-row.tsx'
import { AlarmMarker, CameraMarker } from '../map/map-markers.tsx'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { Choice, Choices, TextField } from '../ui/field.tsx'
import { ICONS, Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { EmptyTile } from '../wall/empty-tile.tsx'
import { SoundButton } from '../wall/sound-button.tsx'
import { TileBar } from '../wall/tile-bar.tsx'
import { TileCard } from '../wall/tile-card.tsx'
import { sampleAlarms, sampleCamera, sampleCases, tileStates } from './samples.ts'
import '../cases/cases.css'
import '../map/map.css'
import '../wall/tile.css'
import '../wall/wall.css'
import './gallery.css'

const nothing = (): void => undefined
const EMPTY_TILES: readonly WallTile[] = [
  { kind: 'empty' },
  { kind: 'alarm-slot' },
  { kind: 'round', roundId: '' },
  { kind: 'camera', cameraId: '' },
]

/** Every component in every state, tiles as large as among nine and as small as among thirty-six, in both themes; the language is that of the page. For those who build and check it. */
export function GalleryPage() {
  const { t } = useParts().language
  return (
    <main class="gallery">
      <h1>{t('page.gallery')}</h1>
      {(['dark', 'light'] as const).map((theme) => (
        <div key={theme} class="gallery-theme" data-theme={theme}>
          <h2>{t(`gallery.${theme}`)}</h2>
          <Tiles sizes={TILE_SIZES[theme]} />
          <Sounds />
          <Alarms />
          <Controls />
        </div>
      ))}
    </main>
  )
}

/** The wall is dark; a phone is light and shows one picture. */
const TILE_SIZES = { dark: ['', 'gallery-small'], light: [''] } as const

function Tiles({ sizes }: { sizes: readonly string[] }) {
  const { language, nowMs } = useParts()
  const { t } = language
  const startedMs = useMemo(() => nowMs.peek(), [nowMs])
  return (
    <>
      <h3>{t('gallery.tiles')}</h3>
      {sizes.map((size) => (
        <div key={size} class={`gallery-tiles ${size}`} data-theme="dark">
          {tileStates(startedMs).map(({ camera: cameraState, ownership, state }) => {
            const camera = sampleCamera(cameraState, ownership, startedMs - 3_600_000)
            return (
              <div key={JSON.stringify(state)} class={`tile tile-${state.kind}`} data-sample={state.kind}>
                <TileCard
                  camera={camera}
                  state={state}
                  onRetry={nothing}
                  onAskReason={nothing}
                  onZoom={nothing}
                  onHealth={nothing}
                />
                <TileBar camera={camera} state={state} onRemove={nothing} onZoom={nothing} />
              </div>
            )
          })}
          {EMPTY_TILES.map((tile) => (
            <div key={tile.kind} class="tile" data-sample={`empty-${tile.kind}`}>
              <EmptyTile
                index={0}
                tile={tile}
                roundName={undefined}
                onChoose={nothing}
                onMakeSlot={nothing}
                onRemove={nothing}
              />
            </div>
          ))}
        </div>
      ))}
    </>
  )
}

const SOUNDS = (['muted', 'starting', 'heard', 'blocked', 'missing'] as const).map((state) => signal(state))

function Sounds() {
  return (
    <div class="gallery-tiles" data-theme="dark">
      {SOUNDS.map((sound) => (
        <div key={sound.value} class="tile">
          <SoundButton session={{ sound, listen: nothing }} />
        </div>
      ))}
    </div>
  )
}

function Alarms() {
  const { language, nowMs } = useParts()
  const { t } = language
  const startedMs = useMemo(() => nowMs.peek(), [nowMs])
  const alarms = sampleAlarms(startedMs)
  const cases = sampleCases(startedMs)
  return (
    <>
      <h3>{t('gallery.alarms')}</h3>
      <ul class="gallery-list">
        {alarms.map((alarm) => (
          <AlarmRow key={alarm.id} alarm={alarm} onOpen={undefined} />
        ))}
      </ul>
      <h3>{t('gallery.cases')}</h3>
      <p class="flood-banner">{t('flood.banner', { n: 14, minutes: 10 })}</p>
      <ul class="gallery-list">
        {cases.map((one) => (
          <CaseRow key={one.id} case={one} />
        ))}
        <CaseGroupRow group={{ key: '', cases }} mayAct={false} />
      </ul>
      <h3>{t('gallery.map')}</h3>
      <div class="gallery-map">
        {(['online', 'stalled', 'offline', 'unlinked'] as const).map((state, at) => (
          <CameraMarker
            key={state}
            camera={sampleCamera(state, 'public', startedMs)}
            at={{ left: 60 + at * 90, top: 80 }}
            isNamed={false}
            onOpen={nothing}
          />
        ))}
        {alarms
          .filter(({ state }) => state === 'active')
          .map((alarm, at) => (
            <AlarmMarker
              key={alarm.id}
              place={{ key: '', place: [0, 0], alarms: [alarm] }}
              at={{ left: 60 + at * 90, top: 80 }}
              onOpen={nothing}
            />
          ))}
      </div>
    </>
  )
}

function Controls() {
  const { t } = useParts().language
  const text = useSignal('')
  const one = useSignal<'motion' | 'door' | undefined>('motion')
  const some = useSignal<readonly ('motion' | 'door')[]>(['door'])
  const isAsking = useSignal(false)
  const options = (['motion', 'door'] as const).map((value) => ({ value, label: t(`alarmType.${value}`) }))
  return (
    <>
      <h3>{t('gallery.controls')}</h3>
      <div class="actions">
        <button type="button">{t('action.retry')}</button>
        <button type="button" class="primary">
          {t('reason.open')}
        </button>
        <button type="button" class="danger">
          {t('tile.clear')}
        </button>
        <button type="button" class="quiet">
          {t('action.close')}
        </button>
        <button type="button" disabled>
          {t('saved.keep')}
        </button>
        <button type="button" aria-pressed="true">
          {t('side.list')}
        </button>
        <button
          type="button"
          onClick={() => {
            isAsking.value = true
          }}
        >
          {t('shelve.title')}
        </button>
        <span class="tag">{t('ownership.private')}</span>
        <span class="count">12</span>
      </div>
      <p class="gallery-icons">
        {ICONS.map((name) => (
          <span key={name} title={name}>
            <Icon name={name} />
          </span>
        ))}
      </p>
      <TextField label={t('saved.layoutName')} hint={t('saved.sameName')} value={text} />
      <Choice legend={t('reason.kind')} options={options} value={one} />
      <Choices legend={t('saved.roundCameras', { n: 1 })} options={options} values={some} />
      <ProblemNote problem={{ status: 502, code: 'camera-unreachable', detail: '192.0.2.7: no answer' }} />
      <Empty text={t('case.none')} />
      {isAsking.value && (
        <Dialog
          title={t('shelve.title')}
          onClose={() => {
            isAsking.value = false
          }}
        >
          <p class="secondary">{t('reason.explain')}</p>
        </Dialog>
      )}
    </>
  )
}
