import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { DeviceAddress, type Discovery, type FoundDevice } from '../../../gateway/contracts/device.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Empty } from '../ui/empty.tsx'
import { Field, TextField } from '../ui/field.tsx'
import { LazyPage } from '../ui/lazy-page.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import type { Draft } from './draft.ts'
import { cellAt, locate } from './position.ts'
import { RtspForm } from './rtsp-form.tsx'
import { type Label, ScanLabel } from './scan-label.tsx'

const POLL_MS = 800

/** Where, and which device: the cell, then one that was found or a typed address. */
export function DeviceStep({ draft }: { draft: Draft }) {
  const { t } = useParts().language
  const { cellCode, address } = draft.fields
  const isAddress = DeviceAddress.safeParse(address.value).success

  const { township, session } = useParts()
  const mine = session.state.value.kind === 'signed-in' ? session.state.value.user.cellCodes : undefined
  const only =
    mine?.length === 1
      ? mine[0]
      : township.cells.value.length === 1
        ? township.cells.value[0]?.properties.code
        : undefined
  useLifetime(() => {
    if (cellCode.value === '' && only !== undefined) cellCode.value = only
  }, [only])

  const choose = (chosen: string): void => {
    address.value = chosen
    if (cellCode.value !== '') draft.step.value = { kind: 'login' }
  }

  return (
    <>
      <CellField draft={draft} />
      <Discover onChoose={choose} ready={cellCode.value !== ''} />
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault()
          choose(address.value.trim())
        }}
      >
        <h2>{t('install.byAddress')}</h2>
        <TextField
          label={t('device.address')}
          hint={t('install.addressHint')}
          value={address}
          inputMode="url"
          autocapitalize="none"
          spellcheck={false}
        />
        <div class="actions">
          <button type="submit" class="primary wide" disabled={!isAddress || cellCode.value === ''}>
            {t('install.useAddress')}
          </button>
        </div>
      </form>
      <RtspForm draft={draft} />
      <FromTable />
    </>
  )
}

/** Its code comes when it is opened: on a phone most never do. */
function FromTable() {
  const { t } = useParts().language
  const isOpen = useSignal(false)
  return (
    <details
      class="panel"
      onToggle={({ currentTarget }) => {
        isOpen.value ||= currentTarget.open
      }}
    >
      <summary>{t('import.title')}</summary>
      {isOpen.value && <LazyPage load={() => import('./import-table.tsx').then((code) => code.ImportTable)} />}
    </details>
  )
}

function CellField({ draft }: { draft: Draft }) {
  const { township, language } = useParts()
  const { t } = language
  const { cellCode } = draft.fields
  const note = useSignal<string | undefined>(undefined)

  async function chooseByPlace(): Promise<void> {
    note.value = t('position.asking')
    const found = await locate()
    if (found.kind === 'failed') note.value = t(`position.${found.why}`)
    else {
      const cell = cellAt(township.cells.value, found.position)
      note.value = cell === undefined ? t('position.outside') : t('position.inCell', { name: cell.properties.name })
      if (cell !== undefined) cellCode.value = cell.properties.code
    }
  }

  return (
    <section class="panel">
      <Field label={t('cell.of')}>
        {(id) => (
          <select
            id={id}
            value={cellCode.value}
            onChange={(event) => {
              cellCode.value = event.currentTarget.value
            }}
          >
            <option value="">{t('cell.choose')}</option>
            {township.cells.value.map(({ properties }) => (
              <option key={properties.code} value={properties.code}>
                {properties.name} · {properties.code}
              </option>
            ))}
          </select>
        )}
      </Field>
      {township.loading.value.kind === 'ready' && township.cells.value.length === 0 && (
        <Empty text={t('install.noCells')} />
      )}
      <div class="actions">
        <button type="button" onClick={() => void chooseByPlace()}>
          {t('position.cellHere')}
        </button>
      </div>
      {note.value !== undefined && <p role="status">{note.value}</p>}
    </section>
  )
}

function Discover({ onChoose, ready }: { onChoose: (address: string) => void; ready: boolean }) {
  const { calls, language } = useParts()
  const { t } = language
  const range = useSignal('')
  const found = useSignal<Discovery | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const busy = useSignal(false)
  const over = useRef<AbortController>(new AbortController())
  useEffect(() => () => over.current.abort(), [])

  async function search(): Promise<void> {
    over.current.abort()
    over.current = new AbortController()
    const { signal } = over.current
    const targets = range.value.split(/[\s,;\uff0c\uff1b\u3001]+/).filter((target) => target !== '')
    busy.value = true
    problem.value = undefined
    const started = await calls.discover(targets.length === 0 ? { method: 'multicast' } : { method: 'range', targets })
    problem.value = failureOf(started)
    while (started.kind === 'ok' && !signal.aborted) {
      const answer = await calls.discovery(started.data.id, signal)
      problem.value = failureOf(answer)
      if (answer.kind === 'ok') found.value = answer.data
      // Without a signal the search goes on at the gateway, and is asked for again.
      const isOver = answer.kind === 'ok' ? answer.data.state === 'finished' : answer.kind !== 'offline'
      if (isOver) break
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    if (!signal.aborted) busy.value = false
  }

  // Whoever opens the wizard wants to know what is there: the first search needs no tap.
  useLifetime(() => void search())

  const note = useSignal<string | undefined>(undefined)
  function take(label: Label): void {
    const matches = (device: FoundDevice): boolean => label.kind === 'mark' && marksOf(device).includes(label.mark)
    const address = label.kind === 'address' ? label.address : found.value?.devices.find(matches)?.address
    if (address !== undefined) onChoose(address)
    note.value = label.kind === 'mark' && address === undefined ? t('scan.unknown', { mark: label.mark }) : undefined
  }

  return (
    <section class="panel">
      <h2>{t('install.discover')}</h2>
      <ScanLabel onRead={take} />
      {note.value !== undefined && <p role="status">{note.value}</p>}
      <TextField label={t('install.range')} hint={t('install.rangeHint')} value={range} spellcheck={false} />
      <div class="actions">
        <button type="button" class="wide" disabled={busy.value} onClick={() => void search()}>
          {busy.value ? t('install.searching') : t('install.search')}
        </button>
      </div>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {found.value !== undefined && <FoundList discovery={found.value} onChoose={onChoose} ready={ready} />}
    </section>
  )
}

/** What a device tells of itself in discovery, as a label would write it. */
const marksOf = ({ endpointReference = '', name = '', xaddrs }: FoundDevice): string =>
  [endpointReference, name, ...xaddrs].join(' ').replaceAll(/[:-]/g, '').toLowerCase()

interface FoundProps {
  discovery: Discovery
  onChoose: (address: string) => void
  ready: boolean
}

function FoundList({ discovery, onChoose, ready }: FoundProps) {
  const { t } = useParts().language
  const { progress, devices, searched, problems } = discovery
  const unregistered = devices.filter((device) => device.cameraIds.length === 0)
  const registered = devices.filter((device) => device.cameraIds.length > 0)
  return (
    <>
      <p role="status">
        {t('install.found', { n: devices.length, fresh: unregistered.length })}
        {discovery.state === 'running' &&
          ` · ${t('install.searchedOf', { done: progress.done, total: progress.total })}`}
      </p>
      {discovery.state === 'running' && (
        <progress max={Math.max(1, progress.total)} value={progress.done} aria-label={t('install.searching')} />
      )}
      {discovery.state === 'finished' && devices.length === 0 && (
        <Empty text={t('install.foundNone', { searched: searched.join(', ') })} />
      )}
      {problems.map((problem) => (
        <p key={problem.code + problem.detail} class="hint">
          {problem.detail} <code>{problem.code}</code>
        </p>
      ))}
      {!ready && devices.length > 0 && <p class="hint">{t('install.cellFirst')}</p>}
      <ul class="found">
        {[...unregistered, ...registered].map((device) => (
          <li key={device.endpointReference ?? device.address}>
            <FoundRow device={device} ready={ready} onChoose={onChoose} />
          </li>
        ))}
      </ul>
    </>
  )
}

function FoundRow({ device, ready, onChoose }: { device: FoundDevice; ready: boolean; onChoose: (a: string) => void }) {
  const { t } = useParts().language
  const model = [device.manufacturer, device.model].filter((part) => part !== undefined).join(' ')
  return (
    <button type="button" disabled={!ready} onClick={() => onChoose(device.address)}>
      <strong>{model || device.name || t('install.unknownModel')}</strong>
      <span class="secondary">{device.address}</span>
      {device.cameraIds.length > 0 && (
        <span class="tag">{t('install.registered', { n: device.cameraIds.length })}</span>
      )}
    </button>
  )
}
