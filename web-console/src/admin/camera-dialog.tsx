import { useSignal } from '@preact/signals'
import { type Camera, type CameraPatch, GbId, PlaceClass } from '../../../gateway/contracts/camera.ts'
import type { DeviceOverrides } from '../../../gateway/contracts/device.ts'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { Overrides, overridesOf } from '../install/overrides.tsx'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Choice, SelectField, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { CameraPhotoList } from './camera-photo-list.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

interface CameraProps {
  camera: Camera
  onClose: () => void
}

/** What can be changed of a registered camera: its place, how its device is reached, its clock; and its removal. */
export function CameraDialog({ camera, onClose }: CameraProps) {
  const { township, language } = useParts()
  const { t } = language
  return (
    <Dialog title={t('camera.manageOf', { name: camera.name })} onClose={onClose}>
      <PlaceForm camera={camera} onSaved={() => void township.load()} />
      <DeviceForm camera={camera} onSaved={() => void township.load()} />
      <CameraPhotoList camera={camera} />
      <Removal
        camera={camera}
        onRemoved={() => {
          void township.load()
          onClose()
        }}
      />
      <div class="actions">
        <button type="button" onClick={onClose}>
          {t('action.close')}
        </button>
      </div>
    </Dialog>
  )
}

/** One act at a time: why it failed, or the words for that it is done. */
function useAct() {
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const done = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  async function act<T>(call: Promise<Answer<T>>, words: (data: T) => string): Promise<boolean> {
    busy.value = true
    done.value = undefined
    const answer = await call
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') done.value = words(answer.data)
    return answer.kind === 'ok'
  }
  return { problem, done, busy, act }
}

function Outcome({ of: { problem, done } }: { of: ReturnType<typeof useAct> }) {
  return (
    <>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {done.value !== undefined && <p role="status">{done.value}</p>}
    </>
  )
}

function PlaceForm({ camera, onSaved }: { camera: Camera; onSaved: () => void }) {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const acts = useAct()
  const name = useSignal(camera.name)
  const cellCode = useSignal(camera.cellCode)
  const placeClass = useSignal<PlaceClass | undefined>(PlaceClass.safeParse(camera.placeClass).data)
  const gbId = useSignal(camera.gbId ?? '')
  const isGbId = gbId.value === '' || GbId.safeParse(gbId.value).success
  const change: CameraPatch = {
    ...(name.value.trim() === camera.name ? {} : { name: name.value.trim() }),
    ...(cellCode.value === camera.cellCode ? {} : { cellCode: cellCode.value }),
    ...(placeClass.value === undefined || placeClass.value === camera.placeClass
      ? {}
      : { placeClass: placeClass.value }),
    ...(gbId.value === (camera.gbId ?? '') ? {} : { gbId: gbId.value === '' ? null : gbId.value }),
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (await acts.act(calls.changeCamera(camera.id, change), () => t('camera.saved'))) onSaved()
  }

  return (
    <form onSubmit={submit}>
      <TextField
        label={t('device.cameraName')}
        hint={t('device.cameraNameHint')}
        value={name}
        maxLength={200}
        required
      />
      <SelectField
        label={t('cell.of')}
        hint={t('camera.cellHint')}
        options={township.cells.value.map(({ properties: { code, name } }) => ({
          value: code,
          label: `${name} · ${code}`,
        }))}
        value={cellCode}
      />
      <Choice
        legend={t('column.placeClass')}
        options={PlaceClass.options.map((value) => ({ value, label: t(`placeClass.${value}`) }))}
        value={placeClass}
      />
      <p class="hint">{t('camera.placeClassHint')}</p>
      <TextField label={t('camera.gbId')} hint={t('camera.gbIdHint')} value={gbId} inputMode="numeric" maxLength={20} />
      <Outcome of={acts} />
      <div class="actions">
        <button
          type="submit"
          class="primary"
          disabled={acts.busy.value || name.value.trim() === '' || !isGbId || Object.keys(change).length === 0}
        >
          {t('action.save')}
        </button>
      </div>
    </form>
  )
}

/** A new address or login, or the installer's word on the device; it is tried to its first picture before it is taken. */
function DeviceForm({ camera, onSaved }: { camera: Camera; onSaved: () => void }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const acts = useAct()
  const { device, streams } = camera
  // What is known by its streams alone has no channel.
  const kind = device.channel === undefined ? 'rtsp' : 'onvif'
  const uriOf = (role: 'main' | 'sub'): string => streams.find((stream) => stream.role === role)?.uri ?? ''
  const [address, mainUri, subUri] = [useSignal(device.address), useSignal(uriOf('main')), useSignal(uriOf('sub'))]
  const [username, password] = [useSignal('admin'), useSignal('')]
  const overrides = useSignal<DeviceOverrides>(device.overrides ?? {})
  const recognised = useSignal(device.deviceProfile)

  function sourceOf(): CameraPatch['source'] {
    const login = { username: username.value, password: password.value }
    const said = overridesOf(overrides)
    if (kind === 'onvif') {
      const channel = device.channel === undefined ? {} : { channel: device.channel }
      return { kind, address: address.value.trim(), ...login, ...channel, ...said }
    }
    const sub = subUri.value.trim() === '' ? {} : { subUri: subUri.value.trim() }
    const { transport, deviceProfile } = overrides.value
    const own = { ...(transport && { transport }), ...(deviceProfile && { deviceProfile }) }
    return { kind, mainUri: mainUri.value.trim(), ...sub, ...login, ...('overrides' in said ? { overrides: own } : {}) }
  }

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const source = sourceOf()
    if (source === undefined) return
    if (!(await acts.act(calls.changeCamera(camera.id, { source }), () => t('camera.sourceTaken')))) return
    password.value = ''
    onSaved()
  }

  return (
    <details class="cut-off">
      <summary>{t('camera.source')}</summary>
      <form onSubmit={submit}>
        <p class="hint">{t('camera.sourceHint')}</p>
        {kind === 'onvif' ? (
          <TextField label={t('device.address')} value={address} inputMode="url" spellcheck={false} required />
        ) : (
          <>
            <TextField label={t('rtsp.main')} hint={t('rtsp.hint')} value={mainUri} inputMode="url" required />
            <TextField label={t('rtsp.sub')} value={subUri} inputMode="url" />
          </>
        )}
        <TextField label={t('device.username')} value={username} autocomplete="off" autocapitalize="none" required />
        <TextField
          label={t('device.password')}
          hint={t('device.passwordHint')}
          value={password}
          type="password"
          autocomplete="off"
          required
        />
        <Overrides overrides={overrides} recognised={recognised} kind={kind} />
        <Outcome of={acts} />
        <div class="actions">
          <button type="submit" class="primary" disabled={acts.busy.value || password.value === ''}>
            {acts.busy.value ? t('device.probing') : t('camera.takeSource')}
          </button>
          {kind === 'onvif' && (
            <button
              type="button"
              disabled={acts.busy.value}
              onClick={() =>
                void acts.act(calls.setCameraClock(camera.id), ({ clockOffsetMs }) =>
                  t('device.clockSet', { seconds: (clockOffsetMs / 1000).toFixed(1) }),
                )
              }
            >
              {t('device.setClock')}
            </button>
          )}
        </div>
      </form>
    </details>
  )
}

/** The second tap removes; before it stands what that does. */
function Removal({ camera, onRemoved }: { camera: Camera; onRemoved: () => void }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const acts = useAct()
  return (
    <details class="cut-off">
      <summary>{t('camera.remove')}</summary>
      <p>{t('camera.removeEffect')}</p>
      <Outcome of={acts} />
      <div class="actions">
        <button
          type="button"
          class="danger"
          disabled={acts.busy.value}
          onClick={() =>
            void acts
              .act(calls.removeCamera(camera.id), () => '')
              .then((isDone) => {
                if (isDone) onRemoved()
              })
          }
        >
          {t('camera.removeNow')}
        </button>
      </div>
    </details>
  )
}
