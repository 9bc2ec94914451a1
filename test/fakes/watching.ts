import type { LightMyRequestResponse } from 'fastify'
import { systemClock } from '../../gateway/clock.ts'
import { createDialer } from '../../gateway/dial.ts'
import { RelayPool } from '../../gateway/relay/relay-pool.ts'
import type { StreamSource } from '../../gateway/views/sources.ts'
import type { Township } from '../../scripts/virtual-township/township.ts'
import { open } from '../virtual-township/running.ts'
import { type CountedRelays, counted } from './counted-relays.ts'
import { type LawfulAccess, lawfulAccess, newLink } from './lawful-access.ts'

export const CAMERA = 'cam-liangzhan'

type Fixture = Parameters<typeof lawfulAccess>[0]
export type Headers = Record<string, string>

export interface Watching extends LawfulAccess {
  township: Township
  relays: CountedRelays
  /** Login and address of the virtual camera. */
  source: StreamSource['source']
  publicCamera(more?: Parameters<typeof newLink>[2]): Promise<string>
  /** A private camera whose owner has agreed. */
  privateCamera(more?: Parameters<typeof newLink>[2]): Promise<{ cameraId: string; linkId: string; owner: Headers }>
  watch(headers: Headers, cameraId: string, reason?: object): Promise<LightMyRequestResponse>
}

/** All of it, to the picture: a virtual camera, the real relays, and the gate before them. */
export async function watching(t: Fixture, addressBase: string): Promise<Watching> {
  const township = await open(addressBase, [CAMERA])
  t.teardown(() => township.close())
  const pool = new RelayPool({ dialer: createDialer(['127.0.0.0/8']), clock: systemClock })
  t.teardown(() => pool.close())
  const relays = counted(pool)
  const f = await lawfulAccess(t, relays)
  const { device, found } = township.camera(CAMERA)
  const { username, password } = device
  const source = async () => ({ uri: found.channels[0]?.subUri ?? '', username, password })
  const link = async (cameraId: string, ownership: 'public' | 'private', more: Parameters<typeof newLink>[2]) => {
    const payload = newLink(cameraId, ownership, more)
    const headers = await f.bearer(['administrator'])
    const made = await f.app.inject({ method: 'POST', url: '/api/v1/links', headers, payload })
    if (made.statusCode !== 201) throw new Error(made.body)
    return made.json()
  }
  return {
    ...f,
    township,
    relays,
    source,
    publicCamera: async (more = {}) => {
      const cameraId = await f.addCamera('public', { source })
      await link(cameraId, 'public', more)
      return cameraId
    },
    privateCamera: async (more = {}) => {
      const cameraId = await f.addCamera('private', { source })
      const { id: linkId, scopes, ownerInvitation } = await link(cameraId, 'private', more)
      const { token } = ownerInvitation
      const opened = await f.app.inject({ method: 'POST', url: '/api/v1/owner/session', payload: { token } })
      const [cookie] = opened.cookies
      const owner = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-csrf-token': String(opened.json().csrfToken) }
      const validUntil = new Date(f.clock.now() + 30 * 24 * 60 * 60_000).toISOString()
      const url = `/api/v1/owner/links/${linkId}/consent`
      const agreed = await f.app.inject({ method: 'POST', url, headers: owner, payload: { scopes, validUntil } })
      if (agreed.statusCode !== 200) throw new Error(agreed.body)
      return { cameraId, linkId, owner }
    },
    watch: (headers, cameraId, reason = { kind: 'request', text: '派出所来电调看' }) =>
      f.app.inject({ method: 'POST', url: '/api/v1/views', headers, payload: { cameraId, reason } }),
  }
}

export interface Playlist {
  /** Media sequence number of the segment that is still growing, and how many parts it has. */
  msn: number
  parts: number
  init: string
  lastPart: string
}

/** The tags of a media playlist that a player goes on with (RFC 8216bis §4.4). */
export function readPlaylist(text: string): Playlist {
  const lines = text.split('\n')
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1])
  const whole = lines.filter((line) => line.startsWith('#EXTINF')).length
  const lastWhole = lines.findLastIndex((line) => line.startsWith('#EXTINF'))
  const open = lines.slice(lastWhole + 1).filter((line) => line.startsWith('#EXT-X-PART:'))
  const parts = lines.filter((line) => line.startsWith('#EXT-X-PART:'))
  return {
    msn: first + whole,
    parts: open.length,
    init: /#EXT-X-MAP:URI="([^"]+)"/.exec(text)?.[1] ?? '',
    lastPart: /URI="([^"]+)"/.exec(parts.at(-1) ?? '')?.[1] ?? '',
  }
}
