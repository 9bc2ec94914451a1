import type { CameraHealth, StreamHealth } from '../../../gateway/contracts/camera-health.ts'
import { codecName } from '../codec-name.ts'
import type { Translate } from '../i18n/language.ts'
import { useParts } from '../parts.ts'
import { dateTime, exactLengthOf } from '../time.ts'
import { faultWords } from '../ui/fault-words.ts'
import { Icon } from '../ui/icon.tsx'

const STATE_ICON = { online: 'ok', offline: 'offline', stalled: 'stalled', unlinked: 'lock' } as const

/** One camera: its state with since when, and the figures of its streams. */
export function CameraHealthRow({ health, onManage }: { health: CameraHealth; onManage: (() => void) | undefined }) {
  const { township, language } = useParts()
  const { t } = language
  const device = township.cameras.value.get(health.cameraId)?.device
  const model = [device?.manufacturer, device?.model].filter((part) => part !== undefined).join(' ')
  return (
    <li class={`panel health-row health-${health.state}`}>
      <h3>
        <Icon name={STATE_ICON[health.state]} /> {health.name}
        {onManage !== undefined && (
          <button type="button" aria-label={t('camera.manageOf', { name: health.name })} onClick={onManage}>
            {t('action.manage')}
          </button>
        )}
      </h3>
      <p>
        {t(`health.state.${health.state}`)} · {t('time.since', { time: dateTime(health.stateSince) })}
        {health.stateReason !== undefined && ` · ${faultWords(language, health.stateReason)}`}
      </p>
      <p class="secondary">
        {[township.cellName(health.cellCode), model, device?.address ?? ''].filter((part) => part !== '').join(' · ')}
      </p>
      {health.streams.map((stream) => (
        <Figures key={stream.role} stream={stream} />
      ))}
    </li>
  )
}

function Figures({ stream }: { stream: StreamHealth }) {
  const { language } = useParts()
  const { t } = language
  return (
    <div class="figures">
      <h4>
        {t(`stream.${stream.role}`)} · {t(`health.stream.${stream.state}`)}
        {stream.fault !== undefined && ` · ${faultWords(language, stream.fault.code)}`}
      </h4>
      <dl>
        {figuresOf(t, stream).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {stream.advice.map((advice) => (
        <p key={advice.code} class="advice">
          {advice.detail} — {t('problem.nextStep')}
          {advice.nextStep}
        </p>
      ))}
    </div>
  )
}

/** What is known, in the order in which a fault is looked for. */
function figuresOf(t: Translate, stream: StreamHealth): [string, string][] {
  const { opens, receivedPackets, lostPackets } = stream
  const packets = receivedPackets + lostPackets
  const ms = (value: number): string => exactLengthOf(t, value)
  const figures: [string, string | undefined][] = [
    [
      t('health.picture'),
      stream.width === undefined ? undefined : `${codecName(stream.codec ?? '')} ${stream.width}×${stream.height}`,
    ],
    [t('health.frameAge'), stream.lastFrameAgeMs === undefined ? undefined : ms(stream.lastFrameAgeMs)],
    [
      t('health.firstFrame'),
      opens.firstFrameMs === undefined ? undefined : `${ms(opens.firstFrameMs.p50)} / ${ms(opens.firstFrameMs.p95)}`,
    ],
    [
      t('health.keyFrameWait'),
      opens.keyFrameWaitMs === undefined
        ? undefined
        : `${ms(opens.keyFrameWaitMs.p50)} / ${ms(opens.keyFrameWaitMs.p95)}`,
    ],
    [
      t('health.bitrate'),
      stream.bitrateBps === undefined ? undefined : `${Math.round(stream.bitrateBps / 1000)} kbit/s`,
    ],
    [t('health.frameRate'), stream.frameRate === undefined ? undefined : `${stream.frameRate.toFixed(1)} fps`],
    [t('health.keyFrames'), stream.keyFrameIntervalMs === undefined ? undefined : ms(stream.keyFrameIntervalMs)],
    [t('health.loss'), packets === 0 ? undefined : `${((lostPackets / packets) * 100).toFixed(2)} %`],
    [t('health.reconnects'), String(stream.reconnects)],
    [t('health.opens'), t('health.opensOf', { n: opens.count, failed: opens.failed })],
    [t('health.clock'), stream.clockOffsetMs === undefined ? undefined : ms(Math.abs(stream.clockOffsetMs))],
  ]
  return figures.flatMap(([label, text]) => (text === undefined ? [] : [[label, text]]))
}
