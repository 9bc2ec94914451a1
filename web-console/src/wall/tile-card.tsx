import type { Camera } from '../../../gateway/contracts/camera.ts'
import { codecName } from '../codec-name.ts'
import { useParts } from '../parts.ts'
import { ago, duration, timeOf } from '../time.ts'
import { faultWords } from '../ui/fault-words.ts'
import { Icon } from '../ui/icon.tsx'
import { problemWords } from '../ui/problem-note.tsx'
import type { TileState } from './tile-session.ts'

/** What a tile says of its camera: what its session says, or that the wall's pixel budget is spent. */
export type ShownState = TileState | { kind: 'over-budget'; sinceMs: number }

interface CardProps {
  camera: Camera
  state: ShownState
  onRetry: () => void
  onAskReason: () => void
  onZoom: () => void
  /** To the page that says what is wrong with the cameras, for those who have it. */
  onHealth?: () => void
}

/** Steps of opening, in their order; what is done is ticked, what goes on has its seconds. */
const STEPS = ['signalling', 'receiving', 'first-frame'] as const

const OFFLINE_AFTER_MS = 2_000
/** Opening that takes so long may be begun anew by hand. */
const SLOW_AFTER_MS = 8_000

/** `hvc1.1.6.L93.B0` of `video/mp4; codecs="hvc1.1.6.L93.B0"` (RFC 6381). */
const codecsOf = (mimeType: string): string => /codecs="?([^"]+)/.exec(mimeType)?.[1] ?? mimeType

/** What a tile says instead of a picture: what, since when, why, and what can be done. */
export function TileCard({ camera, state, onRetry, onAskReason, onZoom, onHealth }: CardProps) {
  const { language, nowMs } = useParts()
  const { t } = language
  const stop = (act: () => void) => (event: Event) => {
    event.stopPropagation()
    act()
  }
  const retryButton = (
    <button type="button" onClick={stop(onRetry)}>
      {t('action.retry')}
    </button>
  )

  if (state.kind === 'live') return null
  if (state.kind === 'stalled') {
    const seconds = Math.max(1, Math.ceil((state.reconnectsAtMs - nowMs.value) / 1000))
    return (
      <div class="tile-card tile-over">
        <p>{t('tile.pictureOf', { time: timeOf(state.lastFrameAtMs, nowMs.value) })}</p>
        <p class="secondary">{t('tile.reconnects', { seconds })}</p>
        {retryButton}
      </div>
    )
  }
  const isOffline = camera.state === 'offline'
  // A camera known to be away is said to be away, and asked all the same.
  const isLate = state.kind === 'opening' && isOffline && nowMs.value - state.sinceMs > OFFLINE_AFTER_MS
  if (state.kind === 'opening' && !isLate) {
    const at = STEPS.indexOf(state.step)
    const waitedMs = nowMs.value - state.sinceMs
    return (
      <div class="tile-card tile-skeleton">
        <Icon name="stalled" />
        <ol class="tile-steps">
          {STEPS.map((step, index) => (
            <li key={step} aria-current={index === at ? 'step' : undefined} class={index < at ? 'done' : ''}>
              {t(`tile.step.${step}`)}
            </li>
          ))}
        </ol>
        <p class="secondary">{duration(waitedMs / 1000)}</p>
        {waitedMs > SLOW_AFTER_MS && state.step !== 'signalling' && retryButton}
      </div>
    )
  }
  if (state.kind === 'reason-needed') {
    return (
      <div class="tile-card tile-locked">
        <Icon name="lock" />
        <p>{t('tile.reasonNeeded')}</p>
        <p class="secondary">{t('tile.since', { time: timeOf(state.sinceMs, nowMs.value) })}</p>
        <button type="button" onClick={stop(onAskReason)}>
          {t('tile.giveReason')}
        </button>
      </div>
    )
  }
  if (state.kind === 'refused') {
    const { cause, nextStep } = problemWords(language, state.problem)
    return (
      <div class="tile-card tile-locked">
        <Icon name="refused" />
        <p>
          {cause} <code class="tile-more">{state.problem.code}</code>
        </p>
        <p class="secondary">{t('tile.since', { time: timeOf(state.sinceMs, nowMs.value) })}</p>
        {nextStep !== undefined && <p class="secondary tile-more">{nextStep}</p>}
        {state.problem.code === 'reason-required' ? (
          <button type="button" onClick={stop(onAskReason)}>
            {t('tile.giveReason')}
          </button>
        ) : (
          retryButton
        )}
      </div>
    )
  }
  if (state.kind === 'ended') {
    const { nextStep } = problemWords(language, { status: 410, code: state.why })
    return (
      <div class="tile-card tile-locked">
        <Icon name="lock" />
        <p>{t(`viewEnd.${state.why}`)}</p>
        <p class="secondary">{t('tile.endedAt', { time: timeOf(state.atMs, nowMs.value) })}</p>
        {nextStep !== undefined && <p class="secondary tile-more">{nextStep}</p>}
        {camera.ownership === 'private' && nextStep === undefined ? (
          <button type="button" onClick={stop(onAskReason)}>
            {t('tile.openAgain')}
          </button>
        ) : (
          retryButton
        )}
      </div>
    )
  }
  if (state.kind === 'unsupported') {
    return (
      <div class="tile-card">
        <Icon name="unsupported" />
        <p>{t('tile.unsupported')}</p>
        <p class="secondary">{t('tile.since', { time: timeOf(state.sinceMs, nowMs.value) })}</p>
        <p class="secondary tile-more">
          {t('tile.unsupportedNext', { codec: codecsOf(state.mimeType).split(/, */).map(codecName).join(' + ') })}
        </p>
        {retryButton}
      </div>
    )
  }
  if (state.kind === 'over-budget') {
    return (
      <div class="tile-card">
        <Icon name="unsupported" />
        <p>{t('tile.overBudget')}</p>
        <p class="secondary">{t('tile.since', { time: timeOf(state.sinceMs, nowMs.value) })}</p>
        <p class="secondary tile-more">{t('tile.overBudgetNext')}</p>
        <button type="button" onClick={stop(onZoom)}>
          {t('tile.zoom')}
        </button>
      </div>
    )
  }
  if (state.kind === 'gateway-away') {
    return (
      <div class="tile-card">
        <Icon name="offline" />
        <p>{t('tile.gatewayAway', { time: timeOf(state.sinceMs, nowMs.value) })}</p>
        {retryButton}
      </div>
    )
  }
  const problem = state.kind === 'no-picture' ? state.problem : undefined
  const words = problem && problemWords(language, problem)
  const since = isOffline ? camera.stateSince : state.sinceMs
  return (
    <div class="tile-card">
      <Icon name="offline" />
      <p>{t(isOffline ? 'tile.offline' : 'tile.noPicture', { time: timeOf(since, nowMs.value) })}</p>
      <p class={problem === undefined ? 'secondary' : 'secondary tile-more'}>
        {ago(t, since, nowMs.value)}
        {isOffline && camera.stateReason !== undefined && ` · ${faultWords(language, camera.stateReason)}`}
      </p>
      {words !== undefined && (
        <p class="secondary">
          {words.cause} <code class="tile-more">{problem?.code}</code>
        </p>
      )}
      <p class="secondary tile-more">{words?.nextStep ?? t('tile.retriesItself')}</p>
      <span class="tile-choices">
        {retryButton}
        {isOffline && onHealth !== undefined && (
          <button type="button" class="quiet tile-more" onClick={stop(onHealth)}>
            {t('page.health')}
          </button>
        )}
      </span>
    </div>
  )
}
