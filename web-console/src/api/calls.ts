import { z } from 'zod'
import { Alarm, AlarmLoad, NoisiestSources } from '../../../gateway/contracts/alarm.ts'
import { Camera, CameraImportAnswer, type NewCamera } from '../../../gateway/contracts/camera.ts'
import { CameraHealth } from '../../../gateway/contracts/camera-health.ts'
import type { CameraPhotoKind } from '../../../gateway/contracts/camera-photo.ts'
import { Case, Duty, type NewCaseAction } from '../../../gateway/contracts/case.ts'
import { CaseClips } from '../../../gateway/contracts/clip.ts'
import { type Ownership, page } from '../../../gateway/contracts/common.ts'
import {
  type CertificateAcceptance,
  ClockSet,
  DeviceProfileList,
  Discovery,
  type NewDiscovery,
  type NewProbe,
  Probe,
} from '../../../gateway/contracts/device.ts'
import { Grid } from '../../../gateway/contracts/grid.ts'
import { SessionAnswer, type SignIn } from '../../../gateway/contracts/identity.ts'
import {
  Link,
  type NewLink,
  NewLinkAnswer,
  type NewPaperConsent,
  type OwnerConsent,
  OwnerInvitation,
  OwnerOpening,
  OwnerView,
  PaperConsent,
  type Party,
} from '../../../gateway/contracts/link.ts'
import { MapSettings } from '../../../gateway/contracts/map.ts'
import {
  type RegisterChange,
  type RegisterDue,
  RegisterRow,
  RegisterSummary,
  Transparency,
} from '../../../gateway/contracts/register.ts'
import { type NewView, View } from '../../../gateway/contracts/view.ts'
import { type NewRound, type NewWallLayout, Round, Silence, WallLayout } from '../../../gateway/contracts/wall.ts'
import { type Answer, allPages, type Client } from './client.ts'

const API = '/api/v1'

const ImportProgress = z.object({ done: z.number(), total: z.number() })
/** The table as a whole could not be read. */
const ImportFault = z.object({ problem: z.string() })
const Started = z.object({ id: z.string() })
const Cameras = page(Camera)
const Alarms = page(Alarm)
const Cases = page(Case)
const Links = page(Link)
const Register = page(RegisterRow)
const OwnerOpenings = page(OwnerOpening)
const OwnerViews = page(OwnerView)
const WallLayouts = page(WallLayout)
const Rounds = page(Round)

export interface RegisterFilter {
  ownership?: Ownership | undefined
  cell?: string | undefined
  party?: Party['kind'] | undefined
  due?: RegisterDue | undefined
}

/** The gateway's routes as the console uses them, each with the schema of its answer. */
export function createCalls(client: Client) {
  const all = <T>(
    path: string,
    schema: z.ZodType<{ items: T[]; nextCursor?: string | undefined }>,
    query: Record<string, string | undefined> = {},
    signal?: AbortSignal,
  ): Promise<Answer<T[]>> => allPages(client, `${API}${path}`, schema, query, signal)

  return {
    session: () => client.call('GET', `${API}/session`, SessionAnswer),
    signIn: (body: SignIn) => client.call('POST', `${API}/session`, SessionAnswer, { body }),
    signOut: () => client.send('DELETE', `${API}/session`),

    grid: () => client.call('GET', `${API}/grid`, Grid),
    cameras: () => all('/cameras', Cameras),
    registerCamera: (body: NewCamera) => client.call('POST', `${API}/cameras`, Camera, { body }),
    /** @param onRow how far it is, after each row */
    importCameras: (
      table: Blob,
      dryRun: boolean,
      onRow: (progress: z.infer<typeof ImportProgress>) => void,
      signal: AbortSignal,
    ) =>
      client.call('POST', `${API}/cameras/import`, CameraImportAnswer.or(ImportFault), {
        query: { dryRun: String(dryRun) },
        // Windows calls it something else, and so does whoever has no office program.
        file: new Blob([table], { type: 'text/csv' }),
        onLine: (line) => {
          const progress = ImportProgress.safeParse(line)
          if (progress.success) onRow(progress.data)
        },
        signal,
      }),
    importTemplate: `${API}/cameras/import/template`,
    alarms: (limit: number) => client.call('GET', `${API}/alarms`, Alarms, { query: { limit } }),
    alarm: (id: string, signal: AbortSignal) => client.call('GET', `${API}/alarms/${id}`, Alarm, { signal }),

    oneCase: (id: string, signal: AbortSignal) => client.call('GET', `${API}/cases/${id}`, Case, { signal }),
    openCases: () => all('/cases', Cases, { state: 'open' }),
    actOnCase: (id: string, body: NewCaseAction) => client.call('POST', `${API}/cases/${id}/actions`, Case, { body }),
    receiveCase: (id: string) => client.send('POST', `${API}/cases/${id}/receipt`),
    caseClips: (id: string, signal: AbortSignal) =>
      client.call('GET', `${API}/cases/${id}/clips`, CaseClips, { signal }),
    duty: () => client.call('GET', `${API}/duty`, Duty),
    setDuty: (on: boolean) => client.call('POST', `${API}/duty`, Duty, { body: { on } }),

    discover: (body: NewDiscovery) => client.call('POST', `${API}/discoveries`, Started, { body }),
    discovery: (id: string, signal: AbortSignal) =>
      client.call('GET', `${API}/discoveries/${id}`, Discovery, { signal }),
    probe: (body: NewProbe, signal: AbortSignal) => client.call('POST', `${API}/probes`, Probe, { body, signal }),

    cameraHealth: (id: string, signal: AbortSignal) =>
      client.call('GET', `${API}/cameras/${id}/health`, CameraHealth, { signal }),
    deviceProfiles: (signal: AbortSignal) =>
      client.call('GET', `${API}/device-profiles`, DeviceProfileList, { signal }),
    setClock: (body: NewProbe) => client.call('POST', `${API}/probes/clock`, ClockSet, { body }),
    acceptCertificate: (id: string, body: CertificateAcceptance) =>
      client.call('POST', `${API}/cameras/${id}/certificate`, Camera, { body }),
    keepPhoto: (id: string, kind: CameraPhotoKind, jpeg: Blob) =>
      client.send('PUT', `${API}/cameras/${id}/photos/${kind}`, { file: jpeg }),

    createLink: (body: NewLink) => client.call('POST', `${API}/links`, NewLinkAnswer, { body }),
    register: (filter: RegisterFilter, signal: AbortSignal) => all('/register', Register, { ...filter }, signal),
    registerSummary: () => client.call('GET', `${API}/register/summary`, RegisterSummary),
    changeRegister: (cameraId: string, body: RegisterChange) =>
      client.call('PATCH', `${API}/register/${cameraId}`, RegisterRow, { body }),
    transparency: () => client.call('GET', `${API}/transparency`, Transparency),
    inviteAgain: (id: string) => client.call('POST', `${API}/links/${id}/invitation`, OwnerInvitation),
    recordPaper: (id: string, body: NewPaperConsent) =>
      client.call('POST', `${API}/links/${id}/paper-consents`, PaperConsent, { body }),
    confirmPaper: (id: string, paperId: string, documentHash: string) =>
      client.call('POST', `${API}/links/${id}/paper-consents/${paperId}/confirm`, Link, { body: { documentHash } }),
    rejectPaper: (id: string, paperId: string, reason: string) =>
      client.call('POST', `${API}/links/${id}/paper-consents/${paperId}/reject`, Link, { body: { reason } }),
    revokeLink: (id: string, reason: string) =>
      client.call('POST', `${API}/links/${id}/revoke`, Link, { body: { reason } }),
    registerCsv: (filter: RegisterFilter) => `${API}/register?${new URLSearchParams(defined({ ...filter }))}`,

    openView: (body: z.input<typeof NewView>, signal: AbortSignal) =>
      client.call('POST', `${API}/views`, View, { body, signal }),
    closeView: (id: string) => client.send('DELETE', `${API}/views/${id}`, { keepalive: true }),

    mapSettings: () => client.call('GET', `${API}/map`, MapSettings),
    alarmLoad: () => client.call('GET', `${API}/alarms/flood`, AlarmLoad),
    noisiest: (signal: AbortSignal) => client.call('GET', `${API}/alarms/noisiest`, NoisiestSources, { signal }),
    wallLayouts: () => client.call('GET', `${API}/wall/layouts`, WallLayouts),
    addWallLayout: (body: NewWallLayout) => client.call('POST', `${API}/wall/layouts`, WallLayout, { body }),
    replaceWallLayout: (id: string, body: NewWallLayout) =>
      client.call('PUT', `${API}/wall/layouts/${id}`, WallLayout, { body }),
    removeWallLayout: (id: string) => client.send('DELETE', `${API}/wall/layouts/${id}`),
    rounds: () => client.call('GET', `${API}/wall/rounds`, Rounds),
    addRound: (body: NewRound) => client.call('POST', `${API}/wall/rounds`, Round, { body }),
    removeRound: (id: string) => client.send('DELETE', `${API}/wall/rounds/${id}`),
    silence: () => client.call('POST', `${API}/wall/silences`, Silence),

    ownerSignIn: (token: string) => client.call('POST', `${API}/owner/session`, SessionAnswer, { body: { token } }),
    ownerLinks: () => client.call('GET', `${API}/owner/links`, Links),
    ownerConsent: (id: string, body: OwnerConsent) => client.call('POST', ownerLink(id, 'consent'), Link, { body }),
    ownerPause: (id: string, untilAt: string) =>
      client.call('POST', ownerLink(id, 'pause'), Link, { body: { untilAt } }),
    ownerResume: (id: string) => client.call('POST', ownerLink(id, 'resume'), Link),
    ownerRevoke: (id: string) => client.call('POST', ownerLink(id, 'revoke'), Link),
    ownerNotice: (id: string, tellsFirstView: boolean) =>
      client.call('POST', ownerLink(id, 'notice'), Link, { body: { tellsFirstView } }),
    /** A picture's address; another number asks for another picture. */
    ownerOpenings: (id: string) => client.call('GET', ownerLink(id, 'openings'), OwnerOpenings),
    ownerStill: (id: string, attempt: number) => `${ownerLink(id, 'still.jpg')}#${attempt}`,
    ownerViewsCsv: (id: string) => ownerLink(id, 'views'),
    ownerViews: (id: string) => client.call('GET', ownerLink(id, 'views'), OwnerViews),
  }
}
export type Calls = ReturnType<typeof createCalls>

const ownerLink = (id: string, act: string): string => `${API}/owner/links/${id}/${act}`

const defined = (filter: Readonly<Record<string, string | undefined>>): [string, string][] =>
  Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
