import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { type Logger, pino } from 'pino'
import { buildApp, type Gateway } from './app.ts'
import { systemClock } from './clock.ts'
import { type Config, loadConfig } from './config.ts'
import { LogOutput } from './log-output.ts'
import { lockDataDir } from './storage/data-dir-lock.ts'

/** sysexits.h */
const EX_CONFIG = 78
const EX_UNAVAILABLE = 69

/** What is promised to whoever stops us; the supervisor may kill after that. */
const SHUTDOWN_LIMIT_MS = 10_000

/** For the last lines of the log, if nobody reads them. */
const LOG_LIMIT_MS = 500

/** Loads the configuration or ends the process, naming every fault at once. */
export function configOrExit(environment: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig(environment)
  const faults = [...(loaded.ok ? [] : loaded.faults), ...tlsFaults(environment)]
  if (loaded.ok && faults.length === 0) return loaded.config
  process.stderr.write(`配置有误 / configuration faults:\n${faults.map((fault) => `  ${fault}\n`).join('')}`)
  process.exit(EX_CONFIG)
}

/** Certificate and key must be there, be PEM, and belong together. */
function tlsFaults({
  GRIDLIGHT_TLS_CERT_FILE: certFile,
  GRIDLIGHT_TLS_KEY_FILE: keyFile,
}: NodeJS.ProcessEnv): string[] {
  if (!certFile || !keyFile) return []
  try {
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) })
    return []
  } catch (error) {
    const why = messageOf(error)
    return [`GRIDLIGHT_TLS_CERT_FILE, GRIDLIGHT_TLS_KEY_FILE: 证书或私钥无法使用 / cannot be used: ${why}`]
  }
}

/**
 * Runs the gateway until a signal stops it.
 * @param onStop runs after the gateway has stopped, for what was started around it
 */
export async function run(config: Config, onStop: () => Promise<void> = async () => {}): Promise<Gateway> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  // With PostgreSQL too: keys and the node's id are here.
  const lock = lockDataDir(config.dataDir)
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const output = new LogOutput(process.stdout)
  const log = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output)
  const started = start(config, log, version)

  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping; a second signal stops at once')
    setTimeout(() => {
      log.error('not stopped in time')
      process.exit(1)
    }, SHUTDOWN_LIMIT_MS).unref()
    void end().then(async (status) => {
      await output.flushed(LOG_LIMIT_MS)
      process.exit(status)
    })
  }
  const end = async (): Promise<number> => {
    try {
      const gateway = await started
      await gateway.close()
      await onStop()
      lock.release()
      return 0
    } catch (error) {
      log.error({ err: error }, 'stopped with a fault')
      return 1
    }
  }
  // Before the start has ended: whoever stops us then must not leave half of it running.
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return await started
}

async function start(config: Config, log: Logger, version: string): Promise<Gateway> {
  const gateway = await buildApp(config, { clock: systemClock, log, version })
  await gateway.start()
  return gateway
}

/** Starts the gateway and says where it is, or why it does not start; a password made up now is shown this once. */
export async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = configOrExit(environment)
  try {
    const { url, mqttUrl, adminPassword } = await run(config)
    const lines = [`格明已就绪 / Gridlight is ready: ${url}`]
    if (mqttUrl !== undefined) lines.push(`告警接入 / alarms are taken at: ${mqttUrl}`)
    if (adminPassword !== undefined) {
      lines.push(`用户 admin 的密码，只显示这一次 / password of admin, shown this once: ${adminPassword}`)
    }
    process.stdout.write(`${lines.join('\n')}\n`)
  } catch (error) {
    process.stderr.write(`${startFault(error, config)}\n`)
    process.exit(EX_UNAVAILABLE)
  }
}

/** Why the gateway does not start, and what to do where it is an address that cannot be had. */
export function startFault(error: unknown, { http, mqtt, sia }: Config): string {
  const { syscall, code, address, port } = (error ?? {}) as NodeJS.ErrnoException & { address?: string; port?: number }
  if (syscall !== 'listen' || port === undefined) return messageOf(error)
  const ports = { HTTP: http.port, MQTT: mqtt.kind === 'embedded' ? mqtt.port : undefined, SIA: sia?.port }
  const [name = 'HTTP'] = Object.entries(ports).find(([, one]) => one === port) ?? []
  const [zh, en] =
    code === 'EADDRINUSE'
      ? ['已被其他程序占用', 'is in use by another program']
      : ['无法监听', `cannot be listened at (${code})`]
  const variables = `GRIDLIGHT_${name}_HOST, GRIDLIGHT_${name}_PORT`
  return `${address}:${port} ${zh}，请释放它或另设 ${variables} / ${en}: free it, or set others by ${variables}`
}

/** Where a name has several addresses, each attempt has a message and the whole has none. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}

if (import.meta.main) await main(process.env)
