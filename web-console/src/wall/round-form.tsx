import { useSignal } from '@preact/signals'
import { MAX_ROUND_CAMERAS } from '../../../gateway/contracts/wall.ts'
import { useParts } from '../parts.ts'
import { Choices, Field, TextField } from '../ui/field.tsx'
import type { Saved } from './saved.ts'
import { isFound } from './search.ts'
import { inTreeOrder } from './tree-order.ts'
import type { WallState } from './wall-state.ts'

const DWELL_SECONDS = [5, 10, 15, 30, 60, 120, 300] as const
/** So many can be looked through; a search finds the others. */
const LISTED = 60

/** A new round: a name, how long each camera is shown, and which. */
export function RoundForm({ wall, saved }: { wall: WallState; saved: Saved }) {
  const { language, township } = useParts()
  const { t } = language
  const name = useSignal('')
  const dwell = useSignal(10)
  const query = useSignal('')
  const cameraIds = useSignal<readonly string[]>([])
  const isComplete =
    name.value.trim() !== '' && cameraIds.value.length >= 2 && cameraIds.value.length <= MAX_ROUND_CAMERAS
  const listed = inTreeOrder(township.cameras.value.values())
    .filter((camera) => isFound(camera, township.cellName(camera.cellCode), query.value))
    .filter((camera, at) => at < LISTED || cameraIds.value.includes(camera.id))

  async function add(event: Event): Promise<void> {
    event.preventDefault()
    if (!isComplete) return
    const body = { name: name.value.trim(), cameraIds: [...cameraIds.value], dwellSeconds: dwell.value }
    if ((await saved.addRound(body)) === undefined) return
    name.value = ''
    cameraIds.value = []
  }

  return (
    <details class="round-form">
      <summary>{t('saved.newRound')}</summary>
      <form onSubmit={(event) => void add(event)}>
        <TextField label={t('saved.roundName')} value={name} maxLength={60} />
        <Field label={t('saved.dwell')}>
          {(id) => (
            <select
              id={id}
              value={dwell.value}
              onChange={(event) => {
                dwell.value = Number(event.currentTarget.value)
              }}
            >
              {DWELL_SECONDS.map((seconds) => (
                <option key={seconds} value={seconds}>
                  {t('saved.seconds', { n: seconds })}
                </option>
              ))}
            </select>
          )}
        </Field>
        <TextField label={t('tree.search')} value={query} />
        <Choices
          legend={t('saved.roundCameras', { n: cameraIds.value.length })}
          options={listed.map(({ id, name: label }) => ({ value: id, label }))}
          values={cameraIds}
        />
        <div class="actions">
          <button
            type="button"
            onClick={() => {
              cameraIds.value = wall.tiles.value
                .slice(0, wall.layout.value)
                .flatMap((tile) => (tile.kind === 'camera' ? [tile.cameraId] : []))
            }}
          >
            {t('saved.thoseOnWall')}
          </button>
          <button type="submit" class="primary" disabled={!isComplete}>
            {t('saved.addRound')}
          </button>
        </div>
      </form>
    </details>
  )
}
