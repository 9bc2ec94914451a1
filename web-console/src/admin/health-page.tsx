import { useSignal } from '@preact/signals'
import { CameraState } from '../../../gateway/contracts/camera.ts'
import { useParts } from '../parts.ts'
import { Choice, Field } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { AvailabilityTable } from './availability-table.tsx'
import { CameraDialog } from './camera-dialog.tsx'
import { CameraHealthRow } from './camera-health-row.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

const REFRESH_MS = 10_000
/** So many are drawn at once; the rest follows by the button. */
const SHOWN_CAMERAS = 50

const WORST_FIRST: Readonly<Record<CameraState, number>> = { offline: 0, stalled: 1, online: 2, unlinked: 3 }

/** Which cameras do not do their duty, why, and what to do about it. */
export function HealthPage() {
  const { township, language, session } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const state = useSignal<CameraState | undefined>(undefined)
  const attention = useSignal<'all' | 'attention' | undefined>('all')
  const query = useSignal('')
  const shown = useSignal(SHOWN_CAMERAS)
  const cameras = useLoaded(
    (signal) =>
      calls.health({ state: state.value, attention: attention.value === 'attention' ? 'yes' : undefined }, signal),
    [state.value, attention.value, language.code.value],
  )
  useLifetime((until) => {
    const timer = setInterval(() => {
      if (!document.hidden) cameras.reload()
    }, REFRESH_MS)
    until.addEventListener('abort', () => clearInterval(timer))
  })
  const all = [...township.cameras.value.values()]
  const managed = useSignal<string | undefined>(undefined)
  const camera = township.cameras.value.get(managed.value ?? '')
  const user = session.state.value.kind === 'signed-in' ? session.state.value.user : undefined
  const mayManage = user?.roles.some((role) => role === 'installer' || role === 'administrator') === true
  const words = query.value.trim().toLowerCase()

  return (
    <main class="page admin">
      <h1>{t('health.title')}</h1>
      <ul class="tally" aria-label={t('health.tally')}>
        {CameraState.options.map((option) => (
          <li key={option}>
            <strong>{all.filter((camera) => camera.state === option).length}</strong> {t(`health.state.${option}`)}
          </li>
        ))}
      </ul>
      <AvailabilityTable />
      <h2>{t('health.cameras')}</h2>
      <div class="filters">
        <Field label={t('health.search')}>
          {(id) => (
            <input
              id={id}
              type="search"
              value={query.value}
              onInput={(event) => {
                query.value = event.currentTarget.value
              }}
            />
          )}
        </Field>
        <Field label={t('column.state')}>
          {(id) => (
            <select
              id={id}
              value={state.value ?? ''}
              onChange={(event) => {
                state.value = CameraState.safeParse(event.currentTarget.value).data
              }}
            >
              <option value="">{t('list.all')}</option>
              {CameraState.options.map((option) => (
                <option key={option} value={option}>
                  {t(`health.state.${option}`)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Choice
          legend={t('health.show')}
          options={[
            { value: 'all', label: t('list.all') },
            { value: 'attention', label: t('health.attention') },
          ]}
          value={attention}
        />
      </div>
      <LoadedList of={cameras} empty={t(all.length === 0 ? 'list.noCameras' : 'health.noMatch')}>
        {(items) => {
          const wanted = items
            .filter(({ name, cellCode }) => `${name} ${township.cellName(cellCode)}`.toLowerCase().includes(words))
            .toSorted((a, b) => WORST_FIRST[a.state] - WORST_FIRST[b.state] || a.name.localeCompare(b.name, 'zh-CN'))
          return (
            <>
              <ul class="health-list">
                {wanted.slice(0, shown.value).map((health) => (
                  <CameraHealthRow
                    key={health.cameraId}
                    health={health}
                    onManage={
                      mayManage
                        ? () => {
                            managed.value = health.cameraId
                          }
                        : undefined
                    }
                  />
                ))}
              </ul>
              {wanted.length === 0 && <p class="empty">{t('health.noMatch')}</p>}
              {wanted.length > shown.value && (
                <button
                  type="button"
                  onClick={() => {
                    shown.value += SHOWN_CAMERAS
                  }}
                >
                  {t('list.more', { n: wanted.length - shown.value })}
                </button>
              )}
            </>
          )
        }}
      </LoadedList>
      {camera !== undefined && (
        <CameraDialog
          key={camera.id}
          camera={camera}
          onClose={() => {
            managed.value = undefined
            cameras.reload()
          }}
        />
      )}
    </main>
  )
}
