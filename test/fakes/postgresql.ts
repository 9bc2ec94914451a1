import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

/** Where Debian puts the server's programs, one folder a major version. */
const INSTALL_ROOT = '/usr/lib/postgresql'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface PostgresqlCluster {
  /** The URL of a new, empty database. */
  createDatabase(): Promise<string>
}

/** Folder of `initdb` and `pg_ctl`, or undefined where PostgreSQL is not installed; then its tests say so and skip. */
export async function postgresqlBinaries(): Promise<string | undefined> {
  const versions = await readdir(INSTALL_ROOT).catch(() => [])
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
    const binaries = join(INSTALL_ROOT, version, 'bin')
    const isThere = await access(join(binaries, 'initdb')).then(
      () => true,
      () => false,
    )
    if (isThere) return binaries
  }
  return undefined
}

/** Where the server listens that ./scripts/test has started for all files; alone, a file starts one of its own. */
export const SHARED_SERVER = 'TEST_POSTGRESQL_DIRECTORY'

/** A server on a Unix socket, as it comes: fsync and synchronous_commit on. */
export async function startPostgresql(t: Teardown, binaries: string): Promise<PostgresqlCluster> {
  return clusterAt(process.env[SHARED_SERVER] ?? (await startServer(t, binaries)))
}

/** @returns the directory of the server's data and its socket */
export async function startServer(t: Teardown, binaries: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-pg-'))
  const owner = await serverUser()
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid)
  const as = owner === undefined ? {} : { uid: owner.uid, gid: owner.gid }
  const data = join(directory, 'data')
  const options = { cwd: directory, ...as }
  t.teardown(async () => {
    await run(join(binaries, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'], options).catch(() => {})
    await rm(directory, { recursive: true, force: true })
  })
  await run(
    join(binaries, 'initdb'),
    ['-D', data, '-U', 'gridlight', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  )
  const settings = `-c listen_addresses= -c unix_socket_directories=${directory} -c max_connections=120`
  await run(
    join(binaries, 'pg_ctl'),
    ['-D', data, '-w', '-o', settings, '-l', join(directory, 'server.log'), 'start'],
    options,
  )
  return directory
}

export function clusterAt(directory: string): PostgresqlCluster {
  const url = (name: string): string => `postgresql://gridlight@localhost/${name}?host=${encodeURIComponent(directory)}`
  return {
    createDatabase: async () => {
      const name = `test_${randomUUID().replaceAll('-', '')}`
      const client = new pg.Client({ connectionString: url('postgres') })
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return url(name)
    },
  }
}

/** PostgreSQL refuses to run as root; Debian's package brings the user `postgres` for it. */
async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const id = async (flag: '-u' | '-g'): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout)
  return { uid: await id('-u'), gid: await id('-g') }
}
