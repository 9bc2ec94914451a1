import { parseArgs } from 'node:util'
import { pino } from 'pino'
import type { z } from 'zod'
import { actorOf } from '../contracts/audit.ts'
import { NewToken, NewUser } from '../contracts/identity.ts'
import { createIdentity } from '../identity/identity.ts'
import { newPassword } from '../identity/secret.ts'
import type { Users } from '../identity/users.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { hostPrincipal, type Store, withStore } from './store.ts'

const RIGHTS = { role: { type: 'string', multiple: true }, cell: { type: 'string', multiple: true } } as const

export const userAdd: Command = {
  synopsis: 'user add NAME --role ROLE [--role ROLE] [--display-name TEXT] [--cell CODE]',
  about: {
    zh: '新建账号；密码取自标准输入的第一行，没有则随机生成并只显示一次',
    en: 'make an account; the password is the first line of standard input, or made up and shown once',
  },
  run: async (args, config, terminal) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...RIGHTS, 'display-name': { type: 'string' } },
    })
    const given = await terminal.firstLine()
    const password = given ?? newPassword()
    const user = checked(NewUser, {
      username: onlyName(positionals),
      password,
      displayName: values['display-name'] ?? onlyName(positionals),
      roles: values.role ?? [],
      ...(values.cell === undefined ? {} : { cellCodes: values.cell }),
    })
    return withStore(config, { create: true }, async (store) => {
      const made = await usersOf(store).create(user, actorOf(hostPrincipal()))
      if (!made.ok) throw new CommandError(REFUSALS[made.why] ?? made.why)
      terminal.out(`已建立账号 / account made: ${made.user.username} (${made.user.roles.join(', ')})`)
      if (given === undefined) terminal.out(`密码，只显示这一次 / password, shown this once: ${password}`)
      return 0
    })
  },
}

export const tokenAdd: Command = {
  synopsis: 'token add NAME --role ROLE [--role ROLE] [--cell CODE] [--expires TIME]',
  about: {
    zh: '新建脚本用的令牌，只显示一次；TIME 如 2026-12-31T00:00:00Z',
    en: 'make a bearer token for scripts, shown once; TIME such as 2026-12-31T00:00:00Z',
  },
  run: async (args, config, terminal) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...RIGHTS, expires: { type: 'string' } },
    })
    const token = checked(NewToken, {
      name: onlyName(positionals),
      roles: values.role ?? [],
      ...(values.cell === undefined ? {} : { cellCodes: values.cell }),
      ...(values.expires === undefined ? {} : { expiresAt: values.expires }),
    })
    return withStore(config, { create: true }, async (store) => {
      const made = await usersOf(store).createToken(token, actorOf(hostPrincipal()))
      if (!made.ok) throw new CommandError(REFUSALS[made.why] ?? made.why)
      terminal.err('令牌，只显示这一次 / bearer token, shown this once:')
      terminal.out(made.secret)
      return 0
    })
  },
}

const REFUSALS: Readonly<Record<string, string>> = {
  'username-taken': '该用户名已存在 / somebody has this name already',
  'duties-not-separate':
    'administrator 与 auditor 不能由同一人担任 / one person is not administrator and auditor at once',
  'already-expired': '--expires 已经过去 / --expires lies in the past',
}

const usersOf = (store: Store): Users =>
  createIdentity({ ...store, log: pino({ level: 'silent' }), announceEnd: async () => {}, secureCookies: true }).users

function onlyName(positionals: readonly string[]): string {
  const [name] = positionals
  if (name === undefined || positionals.length > 1) throw new UsageError('需要一个 NAME / one NAME is needed')
  return name
}

function checked<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UsageError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
}
