import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Id } from './contracts/common.ts'

/** This node's id, made on the first start and kept in its data directory; nodes that share a database differ. */
export function nodeIdOf(file: string, newId: () => string): string {
  if (!existsSync(file)) writeFileSync(file, newId(), { mode: 0o600, flag: 'wx' })
  return Id.parse(readFileSync(file, 'utf8').trim())
}
