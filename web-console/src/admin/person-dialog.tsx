import { useSignal } from '@preact/signals'
import { StaffRole, type User } from '../../../gateway/contracts/identity.ts'
import { type Answer, failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { Dialog } from '../ui/dialog.tsx'
import { Choices, TextField } from '../ui/field.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { PhoneField } from './phone-field.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

const MIN_PASSWORD = 10

interface PersonProps {
  /** Undefined: somebody new. */
  user: User | undefined
  onClose: () => void
  onChanged: () => void
}

/** A person's name, roles and cells; for somebody known also the acts that cut off at once. */
export function PersonDialog({ user, onClose, onChanged }: PersonProps) {
  const { t } = useParts().language
  const acts = useActs(onChanged)
  return (
    <Dialog
      title={user === undefined ? t('people.add') : t('action.manageOf', { name: user.displayName })}
      onClose={onClose}
    >
      <PersonForm user={user} acts={acts} onClose={onClose} />
      {user !== undefined && <PhoneField userId={user.id} />}
      {user !== undefined && <Access user={user} acts={acts} onClose={onClose} />}
    </Dialog>
  )
}

type Acts = ReturnType<typeof useActs>

/** One call at a time; what came of it is said in one place, whichever part of the dialog it was. */
function useActs(onChanged: () => void) {
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const done = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)

  /** @returns whether it was done */
  async function act(call: Promise<Answer<unknown>>, words: string): Promise<boolean> {
    busy.value = true
    done.value = undefined
    const answer = await call
    busy.value = false
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return false
    done.value = words
    onChanged()
    return true
  }
  return { problem, done, busy, act }
}

interface PartProps {
  acts: Acts
  onClose: () => void
}

function PersonForm({ user, acts, onClose }: PartProps & Pick<PersonProps, 'user'>) {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const { problem, done, busy } = acts
  const username = useSignal(user?.username ?? '')
  const displayName = useSignal(user?.displayName ?? '')
  const unit = useSignal(user?.unit ?? '')
  const password = useSignal('')
  const roles = useSignal<readonly StaffRole[]>(
    user?.roles.flatMap((role) => StaffRole.safeParse(role).data ?? []) ?? ['operator'],
  )
  const cells = useSignal<readonly string[]>(user?.cellCodes ?? [])
  const isComplete =
    displayName.value.trim() !== '' &&
    roles.value.length > 0 &&
    (user !== undefined || (username.value !== '' && password.value.length >= MIN_PASSWORD))

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const [name, unitName] = [displayName.value.trim(), unit.value.trim()]
    const [chosen, codes] = [[...roles.value], [...cells.value]]
    const call =
      user === undefined
        ? calls.createUser({
            username: username.value.trim(),
            password: password.value,
            displayName: name,
            ...(unitName === '' ? {} : { unit: unitName }),
            roles: chosen,
            ...(codes.length === 0 ? {} : { cellCodes: codes }),
          })
        : calls.changeUser(user.id, {
            displayName: name,
            unit: unitName === '' ? null : unitName,
            roles: chosen,
            cellCodes: codes.length === 0 ? null : codes,
          })
    if (await acts.act(call, t('people.saved'))) onClose()
  }

  return (
    <form onSubmit={submit}>
      {user === undefined && (
        <TextField
          label={t('signIn.username')}
          hint={t('people.usernameHint')}
          value={username}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
        />
      )}
      <TextField label={t('people.name')} value={displayName} maxLength={200} required />
      <TextField label={t('people.unit')} hint={t('people.unitHint')} value={unit} maxLength={200} />
      {user === undefined && (
        <TextField
          label={t('people.firstPassword')}
          hint={t('people.passwordHint', { n: MIN_PASSWORD })}
          value={password}
          type="password"
          autocomplete="new-password"
          required
        />
      )}
      <Choices
        legend={t('people.roles')}
        options={StaffRole.options.map((value) => ({ value, label: t(`role.${value}`) }))}
        values={roles}
      />
      <Choices
        legend={t('people.cellsChoice')}
        options={township.cells.value.map(({ properties: { code, name } }) => ({ value: code, label: name }))}
        values={cells}
      />
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {done.value !== undefined && <p role="status">{done.value}</p>}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy.value || !isComplete}>
          {t('action.save')}
        </button>
        <button type="button" onClick={onClose}>
          {t('action.close')}
        </button>
      </div>
    </form>
  )
}

/** What cuts a person off at once, and lets them in again. */
function Access({ user, acts: { busy, act }, onClose }: PartProps & { user: User }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const password = useSignal('')
  return (
    <section class="cut-off">
      <h3>{t('people.access')}</h3>
      <TextField
        label={t('people.newPassword')}
        hint={t('people.resetHint', { n: MIN_PASSWORD })}
        value={password}
        type="password"
        autocomplete="new-password"
      />
      <div class="actions">
        <button
          type="button"
          disabled={busy.value || password.value.length < MIN_PASSWORD}
          onClick={() => {
            void act(calls.changeUser(user.id, { password: password.value }), t('people.passwordSet')).then((ok) => {
              if (ok) password.value = ''
            })
          }}
        >
          {t('people.setPassword')}
        </button>
        <button
          type="button"
          disabled={busy.value}
          onClick={() => void act(calls.signOutUser(user.id), t('people.signedOut'))}
        >
          {t('people.signOut')}
        </button>
        <button
          type="button"
          class={user.disabled ? '' : 'danger'}
          disabled={busy.value}
          onClick={() => {
            void act(calls.changeUser(user.id, { disabled: !user.disabled }), '').then((ok) => {
              if (ok) onClose()
            })
          }}
        >
          {t(user.disabled ? 'people.enable' : 'people.disable')}
        </button>
      </div>
    </section>
  )
}
