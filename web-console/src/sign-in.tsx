import { useSignal } from '@preact/signals'
import { failureOf, type ProblemAnswer } from './api/client.ts'
import { useParts } from './parts.ts'
import { LanguageSwitch } from './shell.tsx'
import { TextField } from './ui/field.tsx'
import { ProblemNote } from './ui/problem-note.tsx'

export function SignInPage({ ended }: { ended: boolean }) {
  const { session, language } = useParts()
  const { t } = language
  const username = useSignal('')
  const password = useSignal('')
  const busy = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    busy.value = true
    problem.value = failureOf(await session.signIn(username.value.trim(), password.value))
    busy.value = false
  }

  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <div class="sign-in-head">
          <h1>{t('app.name')}</h1>
          <LanguageSwitch />
        </div>
        <p class="secondary">{t('app.purpose')}</p>
        {ended && problem.value === undefined && <p role="status">{t('signIn.ended')}</p>}
        <TextField
          label={t('signIn.username')}
          value={username}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          autofocus
        />
        <TextField
          label={t('signIn.password')}
          value={password}
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        {problem.value !== undefined && <ProblemNote problem={problem.value} />}
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? t('signIn.busy') : t('signIn.submit')}
        </button>
      </form>
    </main>
  )
}
