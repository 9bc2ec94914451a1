import { useSignal } from '@preact/signals'
import type { User } from '../../../gateway/contracts/identity.ts'
import { useParts } from '../parts.ts'
import { date } from '../time.ts'
import { LoadedList, useLoaded } from '../ui/loaded.tsx'
import { Table } from '../ui/table.tsx'
import { PersonDialog } from './person-dialog.tsx'
import { TokenList } from './token-list.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

/** Who may come in, as what, and into which cells; and the scripts that may. */
export function UsersPage() {
  const { township, language } = useParts()
  const { t } = language
  const calls = useAdminCalls()
  const people = useLoaded(calls.users, [])
  const open = useSignal<User | 'new' | undefined>(undefined)
  const close = (): void => {
    open.value = undefined
  }
  return (
    <main class="page admin">
      <div class="page-head">
        <h1>{t('people.title')}</h1>
        <button
          type="button"
          class="primary"
          onClick={() => {
            open.value = 'new'
          }}
        >
          {t('people.add')}
        </button>
      </div>
      <LoadedList of={people} empty={t('people.none')}>
        {(users) => (
          <Table
            columns={['people.name', 'signIn.username', 'people.roles', 'people.cells', 'column.state', 'column.acts']}
          >
            {users.map((user) => (
              <tr key={user.id}>
                <th scope="row">
                  {user.displayName}
                  {user.unit !== undefined && <span class="secondary">{user.unit}</span>}
                </th>
                <td data-label={t('signIn.username')}>{user.username}</td>
                <td data-label={t('people.roles')}>
                  {user.roles.map((role) => t(`role.${role}`)).join(t('list.separator'))}
                </td>
                <td data-label={t('people.cells')}>
                  {user.cellCodes?.map(township.cellName).join(t('list.separator')) ?? t('people.allCells')}
                </td>
                <td data-label={t('column.state')}>
                  {t(user.disabled ? 'people.disabled' : 'people.enabled')}
                  <span class="secondary">{t('time.since', { time: date(user.createdAt) })}</span>
                </td>
                <td>
                  <button
                    type="button"
                    aria-label={t('action.manageOf', { name: user.displayName })}
                    onClick={() => {
                      open.value = user
                    }}
                  >
                    {t('action.manage')}
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </LoadedList>
      <TokenList />
      {open.value !== undefined && (
        <PersonDialog user={open.value === 'new' ? undefined : open.value} onClose={close} onChanged={people.reload} />
      )}
    </main>
  )
}
