import { appendFile, readFile } from 'node:fs/promises'
import { AuditCheckpoint } from '../contracts/audit.ts'
import type { ChainCheckpoint } from './chain.ts'

/** Adds one checkpoint as a line of JSON; it is on disk when this resolves. */
export async function appendCheckpointLine(file: string, checkpoint: AuditCheckpoint): Promise<void> {
  await appendFile(file, `${JSON.stringify(checkpoint)}\n`, { mode: 0o600, flush: true })
}

export type CheckpointFile = { ok: true; checkpoints: ChainCheckpoint[] } | { ok: false; line: number; why: string }

/**
 * Reads an outside copy of the checkpoints, by number: a JSON document a line, or the answer of
 * `GET /api/v1/audit/checkpoints`.
 */
export async function readCheckpointFile(file: string): Promise<CheckpointFile> {
  const text = await readFile(file, 'utf8')
  const checkpoints: ChainCheckpoint[] = []
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = parseLine(line)
    if (parsed === undefined) return { ok: false, line: at + 1, why: 'is not a checkpoint' }
    checkpoints.push(...parsed.map(toChainCheckpoint))
  }
  if (checkpoints.length === 0) return { ok: false, line: 1, why: 'there is no checkpoint in the file' }
  return { ok: true, checkpoints: checkpoints.sort((a, b) => Number(a.sequence - b.sequence)) }
}

function parseLine(line: string): AuditCheckpoint[] | undefined {
  try {
    const json: unknown = JSON.parse(line)
    const items = typeof json === 'object' && json !== null && 'items' in json ? json.items : [json]
    const parsed = AuditCheckpoint.array().safeParse(items)
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

const toChainCheckpoint = (checkpoint: AuditCheckpoint): ChainCheckpoint => ({
  sequence: BigInt(checkpoint.sequence),
  hash: Buffer.from(checkpoint.hash, 'hex'),
  atMs: Date.parse(checkpoint.at),
  publicKey: Buffer.from(checkpoint.publicKey, 'base64'),
  signature: Buffer.from(checkpoint.signature, 'base64'),
})
