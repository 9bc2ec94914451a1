import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { configOrExit, main, run, startFault } from '../gateway/main.ts'

/** Runs the gateway in this process; with `--demo` the virtual township runs beside it and fills it through its API. */
const isDemo = process.argv.includes('--demo')

const SignIn = z.strictObject({ adminPassword: z.string(), peoplePassword: z.string() })
type SignIn = z.infer<typeof SignIn>

const TownshipEvent = z.looseObject({ event: z.string() })
type TownshipEvent = z.infer<typeof TownshipEvent>

const Seeded = z.object({
  people: z.array(z.object({ username: z.string(), displayName: z.string(), roles: z.array(z.string()) })),
  invitations: z.array(z.object({ name: z.string(), url: z.string(), consented: z.boolean() })),
})

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Made on the first start and kept, so that the names printed before still work. */
function demoSignIn(dataDir: string): SignIn {
  const file = join(dataDir, 'sign-in.json')
  if (existsSync(file)) return SignIn.parse(JSON.parse(readFileSync(file, 'utf8')))
  const password = (): string => randomBytes(9).toString('base64url')
  const signIn = { adminPassword: password(), peoplePassword: password() }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(file, JSON.stringify(signIn), { mode: 0o600 })
  return signIn
}

async function demo(): Promise<void> {
  const startedAt = performance.now()
  const seconds = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  const dataDir = resolve(process.env.GRIDLIGHT_DATA_DIR ?? 'data/demo')
  const signIn = demoSignIn(dataDir)
  const config = configOrExit({
    GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
    GRIDLIGHT_LOG_LEVEL: 'warn',
    ...process.env,
    GRIDLIGHT_DATA_DIR: dataDir,
    GRIDLIGHT_ADMIN_PASSWORD: signIn.adminPassword,
  })

  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (stopping = true))

  const township = spawn(
    process.execPath,
    [join(import.meta.dirname, 'virtual-township/main.ts'), '--media', join(dataDir, 'media')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const stopTownship = async (): Promise<void> => {
    if (township.exitCode !== null) return
    township.kill('SIGTERM')
    await once(township, 'exit')
  }
  const ready = Promise.withResolvers<TownshipEvent>()
  const seeded = Promise.withResolvers<TownshipEvent>()
  seeded.promise.catch(() => {}) // seen where it is awaited; a start that fails does not come so far
  const fail = (error: Error): void => {
    ready.reject(error)
    seeded.reject(error)
  }
  createInterface({ input: township.stdout }).on('line', (line) => {
    const event = TownshipEvent.parse(JSON.parse(line))
    if (event.event === 'ready') ready.resolve(event)
    else if (event.event === 'seeded') seeded.resolve(event)
    else if (event.event === 'failed' || event.event === 'error') fail(new Error(inTownship(String(event.detail))))
    else if (STEPS.has(event.event)) say(`· ${seconds()}  ${describe(event)}`)
  })
  township.once('exit', () => fail(new Error('the virtual township has ended')))

  try {
    say('· 启动虚拟乡镇与网关 / starting the virtual township and the gateway')
    const [gateway] = await Promise.all([run(config, stopTownship), ready.promise])
    const { adminPassword, peoplePassword } = signIn
    const command = {
      do: 'seed',
      baseUrl: gateway.url,
      adminPassword,
      peoplePassword,
      stateFile: join(dataDir, 'township.json'),
      ...(gateway.mqttUrl === undefined ? {} : { mqttUrl: gateway.mqttUrl }),
    }
    township.stdin.write(`${JSON.stringify(command)}\n`)
    const { people, invitations } = Seeded.parse(await seeded.promise)
    say('')
    say(`格明已就绪 / Gridlight is ready (${seconds()})`)
    say(`  地址 / address    ${gateway.url}`)
    say('  登录 / sign in as')
    say(`    admin             ${adminPassword}`)
    for (const { username, displayName } of people) {
      say(`    ${username.padEnd(17)} ${peoplePassword}    ${displayName}`)
    }
    const awaited = invitations.filter(({ consented }) => !consented)
    const agreed = invitations.find(({ consented }) => consented)
    for (const { name, url } of awaited) say(`  待业主同意 / waits for its owner: ${name}  ${url}`)
    if (agreed !== undefined) say(`  业主页 / an owner's page: ${agreed.name}  ${agreed.url}`)
    say('  Ctrl-C 停止 / stops')
  } catch (error) {
    if (stopping) return // what was under way has ended with the gateway, which is stopping in order
    say(`演示启动失败 / the demo did not start: ${startFault(error, config)}`)
    await stopTownship()
    process.exit(1)
  }
}

/** The virtual cameras have fixed addresses, so two demos on one machine are in each other's way. */
function inTownship(detail: string): string {
  const address = /EADDRINUSE: .* (\S+)$/.exec(detail)?.[1]
  return address === undefined
    ? detail
    : `虚拟摄像头的地址 ${address} 已被占用，请先停止另一个演示 / ${address} of a virtual camera is in use: stop the other demo first`
}

const STEPS = new Set(['clip', 'camera', 'seed-grid', 'seed-camera', 'seed-link', 'seed-consent', 'seed-panel'])

function describe({ event, ...rest }: TownshipEvent): string {
  const words = Object.values(rest).filter((value) => typeof value === 'string' || typeof value === 'number')
  return `${event}  ${words.join('  ')}`
}

if (isDemo) await demo()
else await main(process.env)
