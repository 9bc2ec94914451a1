import { randomUUID } from 'node:crypto'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { OnvifHabits } from '../township-data.ts'
import { escapeXml, find, NS, parseXml, splitName, type XmlElement } from './xml.ts'

export const DISCOVERY_PORT = 3702
export const DISCOVERY_GROUP = '239.255.255.250'
const MAX_PROBE_BYTES = 65_536

/** What a camera says of itself when asked. */
export interface Announced {
  address: string
  uuid: string
  xaddr: string
  habits: OnvifHabits['discovery']
  /** Scopes beside those of the make, such as where the camera hangs. */
  scopes: string[]
  /** False while the camera is down. */
  isUp: () => boolean
}

/**
 * Answers WS-Discovery probes for all cameras of one township: to the group through one shared socket, to each
 * camera's own address through its own, and always from the camera's address. Only this machine gets answers, since
 * nobody else could reach cameras on loopback.
 */
export class DiscoveryResponder {
  readonly #cameras: readonly Announced[]
  readonly #sockets: Socket[] = []

  constructor(cameras: readonly Announced[]) {
    this.#cameras = cameras
  }

  async start(): Promise<void> {
    const own: { camera: Announced; socket: Socket }[] = []
    for (const camera of this.#cameras) {
      const socket = await this.#open(camera.address)
      socket.on('message', (message, from) => answer(camera, socket, message, from))
      own.push({ camera, socket })
    }
    const group = await this.#open(DISCOVERY_GROUP)
    for (const address of ['127.0.0.1', ...localAddresses()]) {
      try {
        group.addMembership(DISCOVERY_GROUP, address)
      } catch {
        // An interface without multicast: the others still hear the question.
      }
    }
    group.on('message', (message, from) => {
      for (const { camera, socket } of own) answer(camera, socket, message, from)
    })
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#sockets.splice(0).map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    )
  }

  #open(address: string): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    this.#sockets.push(socket)
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(DISCOVERY_PORT, address, () => {
        socket.off('error', reject)
        socket.on('error', () => {}) // an unreachable asker is no fault of ours
        resolve(socket)
      })
    })
  }
}

const localAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => entry.family === 'IPv4' && !entry.internal)
    .map((entry) => entry.address)

const isLocal = (address: string): boolean => address.startsWith('127.') || localAddresses().includes(address)

function answer(camera: Announced, socket: Socket, message: Buffer, from: RemoteInfo): void {
  if (!camera.isUp() || !isLocal(from.address) || message.length > MAX_PROBE_BYTES) return
  const reply = probeMatch(camera, message.toString('utf8'))
  if (reply !== undefined) socket.send(reply, from.port, from.address, () => {})
}

/** @returns the ProbeMatches envelope in the make's own spelling, or undefined where the camera stays silent */
export function probeMatch(camera: Announced, question: string): string | undefined {
  const envelope = parseXml(question)
  const probe = find(envelope, 'Probe', NS.discovery)
  const messageId = find(envelope, 'MessageID', NS.addressing2004)?.text
  if (probe === undefined || messageId === undefined || !matches(camera, find(probe, 'Types', NS.discovery))) {
    return undefined
  }
  const { envelope: s, addressing: a, discovery: d, network: n, ...habits } = camera.habits
  const types = habits.types.map((type) => `${type === 'Device' ? 'tds' : n}:${type}`).join(' ')
  const xaddrs = [camera.xaddr, ...habits.extraXaddrs.map((uri) => uri.replace('{host}', camera.address))].join(' ')
  const ownId = habits.repeatsMessageId ? messageId : `urn:uuid:${randomUUID()}`
  return (
    `<?xml version="1.0" encoding="UTF-8"?><${s}:Envelope xmlns:${s}="${NS.soap}" xmlns:${a}="${NS.addressing2004}" ` +
    `xmlns:${d}="${NS.discovery}" xmlns:${n}="${NS.network}" xmlns:tds="${NS.device}"><${s}:Header>` +
    `<${a}:MessageID>${escapeXml(ownId)}</${a}:MessageID><${a}:RelatesTo>${escapeXml(messageId)}</${a}:RelatesTo>` +
    `<${a}:To>${NS.addressing2004}/role/anonymous</${a}:To><${a}:Action>${NS.discovery}/ProbeMatches</${a}:Action>` +
    `</${s}:Header><${s}:Body><${d}:ProbeMatches><${d}:ProbeMatch>` +
    `<${a}:EndpointReference><${a}:Address>${habits.endpointReference}${camera.uuid}</${a}:Address></${a}:EndpointReference>` +
    `<${d}:Types>${types}</${d}:Types><${d}:Scopes>${escapeXml([...habits.scopes, ...camera.scopes].join(' '))}</${d}:Scopes>` +
    `<${d}:XAddrs>${escapeXml(xaddrs)}</${d}:XAddrs><${d}:MetadataVersion>1</${d}:MetadataVersion>` +
    `</${d}:ProbeMatch></${d}:ProbeMatches></${s}:Body></${s}:Envelope>`
  )
}

/** Types are compared by namespace and local name, whatever prefixes the asker chose (WS-Discovery §5.1). */
function matches({ habits }: Announced, types: XmlElement | undefined): boolean {
  const asked = types?.text.split(/\s+/).filter((name) => name !== '') ?? []
  if (asked.length === 0) return !habits.needsTypes
  return asked.every((qualified) => {
    const [prefix, name] = splitName(qualified)
    const namespace = types?.resolve(prefix)
    return habits.types.some((type) => name === type && namespace === (type === 'Device' ? NS.device : NS.network))
  })
}
