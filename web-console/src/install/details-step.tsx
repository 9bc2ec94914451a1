import { useSignal } from '@preact/signals'
import { type NewCamera, PlaceClass } from '../../../gateway/contracts/camera.ts'
import { Ownership } from '../../../gateway/contracts/common.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Choice, Missing, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import type { Chosen, Draft } from './draft.ts'
import { overridesOf } from './overrides.tsx'
import { PositionField } from './position-field.tsx'

/** Name, kind of place, whose camera it is, and where it stands; a forbidden room ends here. */
export function DetailsStep({ draft, chosen }: { draft: Draft; chosen: Chosen }) {
  const { calls, language } = useParts()
  const { t } = language
  const { forbidden, placeClass, ownership, position } = draft
  const { name, cellCode } = draft.fields
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  const missing = [
    name.value.trim() === '' && t('device.cameraName'),
    forbidden.value === undefined && t('install.forbiddenShort'),
    placeClass.value === undefined && t('column.placeClass'),
    ownership.value === undefined && t('install.ownership'),
  ].filter((name) => name !== false)
  const isComplete = missing.length === 0 && forbidden.value === 'no'

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (placeClass.value === undefined || ownership.value === undefined || busy.value) return
    busy.value = true
    draft.save()
    const answer = await calls.registerCamera({
      name: name.value.trim(),
      cellCode: cellCode.value,
      placeClass: placeClass.value,
      ownership: ownership.value,
      ...(position.value === undefined ? {} : { position: position.value }),
      source: sourceOf(draft, chosen),
    })
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') draft.step.value = { kind: 'link', camera: answer.data }
  }

  return (
    <form class="panel" onSubmit={submit}>
      <TextField
        label={t('device.cameraName')}
        hint={t('device.cameraNameHint')}
        value={name}
        maxLength={200}
        autofocus
        required
      />
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
        legend={t('column.placeClass')}
        options={PlaceClass.options.map((value) => ({ value, label: t(`placeClass.${value}`) }))}
        value={placeClass}
      />
      <Choice
        legend={t('install.ownership')}
        options={Ownership.options.map((value) => ({ value, label: t(`ownership.${value}`) }))}
        value={ownership}
      />
      <PositionField draft={draft} />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {forbidden.value !== 'yes' && <Missing names={missing} />}
      <div class="actions">
        <button type="submit" class="primary wide" disabled={!isComplete || busy.value}>
          {busy.value ? t('install.registering') : t('install.register')}
        </button>
        <button
          type="button"
          class="wide"
          onClick={() => {
            draft.step.value = { kind: chosen.kind === 'onvif' ? 'login' : 'device' }
          }}
        >
          {t('action.back')}
        </button>
      </div>
    </form>
  )
}

function sourceOf({ fields, password, overrides }: Draft, chosen: Chosen): NewCamera['source'] {
  const login = { username: fields.username.value, password: password.value }
  if (chosen.kind === 'onvif') {
    const channel = chosen.ofSeveral ? { channel: chosen.channel.token } : {}
    return { kind: 'onvif', address: fields.address.value.trim(), ...login, ...channel, ...overridesOf(overrides) }
  }
  const subUri = fields.subUri.value.trim()
  return {
    kind: 'rtsp',
    mainUri: fields.mainUri.value.trim(),
    ...(subUri === '' ? {} : { subUri }),
    ...(password.value === '' ? {} : login),
    ...overridesOf(overrides),
  }
}
