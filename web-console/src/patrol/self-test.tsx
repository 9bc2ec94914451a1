import type { ReadonlySignal } from '@preact/signals'
import type { Key } from '../i18n/areas.ts'
import { useParts } from '../parts.ts'
import { MAX_CLOCK_SKEW_MS } from '../state/live.ts'
import { Icon } from '../ui/icon.tsx'

export interface SelfTestProps {
  sound: boolean
  awake: ReadonlySignal<boolean | undefined>
  /** Opens without a network; undefined until that is known. */
  keptOnPhone: boolean | undefined
}

/** Whether an alarm would be seen, heard and felt on this phone: said before it matters, each fault with what to do. */
export function SelfTest({ sound, awake, keptOnPhone }: SelfTestProps) {
  const { live, language } = useParts()
  const { t } = language
  const isLinked = live.link.value.kind === 'open'
  const isTimeRight = Math.abs(live.clockSkewMs.value ?? 0) <= MAX_CLOCK_SKEW_MS
  const canVibrate = 'vibrate' in navigator
  const offline: [boolean, Key][] =
    keptOnPhone === undefined ? [] : [[keptOnPhone, keptOnPhone ? 'selfTest.offline' : 'selfTest.noOffline']]
  const rows: [boolean, Key][] = [
    [isLinked, isLinked ? 'selfTest.link' : 'selfTest.noLink'],
    [sound, sound ? 'selfTest.sound' : 'selfTest.noSound'],
    [isTimeRight, isTimeRight ? 'selfTest.clock' : 'selfTest.wrongClock'],
    [awake.value === true, awake.value === true ? 'selfTest.awake' : 'selfTest.notAwake'],
    [canVibrate, canVibrate ? 'selfTest.vibration' : 'selfTest.noVibration'],
    ...offline,
  ]
  const faults = rows.filter(([ok]) => !ok).length
  return (
    <details class="panel self-test" open={!isLinked || !sound}>
      <summary>{faults === 0 ? t('selfTest.allWell') : t('selfTest.faults', { n: faults })}</summary>
      <ul role="status">
        {rows.map(([ok, words]) => (
          <li key={words} class={ok ? '' : 'self-test-fault'}>
            <Icon name={ok ? 'ok' : 'fail'} /> {t(words)}
          </li>
        ))}
      </ul>
    </details>
  )
}
