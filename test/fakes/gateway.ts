import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { z } from 'zod'
import { buildApp, type Gateway, type GatewayDeps } from '../../gateway/app.ts'
import { systemClock } from '../../gateway/clock.ts'
import { loadConfig } from '../../gateway/config.ts'
import type { StaffRole } from '../../gateway/contracts/identity.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

export const ADMIN_PASSWORD = 'correct-horse-battery'

export interface TestGateway extends Gateway {
  dataDir: string
  /** Bearer token of a script with that role alone. */
  token(role: z.infer<typeof StaffRole>): Promise<string>
}

/**
 * The whole gateway on free loopback ports with a data directory of its own, started, and stopped with the test.
 * @param environment settings of the test's own, such as an external broker
 */
export async function startTestGateway(
  t: Teardown,
  environment: Record<string, string> = {},
  more: Partial<GatewayDeps> = {},
): Promise<TestGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gridlight-'))
  const loaded = loadConfig({
    GRIDLIGHT_HTTP_PORT: '0',
    GRIDLIGHT_MQTT_PORT: '0',
    GRIDLIGHT_DATA_DIR: dataDir,
    GRIDLIGHT_CAMERA_NETWORKS: '127.0.0.0/8',
    GRIDLIGHT_ADMIN_PASSWORD: ADMIN_PASSWORD,
    ...environment,
  })
  if (!loaded.ok) throw new Error(loaded.faults.join('\n'))
  const gateway = await buildApp(loaded.config, {
    clock: systemClock,
    log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    version: '0.0.0-test',
    ...more,
  })
  t.teardown(async () => {
    await gateway.close()
    await rm(dataDir, { recursive: true, force: true })
  })
  await gateway.start()

  const admin = await gateway.app.inject({
    method: 'POST',
    url: '/api/v1/session',
    payload: { username: 'admin', password: ADMIN_PASSWORD },
  })
  const cookie = String(admin.headers['set-cookie']).split(';')[0] ?? ''
  const { csrfToken } = admin.json<{ csrfToken: string }>()
  return Object.assign(Object.create(gateway) as Gateway, {
    dataDir,
    token: async (role: string) => {
      const made = await gateway.app.inject({
        method: 'POST',
        url: '/api/v1/tokens',
        headers: { cookie, 'x-csrf-token': csrfToken },
        payload: { name: `test ${role}`, roles: [role] },
      })
      return made.json<{ token: string }>().token
    },
  })
}
