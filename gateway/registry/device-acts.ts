import type { Clock } from '../clock.ts'
import { actorOf, type NewAuditEntry } from '../contracts/audit.ts'
import type { Camera } from '../contracts/camera.ts'
import type { ClockSet, DeviceOverrides } from '../contracts/device.ts'
import type { Principal } from '../contracts/identity.ts'
import { DialError } from '../dial.ts'
import type { ProblemCode } from '../errors.ts'
import { OnvifClient, type OnvifFailure, type OnvifResult } from '../onvif/client.ts'
import type { Credentials } from '../onvif/soap.ts'
import { splitAddress } from '../onvif/uri.ts'
import { CertificateChanged, secure } from '../pinned-tls.ts'
import { FAILURE_CODES } from '../probe/check.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import { profileOf } from '../probe/effective-profile.ts'
import type { InterviewRequest } from '../probe/interview.ts'
import { PROBE_CODES } from '../probe/probe-codes.ts'
import { reach, USUAL_PORTS } from '../probe/reach.ts'
import type { Database, Tx } from '../storage/database.ts'
import { asGiven, inBoth } from '../words.ts'
import type { Cameras, Outcome } from './cameras.ts'
import { type ConnectDeps, clientOptions, connectDevice } from './connect.ts'
import { type CameraRow, readCamera } from './store.ts'
import { noteClockOffset } from './watch-store.ts'

export interface DeviceActsDeps extends ConnectDeps {
  database: Database
  clock: Clock
  profiles: readonly DeviceProfile[]
  cameras: Cameras
  audit: { append(tx: Tx, entry: NewAuditEntry): Promise<unknown> }
  /** What is known of an address before it is asked. */
  knownAt(address: string): Promise<Pick<InterviewRequest, 'announced' | 'pins'>>
}

/** What a person does to a device itself: each is asked for, and each is in the trail. */
export class DeviceActs {
  readonly #deps: DeviceActsDeps

  constructor(deps: DeviceActsDeps) {
    this.#deps = deps
  }

  /** Takes the certificate that the device shows now for its own, if it is the one the person has looked at. */
  async acceptCertificate(
    principal: Principal,
    cameraId: string,
    sha256: string,
    signal: AbortSignal,
  ): Promise<Outcome<Camera>> {
    const { cameras, database, audit } = this.#deps
    const camera = await cameras.read(principal, cameraId)
    if (camera.kind === 'refused') return camera
    const row = await readCamera(database.client, cameraId)
    if (row === undefined) return { kind: 'refused', why: 'not-found' }
    if (row.device.kind === 'rtsp') return this.#acceptStreamCertificate(principal, row, sha256, signal)
    const { id, address, certificateSha256: before } = row.device
    if (before === null) return { kind: 'refused', why: 'conflict', detail: WITHOUT_TLS }
    // Compared with the one that was looked at: nothing is taken unseen.
    const client = new OnvifClient(clientOptions(this.#deps, { address, certificateSha256: sha256 }))
    const answer = await client.systemTime(signal)
    if (client.certificate === undefined) return refusal(answer)
    if (client.certificate !== sha256) {
      return certificateChanged(client.certificate)
    }
    await database.transaction(async (tx) => {
      await tx.device.update({ where: { id }, data: { certificateSha256: sha256 } })
      await audit.append(tx, acceptedEntry(principal, cameraId, { address, before, now: sha256 }))
    })
    return cameras.read(principal, cameraId)
  }

  /** The same of a camera that is known by its streams only. */
  async #acceptStreamCertificate(
    principal: Principal,
    { id: cameraId, device, streams }: CameraRow,
    sha256: string,
    signal: AbortSignal,
  ): Promise<Outcome<Camera>> {
    const { cameras, database, audit, dialer } = this.#deps
    const { id, address, rtspCertificateSha256: before } = device
    const uri = streams.find(({ role }) => role === 'main')?.uri ?? ''
    const [, host = '', port = 322] = /^rtsps:\/\/(\[[^\]]*\]|[^/:?]+)(?::(\d+))?/.exec(uri) ?? []
    if (before === null || host === '') return { kind: 'refused', why: 'conflict', detail: WITHOUT_TLS }
    try {
      const plain = await dialer.connect({ host, port: Number(port) }, signal)
      const { socket } = await secure(plain, { host: host.replace(/^\[|\]$/g, ''), pin: sha256 }, signal)
      socket.destroy()
    } catch (error) {
      if (error instanceof CertificateChanged) return certificateChanged(error.found)
      if (!(error instanceof DialError)) throw error
      return { kind: 'refused', why: 'camera-unreachable', detail: asGiven(error.message) }
    }
    await database.transaction(async (tx) => {
      await tx.device.update({ where: { id }, data: { rtspCertificateSha256: sha256 } })
      await audit.append(tx, acceptedEntry(principal, cameraId, { address, before, now: sha256 }))
    })
    return cameras.read(principal, cameraId)
  }

  /** Sets a registered device's clock. */
  async setClock(principal: Principal, cameraId: string, signal: AbortSignal): Promise<Outcome<ClockSet>> {
    const { cameras, database, profiles } = this.#deps
    const camera = await cameras.read(principal, cameraId)
    if (camera.kind === 'refused') return camera
    const row = await readCamera(database.client, cameraId)
    if (row === undefined) return { kind: 'refused', why: 'not-found' }
    if (row.device.kind !== 'onvif') {
      const detail = { zh: '时钟须经 ONVIF 校准', en: 'the clock is set by ONVIF' }
      return { kind: 'refused', why: 'conflict', detail }
    }
    const profile = profileOf(profiles, row.device)
    const connected = await connectDevice(this.#deps, row.device, profile, signal)
    if (!connected.ok) return refusal(connected)
    const outcome = await this.#set(principal, `camera:${cameraId}`, connected.value.client, signal)
    if (outcome.kind === 'done') await noteClockOffset(database, row.device.id, outcome.value.clockOffsetMs)
    return outcome
  }

  /** Sets the clock of a device that is to be registered. */
  async setClockAt(
    principal: Principal,
    { address, credentials, overrides }: { address: string; credentials: Credentials; overrides: DeviceOverrides },
    signal: AbortSignal,
  ): Promise<Outcome<ClockSet>> {
    const { host, port } = splitAddress(address)
    const ports = port === undefined ? USUAL_PORTS : [port]
    const { announced, pins = new Map() } = await this.#deps.knownAt(address)
    const { devicePath = announced?.path, readableLogin = false } = overrides
    const reached = await reach({ host, ports, devicePath, pins }, this.#deps, signal)
    if (!reached.ok) return { kind: 'refused', why: PROBE_CODES[reached.code].problem, detail: inBoth(reached.detail) }
    const client = new OnvifClient({ ...reached.options, credentials, readableLogin })
    client.adoptClock(reached.client)
    return this.#set(principal, `device:${address}`, client, signal)
  }

  async #set(
    principal: Principal,
    object: string,
    client: OnvifClient,
    signal: AbortSignal,
  ): Promise<Outcome<ClockSet>> {
    const time = await client.systemTime(signal)
    if (!time.ok) return refusal(time)
    const beforeMs = Math.round(client.clockOffsetMs)
    const set = await client.setSystemTime(time.value, signal)
    if (!set.ok) return refusal(set)
    const again = await client.systemTime(signal)
    if (!again.ok) return refusal(again)
    const clockOffsetMs = Math.round(client.clockOffsetMs)
    const { database, audit } = this.#deps
    await database.transaction((tx) =>
      audit.append(tx, {
        action: 'device-clock-set',
        actor: actorOf(principal),
        object,
        result: 'done',
        detail: { beforeMs, afterMs: clockOffsetMs },
      }),
    )
    return { kind: 'done', value: { beforeMs, clockOffsetMs } }
  }
}

function refusal(answer: OnvifResult<unknown>): Outcome<never> {
  const { why, detail }: { why: OnvifFailure; detail: string } = answer.ok
    ? { why: 'closed', detail: 'no certificate was shown' }
    : answer
  const problem: ProblemCode = PROBE_CODES[FAILURE_CODES[why]].problem
  return { kind: 'refused', why: problem, detail: asGiven(detail) }
}

const WITHOUT_TLS = { zh: '登记时未用 TLS', en: 'it was registered without TLS' }

const certificateChanged = (sha256: string): Outcome<never> => ({
  kind: 'refused',
  why: 'camera-certificate-changed',
  detail: { zh: `设备出示的是 ${sha256}`, en: `the device shows ${sha256}` },
})

const acceptedEntry = (
  principal: Principal,
  cameraId: string,
  detail: { address: string; before: string; now: string },
): NewAuditEntry => ({
  action: 'certificate-accepted',
  actor: actorOf(principal),
  object: `camera:${cameraId}`,
  result: 'done',
  detail,
})
