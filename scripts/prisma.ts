import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * `node scripts/prisma.ts generate` makes the two database clients from the one models file.
 * `node scripts/prisma.ts migration NAME` writes the SQL from the models of the last migration to today's, for both
 * databases; it needs no database. Applied migrations are never edited: a change is a new one.
 */
const storageDir = join(import.meta.dirname, '../gateway/storage')
const PROVIDERS = ['sqlite', 'postgresql'] as const
type Provider = (typeof PROVIDERS)[number]

const models = await readFile(join(storageDir, 'models.prisma'), 'utf8')

const schema = (provider: Provider, body: string): string => `generator client {
  provider = "prisma-client"
  output   = "./${provider}"
  runtime  = "nodejs"
  importFileExtension = "ts"
  generatedFileExtension = "ts"
  moduleFormat = "esm"
}

datasource db {
  provider = "${provider}"
}

${body}`

async function generate(): Promise<void> {
  const generatedDir = join(storageDir, 'generated')
  await mkdir(generatedDir, { recursive: true })
  for (const provider of PROVIDERS) {
    const file = join(generatedDir, `${provider}.prisma`)
    await writeFile(file, schema(provider, models))
    // `generate` never runs the schema engine, but looks for its file before it starts; any file will do.
    const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' }
    const prisma = join(import.meta.dirname, '../node_modules/prisma/build/index.js')
    await promisify(execFile)(process.execPath, [prisma, 'generate', '--schema', file], { env })
  }
}

async function migration(name: string): Promise<void> {
  const { diffSchemas } = await import('./prisma-diff.ts')
  const migrationsDir = join(storageDir, 'migrations')
  const previousFile = join(migrationsDir, 'models.prisma')
  const previous = await readFile(previousFile, 'utf8').catch(() => '')
  const known: string[] = JSON.parse(await readFile(join(migrationsDir, 'order.json'), 'utf8').catch(() => '[]'))
  const last = Number.parseInt(known.at(-1) ?? '0', 10)
  const id = `${String(last + 1).padStart(4, '0')}_${name}`
  for (const provider of PROVIDERS) {
    const sql = await diffSchemas(schema(provider, previous), schema(provider, models), provider)
    await mkdir(join(migrationsDir, provider), { recursive: true })
    await writeFile(join(migrationsDir, provider, `${id}.sql`), sql)
  }
  await writeFile(previousFile, models)
  await writeFile(join(migrationsDir, 'order.json'), `${JSON.stringify([...known, id], null, 2)}\n`)
  console.log(`wrote ${id}`)
}

const [command, name] = process.argv.slice(2)
if (command === 'generate') await generate()
else if (command === 'migration' && name !== undefined && /^[a-z0-9-]+$/.test(name)) await migration(name)
else {
  console.error('usage: node scripts/prisma.ts generate | migration NAME')
  process.exitCode = 64
}
