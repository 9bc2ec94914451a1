import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GATEWAY_FLAGS } from '../../scripts/gateway-flags.ts'
import { ADMIN_PASSWORD } from './gateway.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  tookMs: number
}

export interface GatewayProcess {
  readonly child: ChildProcess
  /** Where it listens once it says that it is ready; rejects with its words when it ends before. */
  readonly url: Promise<string>
  /** All it has written so far, to both outputs. */
  output(): string
  /** Its words on standard error. */
  errors(): string
  ended: Promise<Ended>
  stop(signal: NodeJS.Signals): Promise<Ended>
}

/** A directory for a gateway's data, gone with the test. */
export async function temporaryDataDir(t: Teardown): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gridlight-process-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  return dataDir
}

/** The gateway as a process of its own, on free loopback ports; killed with the test. */
export function spawnGateway(t: Teardown, dataDir: string, environment: Record<string, string> = {}): GatewayProcess {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env
  const child = spawn(process.execPath, [...GATEWAY_FLAGS, join(import.meta.dirname, '../../gateway/main.ts')], {
    env: {
      PATH,
      NODE_COMPILE_CACHE,
      GRIDLIGHT_HTTP_PORT: '0',
      GRIDLIGHT_MQTT_PORT: '0',
      GRIDLIGHT_DATA_DIR: dataDir,
      GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
      GRIDLIGHT_ADMIN_PASSWORD: ADMIN_PASSWORD,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, errors] = ['', '']
  const ready = Promise.withResolvers<string>()
  ready.promise.catch(() => {}) // whoever waits for the end alone does not ask for it
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    const url = /Gridlight is ready: (\S+)\n/.exec(out)?.[1]
    if (url !== undefined) ready.resolve(url)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const startMs = performance.now()
  const ended = once(child, 'close').then(([code, signal]) => {
    ready.reject(new Error(`ended with ${code ?? signal}: ${errors}`))
    return { code, signal, tookMs: performance.now() - startMs }
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    child,
    url: ready.promise,
    output: () => out + errors,
    errors: () => errors,
    ended,
    stop: async (signal) => {
      const askedMs = performance.now()
      child.kill(signal)
      return { ...(await ended), tookMs: performance.now() - askedMs }
    },
  }
}
