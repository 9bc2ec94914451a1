import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PROGRAM = '/usr/sbin/mosquitto'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export const isMosquittoInstalled = (): Promise<boolean> =>
  access(PROGRAM).then(
    () => true,
    () => false,
  )

export interface Mosquitto {
  url: string
  port: number
  /** Ends the broker; what it kept in memory is lost. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** An access list, and the password of every user it knows. */
export interface MosquittoAccess {
  acl: string
  passwords: Readonly<Record<string, string>>
}

/**
 * Debian's Mosquitto on a free port of loopback, keeping nothing on disk; anonymous unless there is an access list.
 * @param maxQueued messages that wait for a client that is away, with persistence on disk; Mosquitto's default and none
 */
export async function startMosquitto(t: Teardown, access?: MosquittoAccess, maxQueued?: number): Promise<Mosquitto> {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-mosquitto-'))
  const port = await freePort()
  const file = join(directory, 'mosquitto.conf')
  const lines = [`listener ${port} 127.0.0.1`, `allow_anonymous ${access === undefined}`]
  if (maxQueued === undefined) lines.push('persistence false')
  else lines.push('persistence true', `persistence_location ${directory}/`, `max_queued_messages ${maxQueued}`)
  if (access !== undefined) {
    const [aclFile, passwordFile] = [join(directory, 'acl'), join(directory, 'passwords')]
    await writeFile(aclFile, access.acl)
    const entries = Object.entries(access.passwords).map(([name, password]) => `${name}:${password}\n`)
    await writeFile(passwordFile, entries.join(''))
    await promisify(execFile)('mosquitto_passwd', ['-U', passwordFile])
    await chmod(passwordFile, 0o644)
    lines.push(`acl_file ${aclFile}`, `password_file ${passwordFile}`)
  }
  await writeFile(file, `${lines.join('\n')}\n`)
  // Mosquitto gives up root and reads its configuration as its own user.
  await chmod(directory, maxQueued === undefined ? 0o755 : 0o777)
  let child: ReturnType<typeof spawn> | undefined

  const start = async (): Promise<void> => {
    child = spawn(PROGRAM, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    const started = Promise.withResolvers<void>()
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (/ running\b/.test(log)) started.resolve()
    })
    child.once('exit', () => started.reject(new Error(`mosquitto ended: ${log}`)))
    await started.promise
  }
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  await start()
  t.teardown(async () => {
    await stop()
    await rm(directory, { recursive: true, force: true })
  })
  return { url: `mqtt://127.0.0.1:${port}`, port, start, stop }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
