import { useSignal } from '@preact/signals'
import { StaffRole } from '../../../gateway/contracts/identity.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { date, endOfDay } from '../time.ts'
import { CopiedSecret } from '../ui/copied-secret.tsx'
import { Answers, Dialog } from '../ui/dialog.tsx'
import { Choices, TextField } from '../ui/field.tsx'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { Table } from '../ui/table.tsx'
import { useAdminCalls } from './use-admin-calls.ts'

/** Bearer tokens of scripts: made with an end, shown once, revoked in one act. */
export function TokenList() {
  const { language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const tokens = useLoaded(calls.tokens, [])
  const isMaking = useSignal(false)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function revoke(id: string): Promise<void> {
    const answer = await calls.revokeToken(id)
    problem.value = failureOf(answer)
    tokens.reload()
  }

  return (
    <section>
      <div class="page-head">
        <h2>{t('tokens.title')}</h2>
        <button
          type="button"
          onClick={() => {
            isMaking.value = true
          }}
        >
          {t('tokens.add')}
        </button>
      </div>
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      <LoadedList of={tokens} empty={t('tokens.none')}>
        {(items) => (
          <Table columns={['tokens.name', 'people.roles', 'column.until', 'column.state', 'column.acts']}>
            {items.map((token) => (
              <tr key={token.id}>
                <th scope="row">{token.name}</th>
                <td data-label={t('people.roles')}>
                  {token.roles.map((role) => t(`role.${role}`)).join(t('list.separator'))}
                </td>
                <td data-label={t('column.until')}>
                  {token.expiresAt === undefined ? t('column.noEnd') : date(token.expiresAt)}
                </td>
                <td data-label={t('column.state')}>{t(token.revoked ? 'tokens.revoked' : 'tokens.valid')}</td>
                <td>
                  {!token.revoked && (
                    <button
                      type="button"
                      class="danger"
                      aria-label={t('tokens.revokeOf', { name: token.name })}
                      onClick={() => void revoke(token.id)}
                    >
                      {t('action.revoke')}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
      {isMaking.value && (
        <TokenDialog
          onMade={tokens.reload}
          onClose={() => {
            isMaking.value = false
          }}
        />
      )}
    </section>
  )
}

function TokenDialog({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const name = useSignal('')
  const until = useSignal('')
  const roles = useSignal<readonly StaffRole[]>(['operator'])
  const secret = useSignal<string | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    const answer = await calls.createToken({
      name: name.value.trim(),
      roles: [...roles.value],
      ...(until.value === '' ? {} : { expiresAt: endOfDay(until.value) }),
    })
    problem.value = failureOf(answer)
    if (answer.kind !== 'ok') return
    secret.value = answer.data.token
    onMade()
  }

  return (
    <Dialog title={t('tokens.add')} onClose={onClose}>
      {secret.value === undefined ? (
        <form onSubmit={submit}>
          <TextField label={t('tokens.name')} hint={t('tokens.nameHint')} value={name} maxLength={200} required />
          <Choices
            legend={t('people.roles')}
            options={StaffRole.options.map((value) => ({ value, label: t(`role.${value}`) }))}
            values={roles}
          />
          <TextField label={t('column.untilOptional')} value={until} type="date" />
          {problem.value !== undefined && <ProblemNote problem={problem.value} />}
          <Answers
            act={t('tokens.add')}
            isReady={name.value.trim() !== '' && roles.value.length > 0}
            onCancel={onClose}
          />
        </form>
      ) : (
        <>
          <p>{t('tokens.once')}</p>
          <CopiedSecret label={t('tokens.title')} text={secret.value} />
          <div class="actions">
            <button type="button" onClick={onClose}>
              {t('action.close')}
            </button>
          </div>
        </>
      )}
    </Dialog>
  )
}
