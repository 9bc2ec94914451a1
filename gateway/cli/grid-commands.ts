import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { GridInput } from '../contracts/grid.ts'
import { createGrid } from '../grid/grid.ts'
import { type Command, CommandError, EXIT, mustExist, UsageError } from './command.ts'
import { hostPrincipal, withStore } from './store.ts'

export const gridImport: Command = {
  synopsis: 'grid import FILE.geojson',
  about: { zh: '导入行政区划与网格', en: 'import divisions and cells' },
  run: async (args, config, terminal) => {
    const { positionals } = parseArgs({ args, allowPositionals: true, options: {} })
    const [file] = positionals
    if (file === undefined || positionals.length > 1) throw new UsageError('需要一个 FILE / one FILE is needed')
    const { features } = readCollection(file)
    const answer = await withStore(config, { create: true }, ({ database, audit }) =>
      createGrid({ database, audit, cellCodePattern: config.cellCodePattern }).replace(features, hostPrincipal()),
    )
    for (const { index, code, problem, detail } of answer.problems) {
      terminal.out(`  feature ${index}${code === undefined ? '' : ` (${code})`}: ${problem}: ${detail}`)
    }
    terminal.out(
      `新建 / created: ${answer.created}, 更新 / updated: ${answer.updated}, 问题 / problems: ${answer.problems.length}`,
    )
    return answer.problems.length === 0 ? EXIT.done : EXIT.failed
  },
}

function readCollection(file: string): z.infer<typeof GridInput> {
  mustExist(file)
  const parsed = GridInput.safeParse(parseJson(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new CommandError(`不是 GeoJSON FeatureCollection / not one: ${file}`)
  return parsed.data
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
