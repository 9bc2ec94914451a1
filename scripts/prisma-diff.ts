import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils'

type Provider = 'sqlite' | 'postgresql'

/** What we use of the schema engine's WebAssembly build (an internal package, pinned with prisma itself). */
interface Bindings {
  __wbg_set_wasm(exports: object): void
  SchemaEngine: {
    new: (
      options: { datamodels: [string, string][] | undefined },
      log: (line: string) => void,
      adapter: object,
    ) => Promise<{
      diff(params: object): Promise<{ stdout: string | null }>
    }>
  }
}

/** The one thing the engine asks before a schema-to-schema diff: which PostgreSQL the SQL is for. */
const serverVersion = {
  columnNames: ['exists', 'version', 'numeric_version'],
  columnTypes: [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32],
  rows: [[true, 'PostgreSQL 15.0', 150_000]],
}

/** The part of the WebAssembly API used here; Node's types leave it to the browser's. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: object } }> }
}

/** SQL that turns the database of schema `from` into that of schema `to`; connects to nothing. */
export async function diffSchemas(from: string, to: string, provider: Provider): Promise<string> {
  const require = createRequire(import.meta.url)
  const bindingsFile = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  // The bindings hold one WebAssembly instance a module: a query string of its own gives each provider a fresh one.
  const bindings = (await import(`${pathToFileURL(bindingsFile).href}?${provider}`)) as Bindings
  const wasm = await WebAssembly.instantiate(await readFile(bindingsFile.replace(/\.js$/, '.wasm')), {
    './schema_engine_bg.js': bindings,
  })
  bindings.__wbg_set_wasm(wasm.instance.exports)
  ;(wasm.instance.exports as { __wbindgen_start(): void }).__wbindgen_start()

  const unused = async (): Promise<never> => {
    throw new Error('a schema-to-schema diff uses no database')
  }
  const connection = {
    provider: provider === 'postgresql' ? ('postgres' as const) : provider,
    adapterName: 'none',
    queryRaw: async () => serverVersion,
    executeRaw: unused,
    executeScript: unused,
    startTransaction: unused,
    getConnectionInfo: () => ({ supportsRelationJoins: false }),
    dispose: async () => {},
  }
  const adapter = bindMigrationAwareSqlAdapterFactory({
    provider: connection.provider,
    adapterName: 'none',
    connect: async () => connection,
    connectToShadowDb: async () => connection,
  })

  const engine = await bindings.SchemaEngine.new({ datamodels: [['schema.prisma', to]] }, () => {}, adapter)
  const target = (content: string): object => ({ tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] })
  const { stdout } = await engine.diff({
    from: target(from),
    to: target(to),
    script: true,
    exitCode: null,
    shadowDatabaseUrl: null,
    filters: { externalTables: [], externalEnums: [] },
  })
  if (stdout === null) throw new Error('the schema engine printed no SQL')
  return stdout
}
