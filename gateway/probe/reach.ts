import { DialError } from '../dial.ts'
import { OnvifClient, type OnvifFailure, type OnvifOptions, type OnvifResult } from '../onvif/client.ts'
import { inUri, joinAddress } from '../onvif/uri.ts'
import type { Words } from '../words.ts'
import { ownNetworks } from './own-networks.ts'
import type { ProbeCode } from './probe-codes.ts'
import { answersRtsp } from './rtsp-glance.ts'

/** Where ONVIF lives when nobody gave a port (§1 of the interoperability notes), HTTPS last. */
export const USUAL_PORTS = [80, 8000, 8080, 8899, 2020, 8999, 5000, 443]
/** Ports that say what they speak. */
const TLS_PORTS: ReadonlySet<number> = new Set([443, 8443])
const RTSP_PORTS = [554, 8554]
const REACH_TIMEOUT_MS = 3_000
const LIFE_TIMEOUT_MS = 2_000

export interface ReachRequest {
  host: string
  ports: readonly number[]
  devicePath: string | undefined
  /** Certificates that registered devices are known by, by `host:port`; such a device is asked by HTTPS alone. */
  pins: ReadonlyMap<string, string>
}

export type ReachDeps = Pick<OnvifOptions, 'dialer' | 'clock' | 'randomBytes'>

export type Reached =
  | {
      ok: true
      port: number
      /** Knows the device's clock and certificate; without a login. */
      client: OnvifClient
      /** Everything but the login, for a client of the same device. */
      options: Omit<OnvifOptions, 'credentials' | 'timeoutMs'>
      toldTime: boolean
    }
  | { ok: false; code: ProbeCode; detail: string | Words; certificate?: { found: string; registered: string } }

export interface Asked {
  port: number
  client: OnvifClient
  options: Omit<OnvifOptions, 'credentials' | 'timeoutMs'>
  answer: OnvifResult<unknown>
}

/**
 * The first of the ports that speaks ONVIF, in the clear or over TLS; the usual ones are asked together, for a closed
 * one answers at once. Nothing but the time is asked, and no login is sent.
 */
export async function reach(request: ReachRequest, deps: ReachDeps, signal: AbortSignal): Promise<Reached> {
  const asked = await Promise.all(request.ports.map((port) => askPort(port, request, deps, signal)))
  // Another certificate than the registered one is told, and not gone around by a port in the clear.
  const changed = asked.find(({ answer }) => !answer.ok && answer.why === 'certificate-changed')
  if (changed !== undefined && !changed.answer.ok) {
    const registered = request.pins.get(joinAddress(request.host, changed.port)) ?? ''
    const certificate = { found: changed.client.certificate ?? '', registered }
    return { ok: false, code: 'certificate-changed', detail: changed.answer.detail, certificate }
  }
  const found = asked.find(isThere)
  if (found === undefined) return { ok: false, ...(await whyNot(request.host, asked, deps, signal)) }
  return { ok: true, ...found, toldTime: found.answer.ok }
}

/** A camera that wants a login even for its clock has shown that it is there. */
export const isThere = ({ answer }: Asked): boolean =>
  answer.ok || answer.why === 'login-needed' || answer.why === 'fault'

/** In the clear first, except where the port or the register says otherwise; what does not talk HTTP is tried by TLS. */
export async function askPort(
  port: number,
  request: ReachRequest,
  deps: ReachDeps,
  signal: AbortSignal,
): Promise<Asked> {
  const { host, devicePath, ports, pins } = request
  const pin = pins.get(joinAddress(host, port))
  const ask = async (tls: boolean): Promise<Asked> => {
    const options = {
      ...deps,
      host,
      port,
      ...(devicePath === undefined ? {} : { devicePath }),
      ...(tls ? { tls: { pin } } : {}),
    }
    const client = new OnvifClient({ ...options, ...(ports.length > 1 ? { timeoutMs: REACH_TIMEOUT_MS } : {}) })
    const answer = await client.systemTime(signal)
    const seen = client.certificate
    return { port, client, answer, options: tls && seen !== undefined ? { ...options, tls: { pin: seen } } : options }
  }
  if (pin !== undefined) return ask(true)
  const first = await ask(TLS_PORTS.has(port))
  if (isThere(first) || first.answer.ok) return first
  if (!OTHER_WAY.has(first.answer.why)) return first
  const second = await ask(!TLS_PORTS.has(port))
  return isThere(second) ? second : first
}

/** What a server answers that was spoken to in the other way. */
const OTHER_WAY: ReadonlySet<OnvifFailure> = new Set(['not-onvif', 'closed', 'tls-failed'])

/** Names the cause as well as it can be seen from here, with a few connections more and no login. */
async function whyNot(
  host: string,
  asked: readonly Asked[],
  { dialer }: ReachDeps,
  signal: AbortSignal,
): Promise<{ code: ProbeCode; detail: string | Words }> {
  const failures = asked.flatMap(({ answer, port }) => (answer.ok ? [] : [{ port, ...answer }]))
  const where = failures.length > 1 ? host : joinAddress(host, failures[0]?.port ?? 80)
  const refusal = failures.find(({ why }) => why in NOT_DIALLED)
  if (refusal !== undefined) {
    const code = NOT_DIALLED[refusal.why as keyof typeof NOT_DIALLED]
    return { code, detail: refusal.detail }
  }
  const web = failures.find(({ why, detail }) => why === 'not-onvif' && detail.startsWith('HTTP '))
  if (web !== undefined) return { code: 'onvif-disabled', detail: `${joinAddress(host, web.port)}: ${web.detail}` }
  const rtsp = await Promise.all(
    RTSP_PORTS.map((port) => answersRtsp(dialer, `rtsp://${inUri(host)}:${port}/`, signal, LIFE_TIMEOUT_MS)),
  )
  const rtspPort = RTSP_PORTS[rtsp.findIndex(({ ok }) => ok)]
  const silent = failures.filter(({ why }) => why === 'timeout' || why === 'unreachable')
  const there = failures.filter(({ why }) => why !== 'timeout' && why !== 'unreachable')
  if (rtspPort !== undefined) {
    const detail: Words = {
      zh: `${host}:${rtspPort} 有 RTSP 应答，${where} 没有 ONVIF 应答`,
      en: `RTSP answers at ${host}:${rtspPort}, ONVIF at ${where} does not`,
    }
    return { code: there.length > 0 ? 'onvif-disabled' : 'port-blocked', detail }
  }
  const odd = failures.find(({ why }) => why === 'not-onvif' || why === 'closed' || why === 'tls-failed')
  if (odd !== undefined) {
    const code = odd.why === 'tls-failed' ? 'tls-failed' : 'not-onvif'
    return { code, detail: `${joinAddress(host, odd.port)}: ${odd.detail}` }
  }
  const isAlive = there.length > 0 || (await lives(host, dialer, asked, signal))
  if (isAlive && silent.length > 0 && there.length === 0) {
    return { code: 'port-blocked', detail: where }
  }
  if (isAlive) return { code: 'connection-refused', detail: where }
  const own = ownNetworks()
  if (!own.has(await addressOf(host, dialer))) {
    const [zh, en] = [own.names.join('、') || '任何网段之外', own.names.join(', ') || 'no network']
    return { code: 'other-subnet', detail: { zh: `${where}；网关在 ${zh}`, en: `${where}; the gateway is in ${en}` } }
  }
  return { code: silent.some(({ why }) => why === 'unreachable') ? 'host-unreachable' : 'timeout', detail: where }
}

const NOT_DIALLED = {
  'address-not-allowed': 'address-not-allowed',
  'port-not-allowed': 'port-not-allowed',
  'name-not-found': 'name-not-found',
} as const satisfies Partial<Record<OnvifFailure, ProbeCode>>

/** Whether any usual port of the host is open or closed, rather than silent. */
async function lives(
  host: string,
  dialer: ReachDeps['dialer'],
  asked: readonly Asked[],
  signal: AbortSignal,
): Promise<boolean> {
  const tried = new Set(asked.map(({ port }) => port))
  const ports = [...USUAL_PORTS, ...RTSP_PORTS].filter((port) => !tried.has(port))
  const answers = await Promise.all(
    ports.map(async (port) => {
      try {
        const socket = await dialer.connect({ host, port, timeoutMs: LIFE_TIMEOUT_MS }, signal)
        socket.destroy()
        return true
      } catch (error) {
        signal.throwIfAborted()
        return error instanceof DialError && error.fault === 'refused'
      }
    }),
  )
  return answers.includes(true)
}

async function addressOf(host: string, dialer: ReachDeps['dialer']): Promise<string> {
  const checked = await dialer.check(host, 80)
  return checked.ok ? checked.address : host
}
