import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { CAMERA_DRAG_TYPE } from '../ui/drag.ts'
import { Empty } from '../ui/empty.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { isFound } from './search.ts'
import { inTreeOrder } from './tree-order.ts'

interface TreeProps {
  search: RefObject<HTMLInputElement | null>
  onTiles: ReadonlySet<string>
  /** @param again also if it stands on a tile already */
  onPlace: (cameraId: string, again: boolean) => void
}

/** Cameras by cell; a click or a drag puts one on a tile, with Shift on one more. */
export function CameraTree({ search, onTiles, onPlace }: TreeProps) {
  const { township, language } = useParts()
  const { t } = language
  const query = useSignal('')
  const cameras = inTreeOrder(township.cameras.value.values()).filter((camera) =>
    isFound(camera, township.cellName(camera.cellCode), query.value),
  )
  const cellCodes = [...new Set(cameras.map((camera) => camera.cellCode))]
  return (
    <nav aria-label={t('tree.label')}>
      <input
        ref={search}
        type="search"
        placeholder={t('tree.search')}
        aria-label={t('tree.search')}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value
        }}
        onKeyDown={(event) => {
          const [first] = cameras
          if (event.code !== 'Enter' || event.isComposing || query.value.trim() === '' || first === undefined) return
          event.preventDefault()
          onPlace(first.id, event.shiftKey)
        }}
      />
      <TreeNote matching={cameras.length} query={query.value} />
      {cellCodes.map((code) => (
        <details key={code} open>
          <summary>
            {township.cellName(code)}
            <span class="count">{cameras.filter((camera) => camera.cellCode === code).length}</span>
          </summary>
          <ul>
            {cameras
              .filter((camera) => camera.cellCode === code)
              .map((camera) => (
                <li key={camera.id}>
                  <CameraRow camera={camera} isOnTile={onTiles.has(camera.id)} onPlace={onPlace} />
                </li>
              ))}
          </ul>
        </details>
      ))}
    </nav>
  )
}

function TreeNote({ matching, query }: { matching: number; query: string }) {
  const { township, language } = useParts()
  const { t } = language
  const loading = township.loading.value
  if (loading.kind === 'loading') return <Empty text={t('list.loading')} />
  if (loading.kind !== 'ready') {
    const problem = loading.kind === 'problem' ? loading.problem : { status: 0, code: 'offline' }
    return (
      <ProblemNote problem={problem}>
        <button type="button" onClick={() => void township.load()}>
          {t('action.retry')}
        </button>
      </ProblemNote>
    )
  }
  if (matching > 0) return null
  return <Empty text={query === '' ? t('list.noCameras') : t('tree.noMatch', { query })} />
}

function CameraRow({
  camera,
  isOnTile,
  onPlace,
}: {
  camera: Camera
  isOnTile: boolean
  onPlace: TreeProps['onPlace']
}) {
  const { t } = useParts().language
  return (
    <button
      type="button"
      class="tree-camera"
      draggable
      aria-pressed={isOnTile}
      onDragStart={(event) => event.dataTransfer?.setData(CAMERA_DRAG_TYPE, camera.id)}
      onClick={(event) => onPlace(camera.id, event.shiftKey)}
    >
      <span class="tree-name">{camera.name}</span>
      {camera.ownership === 'private' && <span class="tag">{t('ownership.private')}</span>}
      {camera.state !== 'online' && (
        <span class="tree-state">
          <Icon name={camera.state === 'stalled' ? 'stalled' : camera.state === 'unlinked' ? 'lock' : 'offline'} />
          {t(`cameraState.${camera.state}`)}
        </span>
      )}
    </button>
  )
}
