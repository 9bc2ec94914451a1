import { fstatSync } from 'node:fs'
import { loadConfig } from '../config.ts'
import { auditVerify } from './audit-commands.ts'
import { backup, restore } from './backup-commands.ts'
import { camerasImport } from './camera-commands.ts'
import { type Command, CommandError, EXIT, type Terminal, UsageError } from './command.ts'
import { gridImport } from './grid-commands.ts'
import { tokenAdd, userAdd } from './identity-commands.ts'
import { keyRotate } from './key-commands.ts'
import { profilesCheck, profilesTry } from './profile-commands.ts'

/** By the words that name them. */
const COMMANDS: Readonly<Record<string, Command>> = {
  'user add': userAdd,
  'token add': tokenAdd,
  'cameras import': camerasImport,
  'grid import': gridImport,
  'audit verify': auditVerify,
  backup,
  restore,
  'key rotate': keyRotate,
  'profiles check': profilesCheck,
  'profiles try': profilesTry,
}

/** Runs one command. @param args words after the program's name @returns the exit code */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<number> {
  const words = [args.slice(0, 2).join(' '), args[0] ?? ''].find((name) => Object.hasOwn(COMMANDS, name))
  const command = words === undefined ? undefined : COMMANDS[words]
  if (words === undefined || command === undefined) {
    for (const line of usage()) terminal.err(line)
    return EXIT.usage
  }
  const loaded = loadConfig(environment)
  if (!loaded.ok) {
    for (const fault of loaded.faults) terminal.err(fault)
    return EXIT.config
  }
  try {
    return await command.run(args.slice(words.split(' ').length), loaded.config, terminal)
  } catch (error) {
    if (error instanceof UsageError || isParseArgsError(error)) {
      terminal.err(error.message)
      terminal.err(`  ./scripts/gridlight ${command.synopsis}`)
      return EXIT.usage
    }
    terminal.err(error instanceof Error ? error.message : String(error))
    return error instanceof CommandError ? error.exitCode : EXIT.failed
  }
}

const isParseArgsError = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')

function usage(): string[] {
  const lines = Object.values(COMMANDS).flatMap(({ synopsis, about }) => [
    `  ./scripts/gridlight ${synopsis}`,
    `      ${about.zh}`,
    `      ${about.en}`,
  ])
  return ['用法 / usage:', ...lines]
}

/** Whoever pipes a password in writes it at once; a pipe that stays silent was only left open. */
const PIPED_LINE_TIMEOUT_MS = 1_000

const MAX_LINE_CHARS = 1_000

async function firstPipedLine(): Promise<string | undefined> {
  if (process.stdin.isTTY || fstatSync(0, { throwIfNoEntry: false }) === undefined) return undefined
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  const timer = setTimeout(() => resolve(text), PIPED_LINE_TIMEOUT_MS)
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (chunk: string) => {
    text += chunk
    if (text.includes('\n') || text.length > MAX_LINE_CHARS) resolve(text)
  })
  process.stdin.on('end', () => resolve(text))
  process.stdin.on('error', () => resolve(text))
  const [line = ''] = (await promise).split('\n')
  clearTimeout(timer)
  process.stdin.destroy()
  return line.replace(/\r$/, '') || undefined
}

if (import.meta.main) {
  process.exitCode = await runCommand(process.argv.slice(2), process.env, {
    firstLine: firstPipedLine,
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
  })
}
