import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ChainCheckpoint } from '../audit/chain.ts'
import { readCheckpointFile } from '../audit/checkpoint-file.ts'
import { loadSigner } from '../audit/signer.ts'
import { verifyStored } from '../audit/verify-stored.ts'
import type { Config } from '../config.ts'
import { dataFiles } from '../storage/data-files.ts'
import { type Command, CommandError, EXIT, mustExist } from './command.ts'
import { withStore } from './store.ts'

export const auditVerify: Command = {
  synopsis: 'audit verify [--checkpoint FILE]',
  about: {
    zh: '逐条校验审计链；FILE 为另存的检查点。完整则退出 0，否则退出 1 并指出第一条不符的记录',
    en: 'walk the audit chain, against checkpoints kept elsewhere in FILE; exit 0, or 1 naming the first bad entry',
  },
  run: async (args, config, terminal) => {
    const { values } = parseArgs({ args, options: { checkpoint: { type: 'string' } } })
    const outside = values.checkpoint === undefined ? [] : await outsideCheckpoints(values.checkpoint)
    const verdict = await withStore(config, {}, ({ database }) =>
      verifyStored(database, { outside, trustedKeys: trustedKeys(config, outside) }),
    )
    if (!verdict.ok) {
      terminal.out(`审计链不完整 / the audit chain is broken: entry ${verdict.sequence}: ${verdict.fault}`)
      terminal.out(`  ${verdict.detail}`)
      return EXIT.failed
    }
    terminal.out(
      `审计链完整 / the audit chain is whole: ${verdict.entries} entries, ${verdict.checkpoints} checkpoints, ${verdict.erasedDetails} details erased`,
    )
    if (outside.length === 0) {
      terminal.out(
        '  未与另存的检查点比对，控制本机的人可重建整条链 / without checkpoints kept elsewhere whoever controls this host could have rebuilt it all',
      )
    }
    return EXIT.done
  },
}

async function outsideCheckpoints(file: string): Promise<ChainCheckpoint[]> {
  mustExist(file)
  const read = await readCheckpointFile(file)
  if (!read.ok) throw new CommandError(`${file}:${read.line}: ${read.why}`, EXIT.noInput)
  return read.checkpoints
}

/** With PostgreSQL other gateways sign too, with keys that only the outside copy can vouch for. */
function trustedKeys(config: Config, outside: readonly ChainCheckpoint[]): Uint8Array[] | undefined {
  const { database, auditKeyFile } = dataFiles(config)
  const fromOutside = outside.map(({ publicKey }) => publicKey)
  if (database.kind === 'postgresql') return undefined
  return existsSync(auditKeyFile) ? [loadSigner(auditKeyFile).publicKey, ...fromOutside] : undefined
}
