import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ClockSet, NewProbe, Probe, ProbeCheck, ProbedChannel } from '../../../gateway/contracts/device.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { codecName } from '../codec-name.ts'
import { useParts } from '../parts.ts'
import { TextField } from '../ui/field.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import type { Draft } from './draft.ts'
import { Overrides, overridesOf } from './overrides.tsx'

/** Signs in to the device once a tap, for devices count failures and lock out, and shows what the probe saw. */
export function LoginStep({ draft }: { draft: Draft }) {
  const { calls, language } = useParts()
  const { t } = language
  const { address, username } = draft.fields
  const probe = useSignal<Probe | undefined>(undefined)
  const recognised = useComputed(() => probe.value?.deviceProfile)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  const over = useRef(new AbortController())
  useEffect(() => () => over.current.abort(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    if (busy.value) return
    busy.value = true
    probe.value = undefined
    const body = loginOf(draft)
    const answer = await calls.probe(body, over.current.signal)
    if (answer.kind === 'aborted') return
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind === 'ok') probe.value = answer.data
  }

  return (
    <>
      <form class="panel" onSubmit={submit}>
        <h2>{t('install.loginAt', { address: address.value })}</h2>
        <TextField
          label={t('device.username')}
          value={username}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <TextField
          label={t('device.password')}
          hint={t('device.passwordHint')}
          value={draft.password}
          type="password"
          autocomplete="off"
          autofocus
        />
        <Overrides overrides={draft.overrides} recognised={recognised} kind="onvif" />
        <div class="actions">
          <button type="submit" class="primary wide" disabled={busy.value}>
            {busy.value ? t('device.probing') : t('install.probe')}
          </button>
          <button
            type="button"
            class="wide"
            onClick={() => {
              draft.step.value = { kind: 'device' }
            }}
          >
            {t('action.back')}
          </button>
        </div>
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      </form>
      {probe.value !== undefined && <Report draft={draft} probe={probe.value} />}
    </>
  )
}

function Report({ draft, probe }: { draft: Draft; probe: Probe }) {
  const { t } = useParts().language
  return (
    <section class="panel" aria-live="polite">
      <h2>{probe.device === undefined ? t('install.report') : `${probe.device.manufacturer} ${probe.device.model}`}</h2>
      <ul class="checks">
        {probe.checks.map((check) => (
          <CheckRow key={check.name} check={check} />
        ))}
      </ul>
      {probe.checks.some(({ code }) => code === 'clock-skewed') && <SetClock draft={draft} />}
      {probe.checks.some(({ code }) => code === 'certificate-changed') && <AcceptCertificate probe={probe} />}
      {probe.channels.length > 1 && <p>{t('install.channels', { n: probe.channels.length })}</p>}
      <ul class="found">
        {probe.channels.map((channel) => (
          <li key={channel.token}>
            <ChannelRow
              channel={channel}
              isOnly={probe.channels.length === 1}
              onChoose={() => {
                const chosen = { kind: 'onvif', channel, ofSeveral: probe.channels.length > 1 } as const
                if (draft.fields.name.value === '') draft.fields.name.value = nameFor(channel.name)
                draft.step.value = { kind: 'details', chosen }
              }}
            />
          </li>
        ))}
      </ul>
    </section>
  )
}

function CheckRow({ check }: { check: ProbeCheck }) {
  const { t, isKey } = useParts().language
  const nextKey = `problem.${check.code}.next`
  const nextStep = isKey(nextKey) ? t(nextKey) : check.nextStep
  return (
    <li class={check.ok ? 'check' : 'check check-failed'}>
      <Icon name={check.ok ? 'ok' : 'fail'} />
      <div>
        <strong>
          {t(`check.${check.name}`)} {t(check.ok ? 'check.ok' : 'check.failed')}
        </strong>
        <p class="secondary">{check.detail}</p>
        {nextStep !== undefined && (
          <p>
            {t('problem.nextStep')}
            {nextStep}
          </p>
        )}
      </div>
    </li>
  )
}

/** After the installer has seen that it is the same device: its certificate of today counts from now on. */
function AcceptCertificate({ probe }: { probe: Probe }) {
  const { calls, language } = useParts()
  const { t } = language
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const done = useSignal(false)
  const busy = useSignal(false)
  const { cameraIds, certificate } = probe
  const [cameraId] = cameraIds
  if (cameraId === undefined || certificate === undefined) return null

  async function accept(id: string, sha256: string): Promise<void> {
    busy.value = true
    const answer = await calls.acceptCertificate(id, { sha256 })
    busy.value = false
    problem.value = failureOf(answer)
    done.value = answer.kind === 'ok'
  }

  return (
    <>
      <dl class="secondary">
        <dt>{t('install.certificateRegistered')}</dt>
        <dd>
          <code>{(certificate.registered ?? '').slice(0, 32)}…</code>
        </dd>
        <dt>{t('install.certificateFound')}</dt>
        <dd>
          <code>{certificate.found.slice(0, 32)}…</code>
        </dd>
      </dl>
      <div class="actions">
        <button
          type="button"
          class="wide"
          disabled={busy.value || done.value}
          onClick={() => void accept(cameraId, certificate.found)}
        >
          {t('install.acceptCertificate')}
        </button>
      </div>
      {done.value && (
        <p role="status">
          <Icon name="ok" /> {t('install.certificateAccepted')}
        </p>
      )}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
    </>
  )
}

/** One login with the password above sets the device's clock to the gateway's. */
function SetClock({ draft }: { draft: Draft }) {
  const { calls, language } = useParts()
  const { t } = language
  const done = useSignal<ClockSet | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)

  async function set(): Promise<void> {
    busy.value = true
    const answer = await calls.setClock(loginOf(draft))
    busy.value = false
    problem.value = failureOf(answer)
    done.value = answer.kind === 'ok' ? answer.data : undefined
  }

  return (
    <>
      <div class="actions">
        <button type="button" class="wide" disabled={busy.value} onClick={() => void set()}>
          {t('device.setClock')}
        </button>
      </div>
      {done.value !== undefined && (
        <p role="status">
          <Icon name="ok" /> {t('device.clockSet', { seconds: Math.abs(done.value.clockOffsetMs / 1000).toFixed(1) })}
        </p>
      )}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
    </>
  )
}

/** The device, the login, and what the installer says of it. */
const loginOf = ({ fields, password, overrides }: Draft): NewProbe => ({
  address: fields.address.value.trim(),
  username: fields.username.value,
  password: password.value,
  ...overridesOf(overrides),
})

/** Devices call a channel something; what only numbers it is no name of a place. */
const nameFor = (channel: string): string => (/^[\w\s.-]*$/.test(channel) ? '' : channel.trim())

/** A device's only channel needs no name to be told by, and what it calls it is seldom a word. */
function ChannelRow({ channel, isOnly, onChoose }: { channel: ProbedChannel; isOnly: boolean; onChoose: () => void }) {
  const { t } = useParts().language
  return (
    <button type="button" class="primary" onClick={onChoose}>
      <strong>{isOnly ? t('install.registerOnly') : t('install.registerChannel', { name: channel.name })}</strong>
      <span>
        {channel.streams
          .map(({ role, codec, width, height }) => `${t(`stream.${role}`)} ${codecName(codec)} ${width}×${height}`)
          .join(' · ')}
      </span>
    </button>
  )
}
