import { useSignal } from '@preact/signals'
import { PlaceClass, type Position } from '../../../gateway/contracts/camera.ts'
import type { Ownership } from '../../../gateway/contracts/common.ts'
import { Ownership as Ownerships } from '../../../gateway/contracts/common.ts'
import type { Probe, ProbedChannel } from '../../../gateway/contracts/device.ts'
import type { ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Choice, TextField } from '../ui/field.tsx'
import { failureOf, ProblemNote } from '../ui/problem-note.tsx'
import type { Draft } from './draft.ts'
import { locate } from './position.ts'

/** Name, kind of place, whose camera it is, and where it stands; a forbidden room ends here. */
export function DetailsStep({ draft, probe, channel }: { draft: Draft; probe: Probe; channel: ProbedChannel }) {
  const { calls, language } = useParts()
  const { t } = language
  const { name, cellCode, address, username } = draft.fields
  const forbidden = useSignal<'yes' | 'no' | undefined>(undefined)
  const placeClass = useSignal<PlaceClass | undefined>(undefined)
  const ownership = useSignal<Ownership | undefined>(undefined)
  const position = useSignal<Position | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  const isComplete =
    name.value.trim() !== '' &&
    forbidden.value === 'no' &&
    placeClass.value !== undefined &&
    ownership.value !== undefined

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (placeClass.value === undefined || ownership.value === undefined || busy.value) return
    busy.value = true
    const answer = await calls.registerCamera({
      name: name.value.trim(),
      cellCode: cellCode.value,
      placeClass: placeClass.value,
      ownership: ownership.value,
      ...(position.value === undefined ? {} : { position: position.value }),
      source: {
        kind: 'onvif',
        address: address.value.trim(),
        username: username.value,
        password: draft.password.value,
        ...(probe.channels.length > 1 ? { channel: channel.token } : {}),
      },
    })
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') draft.step.value = { kind: 'link', camera: answer.data }
  }

  return (
    <form class="panel" onSubmit={submit}>
      <TextField label={t('install.name')} hint={t('install.nameHint')} value={name} maxLength={200} required />
      <Choice
        legend={t('install.forbidden')}
        options={[
          { value: 'no', label: t('install.forbiddenNo') },
          { value: 'yes', label: t('install.forbiddenYes') },
        ]}
        value={forbidden}
      />
      {forbidden.value === 'yes' && <ProblemNote problem={{ status: 422, code: 'forbidden-place' }} />}
      <Choice
        legend={t('install.placeClass')}
        options={PlaceClass.options.map((value) => ({ value, label: t(`placeClass.${value}`) }))}
        value={placeClass}
      />
      <Choice
        legend={t('install.ownership')}
        options={Ownerships.options.map((value) => ({ value, label: t(`ownership.${value}`) }))}
        value={ownership}
      />
      <PositionField position={position} />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <div class="actions">
        <button type="submit" class="primary wide" disabled={!isComplete || busy.value}>
          {busy.value ? t('install.registering') : t('install.register')}
        </button>
        <button
          type="button"
          class="wide"
          onClick={() => {
            draft.step.value = { kind: 'login' }
          }}
        >
          {t('action.back')}
        </button>
      </div>
    </form>
  )
}

function PositionField({ position }: { position: { value: Position | undefined } }) {
  const { t } = useParts().language
  const note = useSignal<string | undefined>(undefined)

  async function ask(): Promise<void> {
    note.value = t('position.asking')
    const found = await locate()
    if (found.kind === 'failed') note.value = t(`position.${found.why}`)
    else {
      position.value = found.position
      const { lon, lat } = found.position
      note.value = t('position.found', { lon: lon.toFixed(5), lat: lat.toFixed(5), metres: found.accuracyMetres })
    }
  }

  return (
    <div class="field">
      <span class="secondary">{t('position.label')}</span>
      <button type="button" onClick={() => void ask()}>
        {t('position.here')}
      </button>
      {note.value !== undefined && <p role="status">{note.value}</p>}
    </div>
  )
}
