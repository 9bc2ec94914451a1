import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { buildApp, type Gateway } from './app.ts'
import { systemClock } from './clock.ts'
import { type Config, loadConfig } from './config.ts'
import { lockDataDir } from './storage/data-dir-lock.ts'

/** sysexits.h */
const EX_CONFIG = 78
const EX_UNAVAILABLE = 69

/** What is promised to whoever stops us; the supervisor may kill after that. */
const SHUTDOWN_LIMIT_MS = 10_000

/** Loads the configuration or ends the process, naming every fault at once. */
export function configOrExit(environment: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig(environment)
  if (loaded.ok) return loaded.config
  process.stderr.write(`配置有误 / configuration faults:\n${loaded.faults.map((fault) => `  ${fault}\n`).join('')}`)
  process.exit(EX_CONFIG)
}

/**
 * Runs the gateway until a signal stops it.
 * @param onStop runs after the gateway has stopped, for what was started around it
 */
export async function run(config: Config, onStop: () => Promise<void> = async () => {}): Promise<Gateway> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const lock = config.databaseUrl === undefined ? lockDataDir(config.dataDir) : undefined
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const gateway = await buildApp(config, { clock: systemClock, log, version })
  await gateway.start()

  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping; a second signal stops at once')
    setTimeout(() => {
      log.error('not stopped in time')
      process.exit(1)
    }, SHUTDOWN_LIMIT_MS).unref()
    gateway
      .close()
      .then(onStop)
      .then(() => lock?.release())
      .then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'stopped with a fault')
          process.exit(1)
        },
      )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return gateway
}

if (import.meta.main) {
  await run(configOrExit(process.env)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(EX_UNAVAILABLE)
  })
}
