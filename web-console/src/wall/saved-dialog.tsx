import { useSignal } from '@preact/signals'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Empty } from '../ui/empty.tsx'
import { TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { RoundForm } from './round-form.tsx'
import type { Saved } from './saved.ts'
import type { WallState } from './wall-state.ts'
import './saved-dialog.css'

/** Layouts and rounds of this person: to keep, to bring back, to throw away. */
export function SavedDialog({ wall, saved, onClose }: { wall: WallState; saved: Saved; onClose: () => void }) {
  const { t } = useParts().language
  const name = useSignal('')

  function keep(event: Event): void {
    event.preventDefault()
    const given = name.value.trim()
    if (given === '') return
    void saved.keepLayout(given, wall.arrangement.value)
    name.value = ''
  }

  return (
    <Dialog title={t('saved.title')} onClose={onClose}>
      {saved.failed.value !== undefined && <ProblemNote problem={saved.failed.value} />}
      <h3>{t('saved.layouts')}</h3>
      {saved.layouts.value.length === 0 && <Empty text={t('saved.noLayouts')} />}
      <ul class="saved-list">
        {saved.layouts.value.map((one) => (
          <li key={one.id}>
            <span>
              {one.name} <span class="secondary">{t('wall.layoutOf', { n: one.layout })}</span>
            </span>
            <button
              type="button"
              aria-label={t('action.of', { act: t('saved.use'), name: one.name })}
              onClick={() => {
                wall.apply(one)
                onClose()
              }}
            >
              {t('saved.use')}
            </button>
            <button type="button" class="quiet" onClick={() => void saved.removeLayout(one.id)}>
              {t('saved.remove', { name: one.name })}
            </button>
          </li>
        ))}
      </ul>
      <form class="saved-form" onSubmit={keep}>
        <TextField label={t('saved.layoutName')} hint={t('saved.sameName')} value={name} maxLength={60} />
        <button type="submit" disabled={name.value.trim() === ''}>
          {t('saved.keep')}
        </button>
      </form>

      <h3>{t('saved.rounds')}</h3>
      {saved.rounds.value.length === 0 && <Empty text={t('saved.noRounds')} />}
      <ul class="saved-list">
        {saved.rounds.value.map((one) => (
          <li key={one.id}>
            <span>
              {one.name}{' '}
              <span class="secondary">
                {t('saved.roundOf', { n: one.cameraIds.length, seconds: one.dwellSeconds })}
              </span>
            </span>
            <button
              type="button"
              aria-label={t('action.of', { act: t('saved.toTile', { n: wall.selected.value + 1 }), name: one.name })}
              onClick={() => {
                wall.setTile(wall.selected.value, { kind: 'round', roundId: one.id })
                onClose()
              }}
            >
              {t('saved.toTile', { n: wall.selected.value + 1 })}
            </button>
            <button type="button" class="quiet" onClick={() => void saved.removeRound(one.id)}>
              {t('saved.remove', { name: one.name })}
            </button>
          </li>
        ))}
      </ul>
      <RoundForm wall={wall} saved={saved} />
      <div class="actions">
        <button type="button" onClick={onClose}>
          {t('action.close')}
        </button>
      </div>
    </Dialog>
  )
}
