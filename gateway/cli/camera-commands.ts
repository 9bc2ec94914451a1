import { readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { cameraAccess } from '../camera-access.ts'
import type { Config } from '../config.ts'
import type { CameraImportRow } from '../contracts/camera.ts'
import { createGrid } from '../grid/grid.ts'
import { linkedCameraIds } from '../links/store.ts'
import { createEvents } from '../notify/events.ts'
import { MAX_TABLE_BYTES } from '../registry/import-routes.ts'
import { createRegistry, type RegistryFeature } from '../registry/registry.ts'
import { LEADS_ALWAYS } from '../storage/leading-node.ts'
import { type Command, CommandError, EXIT, mustExist, UsageError } from './command.ts'
import { hostPrincipal, type Store, withStore } from './store.ts'

/** A table of a thousand rows that have all to be tried. */
const TIMEOUT_MS = 60 * 60_000

export const camerasImport: Command = {
  synopsis: 'cameras import FILE.csv [--dry-run]',
  about: {
    zh: '按表登记摄像头，网关可继续运行；可重复执行，已登记的只更新',
    en: 'register the cameras of a table while the gateway runs; safe to repeat, what is registered is brought up to date',
  },
  run: async (args, config, terminal) => {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { 'dry-run': { type: 'boolean', default: false } },
    })
    const dryRun = values['dry-run']
    const [file] = positionals
    if (file === undefined || positionals.length > 1) throw new UsageError('需要一个 FILE / one FILE is needed')
    mustExist(file)
    if (statSync(file).size > MAX_TABLE_BYTES) {
      throw new CommandError(`文件过大 / the file is larger than ${MAX_TABLE_BYTES} bytes: ${file}`)
    }
    const imported = await withStore(config, {}, async (store) => {
      const registry = registryOf(store, config)
      try {
        return await registry.importTable(
          readFileSync(file),
          {
            principal: hostPrincipal(),
            acceptLanguage: undefined,
            dryRun,
            onRow: (row, done, total) => terminal.out(`${lineOf(row)} [${done}/${total}]`),
          },
          AbortSignal.timeout(TIMEOUT_MS),
        )
      } finally {
        await registry.close()
      }
    })
    if (!imported.ok) throw new CommandError(`${file}: ${imported.why}`)
    const { created, updated, unchanged, problems } = imported.answer
    terminal.out(
      `${dryRun ? '试运行，未作更改 / dry run, nothing was changed: ' : ''}新建 / created: ${created}, 更新 / updated: ${updated}, 未变 / unchanged: ${unchanged}, 问题 / problems: ${problems}`,
    )
    return problems === 0 ? EXIT.done : EXIT.failed
  },
}

function lineOf({ row, name, result, cameraId, code, detail, nextStep }: CameraImportRow): string {
  const what =
    result === 'problem' ? [code, detail, nextStep].filter((part) => part !== undefined).join(': ') : cameraId
  return `  ${row}${name === undefined ? '' : ` (${name})`}: ${result}${what === undefined ? '' : ` ${what}`}`
}

/** The register as a gateway has it, without what only a running one does: no watch, no views to end. */
function registryOf({ database, audit, clock, newId }: Store, config: Config): RegistryFeature {
  const log = pino({ level: 'silent' })
  return createRegistry({
    database,
    audit,
    clock,
    log,
    newId,
    events: createEvents({ database, clock, log }),
    grid: createGrid({ database, audit, cellCodePattern: config.cellCodePattern }),
    ...cameraAccess(config, clock),
    random: () => Math.random(),
    lead: LEADS_ALWAYS, // nothing is watched here
    alarms: {
      raiseFrom: async () => undefined,
      openFrom: async () => [],
      raiseOwn: async () => undefined,
      openOwn: async () => [],
    },
    mayTurn: async () => ({ kind: 'no-camera' }), // nor turns them
    linkedCameraIds: (cameraIds) => linkedCameraIds(database.client, cameraIds),
    ended: async () => undefined,
  })
}
