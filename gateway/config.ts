import { isIP } from 'node:net'
import { relative, resolve } from 'node:path'
import { z } from 'zod'

const notAPort = '须为 0 到 65535 的端口号 / must be a port number, 0 to 65535'
const port = z
  .string()
  .regex(/^\d{1,5}$/, notAPort)
  .transform(Number)
  .refine((number) => number <= 65_535, notAPort)
const flag = z.enum(['true', 'false']).transform((value) => value === 'true')

const CameraNetworks = z.string().transform((text, context) => {
  const networks = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  for (const network of networks) {
    const [address = '', prefix = ''] = network.split('/')
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) {
      context.addIssue({
        code: 'custom',
        message: `'${network}' 不是 10.0.0.0/8 这样的网段 / '${network}' is not a network such as 10.0.0.0/8`,
      })
    }
  }
  return networks
})

const CellCodePattern = z.string().transform((text, context) => {
  try {
    return new RegExp(text)
  } catch {
    context.addIssue({ code: 'custom', message: '不是正则表达式 / is not a regular expression' })
    return z.NEVER
  }
})

/** What is sent there proves what the host has done, so nobody on the way may change it. */
const CheckpointUrl = z.string().refine((text) => {
  const url = URL.parse(text)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname))
}, '须以 https:// 开头 / must begin with https://')

/** One tile of a slippy map; the placeholders are filled in by the console. */
const MapTileUrl = z.string().transform((text, context) => {
  const filled = URL.canParse(text) ? new URL(text) : undefined
  const isWhole = ['{z}', '{x}', '{y}'].every((part) => text.includes(part))
  if (filled === undefined || !/^https?:$/.test(filled.protocol) || filled.username !== '' || !isWhole) {
    context.addIssue({
      code: 'custom',
      message:
        '须为含 {z}、{x}、{y} 且不带用户名的 http(s) 地址 / must be an http(s) URL with {z}, {x} and {y}, without user name',
    })
  }
  return text
})

const MqttUrl = z.string().regex(/^mqtts?:\/\//, '须以 mqtt:// 或 mqtts:// 开头 / must begin with mqtt:// or mqtts://')

/** The environment as Gridlight reads it; `docs/ref/configuration.md` tells the same for people. */
const Environment = z.strictObject({
  GRIDLIGHT_HTTP_HOST: z.string().default('127.0.0.1'),
  GRIDLIGHT_HTTP_PORT: port.default(8080),
  GRIDLIGHT_TLS_CERT_FILE: z.string().optional(),
  GRIDLIGHT_TLS_KEY_FILE: z.string().optional(),
  GRIDLIGHT_BEHIND_TLS_PROXY: flag.default(false),
  GRIDLIGHT_DATA_DIR: z.string().default('./data'),
  GRIDLIGHT_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, '须以 postgresql:// 开头 / must begin with postgresql://')
    .optional(),
  GRIDLIGHT_MQTT_URL: MqttUrl.optional(),
  GRIDLIGHT_MQTT_HOST: z.string().default('127.0.0.1'),
  GRIDLIGHT_MQTT_PORT: port.default(1883),
  GRIDLIGHT_SIA_HOST: z.string().default('127.0.0.1'),
  GRIDLIGHT_SIA_PORT: port.optional(),
  GRIDLIGHT_CAMERA_NETWORKS: CameraNetworks.prefault('10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8'),
  GRIDLIGHT_ADMIN_PASSWORD: z.string().min(10, '至少 10 个字符 / needs 10 characters or more').max(200).optional(),
  GRIDLIGHT_MASTER_KEY_FILE: z.string().optional(),
  GRIDLIGHT_AUDIT_CHECKPOINT_FILE: z.string().optional(),
  GRIDLIGHT_AUDIT_CHECKPOINT_TOPIC: z
    .string()
    .regex(
      /^[^+#\0]{1,200}$/,
      '最多 200 个字符，不含 + 和 # / is a topic of 200 characters at the most, without + or #',
    )
    .optional(),
  GRIDLIGHT_AUDIT_CHECKPOINT_URL: CheckpointUrl.optional(),
  GRIDLIGHT_CELL_CODE_PATTERN: CellCodePattern.prefault('^\\d{15}$'),
  GRIDLIGHT_MAP_TILE_URL: MapTileUrl.optional(),
  GRIDLIGHT_MAP_TILE_DATUM: z.enum(['wgs84', 'gcj02']).default('wgs84'),
  GRIDLIGHT_MAX_TRANSCODES: z.coerce.number().int().min(0).max(64).optional(),
  GRIDLIGHT_TRANSPARENCY_PAGE: flag.default(false),
  GRIDLIGHT_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
})

export interface Config {
  http: { host: string; port: number; tls: { certFile: string; keyFile: string } | undefined; behindTlsProxy: boolean }
  dataDir: string
  databaseUrl: string | undefined
  mqtt: { kind: 'embedded'; host: string; port: number } | { kind: 'external'; url: string }
  /** Where alarm panels report by SIA DC-09; undefined: they do not. */
  sia: { host: string; port: number } | undefined
  cameraNetworks: readonly string[]
  adminPassword: string | undefined
  masterKeyFile: string
  auditCheckpoints: { file: string | undefined; topic: string | undefined; url: string | undefined }
  cellCodePattern: RegExp
  /** What the console's map is drawn on; undefined: on nothing, and no other host is asked. */
  mapTiles: { url: string; datum: 'wgs84' | 'gcj02' } | undefined
  /** Pictures made into H.264 at once; undefined: one a core. */
  maxTranscodes: number | undefined
  /** Counts for everybody, without sign-in. */
  transparencyPage: boolean
  logLevel: z.infer<typeof Environment>['GRIDLIGHT_LOG_LEVEL']
}

export type ConfigResult = { ok: true; config: Config } | { ok: false; faults: string[] }

/** Environment to configuration; every fault at once, each with the variable's name. Never throws, never reads a file. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): ConfigResult {
  const ours = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name.startsWith('GRIDLIGHT_') && value !== ''),
  )
  const parsed = Environment.safeParse(ours, { error: inBothLanguages })
  const faults = parsed.success ? [] : parsed.error.issues.flatMap(describeIssue)
  const host = ours.GRIDLIGHT_HTTP_HOST ?? '127.0.0.1'
  const tls = tlsFiles(ours.GRIDLIGHT_TLS_CERT_FILE, ours.GRIDLIGHT_TLS_KEY_FILE)
  if (tls === 'incomplete')
    faults.push('GRIDLIGHT_TLS_CERT_FILE, GRIDLIGHT_TLS_KEY_FILE: 两者须同时设置或都不设置 / set both or none')
  if (!isLoopback(host) && tls === undefined && ours.GRIDLIGHT_BEHIND_TLS_PROXY !== 'true') {
    faults.push(
      `GRIDLIGHT_HTTP_HOST: ${host} 不是本机回环地址，须设置 GRIDLIGHT_TLS_CERT_FILE 和 GRIDLIGHT_TLS_KEY_FILE，位于 TLS 代理之后时设 GRIDLIGHT_BEHIND_TLS_PROXY=true` +
        ' / is not loopback: set GRIDLIGHT_TLS_CERT_FILE and GRIDLIGHT_TLS_KEY_FILE, or GRIDLIGHT_BEHIND_TLS_PROXY=true behind a TLS proxy',
    )
  }
  const checkpointFile = ours.GRIDLIGHT_AUDIT_CHECKPOINT_FILE
  const insideDir = resolve(ours.GRIDLIGHT_DATA_DIR ?? './data')
  if (checkpointFile !== undefined && !relative(insideDir, resolve(checkpointFile)).startsWith('..')) {
    faults.push(
      'GRIDLIGHT_AUDIT_CHECKPOINT_FILE: 位于数据目录中，只有本机管理员不能改写的副本才有证明力 / lies in the data directory; a copy proves something only where the host’s administrators cannot write',
    )
  }
  if (!parsed.success || faults.length > 0 || tls === 'incomplete') return { ok: false, faults }
  const env = parsed.data
  const dataDir = resolve(env.GRIDLIGHT_DATA_DIR)
  return {
    ok: true,
    config: {
      http: { host, port: env.GRIDLIGHT_HTTP_PORT, tls, behindTlsProxy: env.GRIDLIGHT_BEHIND_TLS_PROXY },
      dataDir,
      databaseUrl: env.GRIDLIGHT_DATABASE_URL,
      mqtt:
        env.GRIDLIGHT_MQTT_URL === undefined
          ? { kind: 'embedded', host: env.GRIDLIGHT_MQTT_HOST, port: env.GRIDLIGHT_MQTT_PORT }
          : { kind: 'external', url: env.GRIDLIGHT_MQTT_URL },
      sia:
        env.GRIDLIGHT_SIA_PORT === undefined
          ? undefined
          : { host: env.GRIDLIGHT_SIA_HOST, port: env.GRIDLIGHT_SIA_PORT },
      cameraNetworks: env.GRIDLIGHT_CAMERA_NETWORKS,
      adminPassword: env.GRIDLIGHT_ADMIN_PASSWORD,
      masterKeyFile: resolve(env.GRIDLIGHT_MASTER_KEY_FILE ?? `${dataDir}/master.key`),
      auditCheckpoints: {
        file: checkpointFile === undefined ? undefined : resolve(checkpointFile),
        topic: env.GRIDLIGHT_AUDIT_CHECKPOINT_TOPIC,
        url: env.GRIDLIGHT_AUDIT_CHECKPOINT_URL,
      },
      cellCodePattern: env.GRIDLIGHT_CELL_CODE_PATTERN,
      mapTiles:
        env.GRIDLIGHT_MAP_TILE_URL === undefined
          ? undefined
          : { url: env.GRIDLIGHT_MAP_TILE_URL, datum: env.GRIDLIGHT_MAP_TILE_DATUM },
      maxTranscodes: env.GRIDLIGHT_MAX_TRANSCODES,
      transparencyPage: env.GRIDLIGHT_TRANSPARENCY_PAGE,
      logLevel: env.GRIDLIGHT_LOG_LEVEL,
    },
  }
}

const [zh, en] = [z.locales.zhCN().localeError, z.locales.en().localeError]

/** What zod says itself; our own words are in both languages where they stand. */
function inBothLanguages(issue: Parameters<typeof en>[0]): string {
  const text = (told: ReturnType<typeof en>): string => (typeof told === 'object' ? told?.message : told) ?? ''
  return `${text(zh(issue))} / ${text(en(issue))}`
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(
      (name) =>
        `${name}: 没有这个设置，见 docs/ref/configuration.md / there is no such setting, see docs/ref/configuration.md`,
    )
  return [`${String(issue.path[0])}: ${issue.message}`]
}

function tlsFiles(certFile: string | undefined, keyFile: string | undefined): Config['http']['tls'] | 'incomplete' {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) return 'incomplete'
  return { certFile: resolve(certFile), keyFile: resolve(keyFile) }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
