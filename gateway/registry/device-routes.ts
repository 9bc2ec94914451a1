import { Camera } from '../contracts/camera.ts'
import { IdParams } from '../contracts/common.ts'
import { CertificateAcceptance, ClockSet, DeviceProfileList, NewProbe } from '../contracts/device.ts'
import { type App, principalOf } from '../http/route.ts'
import type { DeviceProfile } from '../probe/device-profile.ts'
import type { CameraWork } from './camera-work.ts'
import { unwrap } from './cameras.ts'
import type { DeviceActs } from './device-acts.ts'
import { WRITERS } from './routes.ts'

/** What an installer does to a device itself. */
export function deviceRoutes(
  app: App,
  { acts, work, profiles }: { acts: DeviceActs; work: CameraWork; profiles: readonly DeviceProfile[] },
): void {
  app.get(
    '/api/v1/device-profiles',
    {
      config: WRITERS,
      schema: { summary: 'Makes that a device can be said to be', response: { 200: DeviceProfileList } },
    },
    async () => ({ items: profiles.map(({ id, title }) => ({ id, title })) }),
  )

  app.post(
    '/api/v1/cameras/:id/certificate',
    {
      config: WRITERS,
      schema: {
        summary: 'Take the TLS certificate that a camera shows now for its own',
        params: IdParams,
        body: CertificateAcceptance,
        response: { 200: Camera },
      },
    },
    async (request, reply) => {
      const { sha256 } = request.body
      return unwrap(
        await work.run(reply, (signal) =>
          acts.acceptCertificate(principalOf(request), request.params.id, sha256, signal),
        ),
      )
    },
  )

  app.post(
    '/api/v1/cameras/:id/clock',
    {
      config: WRITERS,
      schema: { summary: 'Set a camera’s clock to the gateway’s', params: IdParams, response: { 200: ClockSet } },
    },
    async (request, reply) =>
      unwrap(await work.run(reply, (signal) => acts.setClock(principalOf(request), request.params.id, signal))),
  )

  app.post(
    '/api/v1/probes/clock',
    {
      config: WRITERS,
      schema: {
        summary: 'Set the clock of a device that is to be registered',
        body: NewProbe.pick({ address: true, username: true, password: true, overrides: true }),
        response: { 200: ClockSet },
      },
    },
    async (request, reply) => {
      const { address, username = '', password = '', overrides = {} } = request.body
      const device = { address, credentials: { username, password }, overrides }
      return unwrap(await work.run(reply, (signal) => acts.setClockAt(principalOf(request), device, signal)))
    },
  )
}
