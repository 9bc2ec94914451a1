import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { actorOf } from '../contracts/audit.ts'
import { Links } from '../links/links.ts'
import { createEvents } from '../notify/events.ts'
import { lockDataDir } from '../storage/data-dir-lock.ts'
import { dataFiles } from '../storage/data-files.ts'
import { type Command, CommandError, EXIT, mustExist, UsageError } from './command.ts'
import { hostPrincipal, type Store, withStore } from './store.ts'

export const backup: Command = {
  synopsis: 'backup FILE',
  about: {
    zh: '备份数据库，网关可继续运行；主密钥与审计密钥不在其中，须另存',
    en: 'copy the database while the gateway runs; the master key and the audit key are not in it: keep them apart',
  },
  run: async (args, config, terminal) => {
    const target = oneFile(args)
    const source = sqliteFile(config, 'pg_dump')
    if (!existsSync(source)) throw new CommandError(`没有数据库 / there is no database: ${source}`, EXIT.noInput)
    if (existsSync(target)) throw new CommandError(`文件已存在 / the file exists already: ${target}`)
    closeSync(openSync(target, 'wx', 0o600))
    const db = new BetterSqlite3(source, { timeout: 5000 })
    try {
      // One read transaction: a moment of the database, however much is written meanwhile.
      db.prepare('VACUUM INTO ?').run(target)
    } finally {
      db.close()
    }
    assertWhole(target)
    flush(target)
    terminal.out(`已备份 / backed up: ${target}`)
    return EXIT.done
  },
}

export const restore: Command = {
  synopsis: 'restore FILE',
  about: {
    zh: '还原备份（先停网关）；社会资源的授权暂停，待业主重新确认；旧库保留在数据目录',
    en: 'put a backup back (stop the gateway first); private links wait for their owners again; the old file is kept',
  },
  run: async (args, config, terminal) => {
    const source = oneFile(args)
    const target = sqliteFile(config, 'pg_restore')
    mustExist(source)
    assertWhole(source)
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    const lock = lockDataDir(config.dataDir)
    try {
      const incoming = `${target}.restoring`
      for (const suffix of ['-wal', '-shm']) {
        if (existsSync(incoming + suffix)) renameSync(incoming + suffix, `${incoming}${suffix}.old`)
      }
      copyFileSync(source, incoming)
      const suspended = await withStore(config, { file: incoming }, (store) => suspendConsents(store))
      foldLog(incoming)
      flush(incoming)
      const kept = setAside(target)
      renameSync(incoming, target)
      flush(dirname(target))
      terminal.out(`已还原 / restored: ${target}`)
      if (kept !== undefined) terminal.out(`旧库保留为 / the old file is kept as: ${kept}`)
      terminal.out(`待业主重新确认的接入 / private links that wait for their owner: ${suspended}`)
      terminal.out(
        '账号与令牌回到备份时的状态，请复查此后停用或吊销的 / accounts and tokens are those of the backup: check what was disabled or revoked since',
      )
      return EXIT.done
    } finally {
      lock.release()
    }
  },
}

/** A backup may hold a consent that was revoked after it was made, and sessions that were ended: none comes back. */
async function suspendConsents({ database, audit, clock, newId }: Store): Promise<number> {
  const actor = actorOf(hostPrincipal())
  const log = pino({ level: 'silent' })
  const nobody = async (): Promise<undefined> => undefined
  const links = new Links({
    database,
    audit,
    clock,
    log,
    newId,
    newToken: newId,
    events: createEvents({ database, clock, log }),
    cameras: { camera: nobody },
    views: { endWhere: nobody }, // no gateway runs, so nobody watches
  })
  const held = await links.holdAfterRestore(actor)
  await database.transaction(async (tx) => {
    await tx.session.updateMany({ where: { endedAt: null }, data: { endedAt: new Date(clock.now()) } })
    await audit.append(tx, {
      action: 'database-restored',
      actor,
      object: 'database',
      result: 'done',
      detail: { privateLinksSuspended: held },
    })
  })
  return held
}

function oneFile(args: string[]): string {
  const { positionals } = parseArgs({ args, allowPositionals: true, options: {} })
  const [file] = positionals
  if (file === undefined || positionals.length > 1) throw new UsageError('需要一个 FILE / one FILE is needed')
  return file
}

function sqliteFile(config: Config, tool: string): string {
  const { database } = dataFiles(config)
  if (database.kind === 'sqlite') return database.file
  throw new CommandError(
    `数据库是 PostgreSQL，请用 ${tool} / the database is PostgreSQL: use ${tool}, which its administrators know`,
  )
}

/** Throws unless the file is an undamaged database of ours. */
function assertWhole(file: string): void {
  try {
    const db = new BetterSqlite3(file, { readonly: true, fileMustExist: true })
    try {
      const result = db.pragma('integrity_check', { simple: true })
      if (result !== 'ok') throw new Error(String(result))
      db.prepare('SELECT count(*) FROM "SchemaMigration"').get()
    } finally {
      db.close()
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CommandError(`不是完好的数据库 / not a whole database of Gridlight: ${file}: ${why}`)
  }
}

/** Writes the log into the file, so that it can be moved as one. */
function foldLog(file: string): void {
  const db = new BetterSqlite3(file)
  db.pragma('journal_mode = DELETE')
  db.close()
}

/** The old file with whatever log it has; it may be damaged, so it is moved and not opened. */
function setAside(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  const stamp = new Date().toISOString().replaceAll(':', '').replace(/\..*$/, 'Z')
  const kept = join(dirname(file), `gridlight.before-restore-${stamp}.sqlite`)
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, kept + suffix)
  }
  return kept
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
