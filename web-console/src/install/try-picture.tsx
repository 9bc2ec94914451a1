import { useSignal } from '@preact/signals'
import type { Camera } from '../../../gateway/contracts/camera.ts'
import type { StreamHealth } from '../../../gateway/contracts/camera-health.ts'
import { codecName } from '../codec-name.ts'
import { useParts } from '../parts.ts'
import { Icon } from '../ui/icon.tsx'
import { useLifetime } from '../ui/use-lifetime.ts'
import { OnePicture } from '../wall/one-picture.tsx'

const REASON = { kind: 'maintenance' } as const
const FIGURES_EVERY_MS = 2_000
/** A clock further off is worth a walk to the device. */
const MAX_CLOCK_OFFSET_MS = 2_000

/** The first look through a new camera, and what its stream is like; a view like any other, granted and recorded. */
export function TryPicture({ camera }: { camera: Camera }) {
  const { calls, language } = useParts()
  const { t } = language
  const stream = useSignal<StreamHealth | undefined>(undefined)

  useLifetime(
    (until) => {
      const ask = async (): Promise<void> => {
        const answer = await calls.cameraHealth(camera.id, until)
        if (answer.kind === 'ok') stream.value = answer.data.streams.find(({ state }) => state !== 'idle')
      }
      const timer = setInterval(() => void ask(), FIGURES_EVERY_MS)
      until.addEventListener('abort', () => clearInterval(timer))
    },
    [camera.id],
  )

  return (
    <OnePicture camera={camera} stream="auto" reason={REASON}>
      {stream.value === undefined ? <p class="secondary">{t('try.measuring')}</p> : <Figures stream={stream.value} />}
    </OnePicture>
  )
}

function Figures({ stream }: { stream: StreamHealth }) {
  const { t } = useParts().language
  const { codec, width, height, keyFrameIntervalMs, clockOffsetMs, advice } = stream
  const isClockRight = clockOffsetMs === undefined || Math.abs(clockOffsetMs) <= MAX_CLOCK_OFFSET_MS
  return (
    <>
      <ul class="checks">
        {width !== undefined && (
          <li class="check">
            <Icon name="ok" /> {t('try.codec', { codec: codecName(codec ?? ''), width, height: height ?? 0 })}
          </li>
        )}
        {keyFrameIntervalMs !== undefined && (
          <li class="check">
            <Icon name="ok" /> {t('try.keyFrames', { seconds: (keyFrameIntervalMs / 1000).toFixed(1) })}
          </li>
        )}
        <li class={isClockRight ? 'check' : 'check check-failed'}>
          <Icon name={isClockRight ? 'ok' : 'fail'} />{' '}
          {clockOffsetMs === undefined
            ? t('try.clockUnknown')
            : t('try.clock', { seconds: Math.abs(clockOffsetMs / 1000).toFixed(1) })}
        </li>
      </ul>
      {advice.map(({ code, detail, nextStep }) => (
        <p key={code}>
          {detail} — {t('problem.nextStep')}
          {nextStep}
        </p>
      ))}
    </>
  )
}
