import { z } from 'zod'
import { Instant } from './common.ts'

/** How this gateway is set up, for whoever runs it; no secret and no address that carries one. */
export const Settings = z.object({
  version: z.string(),
  node: z.string(),
  nodeId: z.string(),
  startedAt: Instant,
  database: z.enum(['sqlite', 'postgresql']),
  mqtt: z.enum(['embedded', 'external']),
  mqttConnected: z.boolean(),
  transport: z.enum(['https', 'tls-proxy', 'loopback-http']),
  dataDir: z.string(),
  cameraNetworks: z.array(z.string()),
  cellCodePattern: z.string(),
  timeZone: z.string(),
  logLevel: z.string(),
})
export type Settings = z.infer<typeof Settings>
