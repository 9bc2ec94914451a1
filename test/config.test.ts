import t from 'tap'
import { loadConfig } from '../gateway/config.ts'

function faultsOf(environment: Record<string, string>): string[] {
  const loaded = loadConfig(environment)
  return loaded.ok ? [] : loaded.faults
}

t.test('nothing set is a gateway on loopback with its own database and broker', async (t) => {
  const loaded = loadConfig({ PATH: '/usr/bin', HOME: '/root' })
  if (!loaded.ok) throw new Error(loaded.faults.join())
  const { config } = loaded
  t.match(config, {
    http: { host: '127.0.0.1', port: 8080, tls: undefined, behindTlsProxy: false },
    databaseUrl: undefined,
    mqtt: { kind: 'embedded', host: '127.0.0.1', port: 1883 },
    cameraNetworks: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fd00::/8'],
    adminPassword: undefined,
    logLevel: 'info',
  })
  t.equal(config.masterKeyFile, `${config.dataDir}/master.key`)
  t.ok(config.cellCodePattern.test('330783101001001'))
  t.notOk(config.cellCodePattern.test('3307831010010011'))
})

t.test('an empty variable is an unset one', async (t) => {
  t.same(faultsOf({ GRIDLIGHT_HTTP_PORT: '', GRIDLIGHT_TLS_CERT_FILE: '' }), [])
})

t.test('all faults are told at once, each with its variable', async (t) => {
  const faults = faultsOf({
    GRIDLIGHT_HTTP_HOST: '0.0.0.0',
    GRIDLIGHT_HTTP_PORT: '99999',
    GRIDLIGHT_DATABASE_URL: 'mysql://x',
    GRIDLIGHT_MQTT_URL: 'http://x',
    GRIDLIGHT_MQTT_PORT: 'x',
    GRIDLIGHT_CAMERA_NETWORKS: '10.0.0.0/33,camera.local',
    GRIDLIGHT_ADMIN_PASSWORD: 'short',
    GRIDLIGHT_CELL_CODE_PATTERN: '(',
    GRIDLIGHT_LOG_LEVEL: 'loud',
    GRIDLIGHT_MAP_TILE_URL: 'https://tiles.example/{z}/{x}.png',
    GRIDLIGHT_MAP_TILE_DATUM: 'bd09',
    GRIDLIGHT_BEHIND_TLS_PROXY: 'yes',
    GRIDLIGHT_HTPP_PORT: '1',
  })
  const named = faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0])
  t.same([...new Set(named)].sort(), [
    'GRIDLIGHT_ADMIN_PASSWORD',
    'GRIDLIGHT_BEHIND_TLS_PROXY',
    'GRIDLIGHT_CAMERA_NETWORKS',
    'GRIDLIGHT_CELL_CODE_PATTERN',
    'GRIDLIGHT_DATABASE_URL',
    'GRIDLIGHT_HTPP_PORT',
    'GRIDLIGHT_HTTP_HOST',
    'GRIDLIGHT_HTTP_PORT',
    'GRIDLIGHT_LOG_LEVEL',
    'GRIDLIGHT_MAP_TILE_DATUM',
    'GRIDLIGHT_MAP_TILE_URL',
    'GRIDLIGHT_MQTT_PORT',
    'GRIDLIGHT_MQTT_URL',
  ])
  t.equal(named.filter((name) => name === 'GRIDLIGHT_CAMERA_NETWORKS').length, 2, 'both bad networks')
  t.notMatch(faults.join(), 'short', 'a password is not repeated')
  for (const fault of faults) t.match(fault, /[\u4e00-\u9fff].* \/ .*[a-z]/, 'in both languages')
})

for (const [name, environment, isRefused] of [
  ['loopback by name', { GRIDLIGHT_HTTP_HOST: 'localhost' }, false],
  ['loopback of IPv6', { GRIDLIGHT_HTTP_HOST: '::1' }, false],
  ['another 127 address', { GRIDLIGHT_HTTP_HOST: '127.1.2.3' }, false],
  ['all addresses', { GRIDLIGHT_HTTP_HOST: '0.0.0.0' }, true],
  ['a name that begins like loopback', { GRIDLIGHT_HTTP_HOST: '127.0.0.1.example.org' }, true],
  [
    'all addresses with TLS',
    { GRIDLIGHT_HTTP_HOST: '0.0.0.0', GRIDLIGHT_TLS_CERT_FILE: 'c', GRIDLIGHT_TLS_KEY_FILE: 'k' },
    false,
  ],
  ['all addresses behind a proxy', { GRIDLIGHT_HTTP_HOST: '::', GRIDLIGHT_BEHIND_TLS_PROXY: 'true' }, false],
  ['half of TLS', { GRIDLIGHT_TLS_KEY_FILE: 'k' }, true],
] as const) {
  t.test(`${name} is ${isRefused ? 'refused' : 'taken'}`, async (t) => {
    t.equal(faultsOf(environment).length > 0, isRefused)
  })
}

t.test('an external broker takes the place of the embedded one', async (t) => {
  for (const url of ['mqtt://broker:1883', 'mqtts://broker:8883']) {
    const loaded = loadConfig({ GRIDLIGHT_MQTT_URL: url })
    t.match(loaded, { ok: true, config: { mqtt: { kind: 'external', url } } })
  }
})
