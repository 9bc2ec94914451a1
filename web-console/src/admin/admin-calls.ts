import { z } from 'zod'
import {
  AlarmMapping,
  AlarmSource,
  type AlarmSourceChange,
  type DryRun,
  DryRunAnswer,
  type NewAlarmSource,
  NewAlarmSourceAnswer,
  RejectedInputs,
} from '../../../gateway/contracts/alarm.ts'
import { AuditCheckpoint, AuditEntry, AuditVerdict } from '../../../gateway/contracts/audit.ts'
import { Camera, type CameraPatch } from '../../../gateway/contracts/camera.ts'
import { CameraHealth } from '../../../gateway/contracts/camera-health.ts'
import { type CameraPhoto, type CameraPhotoKind, CameraPhotos } from '../../../gateway/contracts/camera-photo.ts'
import { CaseFigures, type CaseFiguresQuery, CaseTargets } from '../../../gateway/contracts/case-figures.ts'
import {
  Channel,
  type ChannelChange,
  ChannelTest,
  Delivery,
  type NewChannel,
  Phone,
} from '../../../gateway/contracts/channel.ts'
import { ClipRetention } from '../../../gateway/contracts/clip.ts'
import { page } from '../../../gateway/contracts/common.ts'
import { ClockSet } from '../../../gateway/contracts/device.ts'
import { Availability } from '../../../gateway/contracts/health.ts'
import {
  type NewToken,
  NewTokenAnswer,
  type NewUser,
  Token,
  User,
  type UserChange,
} from '../../../gateway/contracts/identity.ts'
import { DeadLetter, OutboxAnswer, type OutboxState } from '../../../gateway/contracts/outbox.ts'
import { Settings } from '../../../gateway/contracts/settings.ts'
import { type Answer, allPages, type Client } from '../api/client.ts'

const API = '/api/v1'
/** The gateway gives no more of them at once: each carries its streams. */
const HEALTH_PAGE = 200

/** An action that is newer than this page still has a line. */
const Entry = AuditEntry.extend({ action: z.string() })
export type Entry = z.infer<typeof Entry>
const Entries = page(Entry)

export interface AuditFilter {
  since?: string | undefined
  until?: string | undefined
  actor?: string | undefined
  object?: string | undefined
  action?: string | undefined
  result?: string | undefined
}

/** What those ask who run and check the gateway. */
export function createAdminCalls(client: Client) {
  return {
    health: (filter: { state: string | undefined; attention: 'yes' | undefined }, signal: AbortSignal) =>
      allPages(client, `${API}/health/cameras`, page(CameraHealth), { ...filter, limit: HEALTH_PAGE }, signal),
    availability: (days: number, signal: AbortSignal) =>
      client.call('GET', `${API}/health/availability`, Availability, { query: { by: 'cell', days }, signal }),

    users: (signal: AbortSignal) => allPages(client, `${API}/users`, page(User), {}, signal),
    createUser: (body: NewUser) => client.call('POST', `${API}/users`, User, { body }),
    changeUser: (id: string, body: UserChange) => client.call('PATCH', `${API}/users/${id}`, User, { body }),
    signOutUser: (id: string) => client.send('POST', `${API}/users/${id}/sign-out`),
    tokens: (signal: AbortSignal) => allPages(client, `${API}/tokens`, page(Token), {}, signal),
    createToken: (body: NewToken) => client.call('POST', `${API}/tokens`, NewTokenAnswer, { body }),
    revokeToken: (id: string) => client.send('DELETE', `${API}/tokens/${id}`),

    /** One page, newest first; every page that is read leaves a trace. */
    audit: (filter: AuditFilter, cursor: string | undefined, limit: number, signal?: AbortSignal) =>
      client.call('GET', `${API}/audit`, Entries, {
        query: { ...filter, cursor, limit },
        ...(signal === undefined ? {} : { signal }),
      }),
    verifyAudit: () => client.call('GET', `${API}/audit/verification`, AuditVerdict),
    lastCheckpoint: (signal: AbortSignal) =>
      client.call('GET', `${API}/audit/checkpoints`, page(AuditCheckpoint), { query: { limit: 1 }, signal }),

    /** Those in use, or those that are retired. */
    sources: (retired: 'yes' | 'no', signal: AbortSignal) =>
      allPages(client, `${API}/alarm-sources`, page(AlarmSource), { retired }, signal),
    createSource: (body: NewAlarmSource) => client.call('POST', `${API}/alarm-sources`, NewAlarmSourceAnswer, { body }),
    changeSource: (id: string, body: AlarmSourceChange) =>
      client.call('PATCH', `${API}/alarm-sources/${id}`, AlarmSource, { body }),
    renewSource: (id: string) => client.call('POST', `${API}/alarm-sources/${id}/credentials`, NewAlarmSourceAnswer),
    retireSource: (id: string) => client.send('DELETE', `${API}/alarm-sources/${id}`),
    mappings: (signal: AbortSignal) => client.call('GET', `${API}/alarm-mappings`, page(AlarmMapping), { signal }),
    dryRun: (body: DryRun) => client.call('POST', `${API}/alarm-sources/dry-run`, DryRunAnswer, { body }),
    rejected: (limit: number, signal: AbortSignal) =>
      client.call('GET', `${API}/alarm-sources/rejected`, RejectedInputs, { query: { limit }, signal }),

    /** All of them at once: there are a handful. */
    channels: async (signal: AbortSignal): Promise<Answer<Channel[]>> => {
      const answer = await client.call('GET', `${API}/channels`, page(Channel), { signal })
      return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
    },
    createChannel: (body: z.input<typeof NewChannel>) => client.call('POST', `${API}/channels`, Channel, { body }),
    changeChannel: (id: string, body: ChannelChange) =>
      client.call('PATCH', `${API}/channels/${id}`, Channel, { body }),
    removeChannel: (id: string) => client.send('DELETE', `${API}/channels/${id}`),
    testChannel: (id: string, phone: string | undefined) =>
      client.call('POST', `${API}/channels/${id}/test`, ChannelTest, { body: phone === undefined ? {} : { phone } }),
    deadLetters: (signal: AbortSignal) =>
      allPages(client, `${API}/deliveries`, page(Delivery), { state: 'dead' }, signal),
    retryDelivery: (id: string) => client.send('POST', `${API}/deliveries/${id}/retry`),

    changeCamera: (id: string, body: CameraPatch) => client.call('PATCH', `${API}/cameras/${id}`, Camera, { body }),
    removeCamera: (id: string) => client.send('DELETE', `${API}/cameras/${id}`),
    setCameraClock: (id: string) => client.call('POST', `${API}/cameras/${id}/clock`, ClockSet),
    photos: async (id: string, signal: AbortSignal): Promise<Answer<CameraPhoto[]>> => {
      const answer = await client.call('GET', `${API}/cameras/${id}/photos`, CameraPhotos, { signal })
      return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
    },
    photoUrl: (id: string, kind: CameraPhotoKind) => `${API}/cameras/${id}/photos/${kind}`,

    phone: (userId: string, signal: AbortSignal) =>
      client.call('GET', `${API}/users/${userId}/phone`, Phone, { signal }),
    setPhone: (userId: string, phone: string | null) =>
      client.send('PUT', `${API}/users/${userId}/phone`, { body: { phone } }),

    figures: (query: { by: CaseFiguresQuery['by']; days: number }, signal: AbortSignal) =>
      client.call('GET', `${API}/case-figures`, CaseFigures, { query, signal }),
    figuresCsv: ({ by, days }: { by: CaseFiguresQuery['by']; days: number }) =>
      `${API}/case-figures?by=${by}&days=${days}`,
    targets: (signal: AbortSignal) => client.call('GET', `${API}/case-targets`, CaseTargets, { signal }),
    setTargets: (body: CaseTargets) => client.call('PUT', `${API}/case-targets`, CaseTargets, { body }),
    retention: (signal: AbortSignal) => client.call('GET', `${API}/clip-retention`, ClipRetention, { signal }),
    setRetention: (body: ClipRetention) => client.call('PUT', `${API}/clip-retention`, ClipRetention, { body }),
    outbox: async (signal: AbortSignal): Promise<Answer<OutboxState[]>> => {
      const answer = await client.call('GET', `${API}/outbox`, OutboxAnswer, { signal })
      return answer.kind === 'ok' ? { kind: 'ok', data: answer.data.items } : answer
    },
    outboxDeadLetters: (signal: AbortSignal) =>
      allPages(client, `${API}/outbox/dead-letters`, page(DeadLetter), {}, signal),
    settings: (signal: AbortSignal) => client.call('GET', `${API}/settings`, Settings, { signal }),
  }
}
export type AdminCalls = ReturnType<typeof createAdminCalls>
