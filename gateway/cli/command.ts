import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import type { Words } from '../words.ts'

/** Ends of a command (sysexits.h where it has a number). */
export const EXIT = { done: 0, failed: 1, usage: 64, noInput: 66, config: 78 } as const

/** What a command reads and writes; a test gives its own. */
export interface Terminal {
  /** The first line of what is piped in, or undefined if nothing is. */
  firstLine(): Promise<string | undefined>
  out(line: string): void
  err(line: string): void
}

export interface Command {
  /** Words after `./scripts/gridlight`, as told to people. */
  synopsis: string
  about: Words
  /** @returns the exit code; throws UsageError for arguments that make no sense, CommandError for what went wrong */
  run(args: string[], config: Config, terminal: Terminal): Promise<number>
}

/** The arguments are not those of the command. */
export class UsageError extends Error {}

/** Said to the person as it is; the command ends with `exitCode`. */
export class CommandError extends Error {
  readonly exitCode: number
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

/** @throws CommandError where there is no file of that name */
export function mustExist(file: string): void {
  if (!existsSync(file)) throw new CommandError(`没有这个文件 / there is no such file: ${file}`, EXIT.noInput)
}
