import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { describeStreamBy } from '../../gateway/camera-access.ts'
import { systemClock } from '../../gateway/clock.ts'
import type { AlarmMessage } from '../../gateway/contracts/alarm.ts'
import { AlarmType } from '../../gateway/contracts/alarm.ts'
import { createDialer } from '../../gateway/dial.ts'
import { parseDeviceInformation } from '../../gateway/onvif/device.ts'
import { chooseXaddr, parseDiscovery } from '../../gateway/onvif/discovery-message.ts'
import { parseNotifications } from '../../gateway/onvif/events.ts'
import { chooseStreams, parseProfiles } from '../../gateway/onvif/media.ts'
import { parseSoap } from '../../gateway/onvif/soap.ts'
import { SOAP_LIMITS } from '../../gateway/onvif/xml.ts'
import type { DeviceProfile } from '../../gateway/probe/device-profile.ts'
import { matchProfile } from '../../gateway/probe/match.ts'
import { readProfiles } from '../../gateway/probe/profile-files.ts'
import type { DescribeStream } from '../../gateway/probe/stream-check.ts'
import { rulesOf, SignalStates } from '../../gateway/registry/signal-states.ts'
import { prepareMedia } from '../../scripts/virtual-township/media.ts'
import { DiscoveryResponder } from '../../scripts/virtual-township/virtual-camera/discovery.ts'
import { cameraOf, deviceOf, stateTopic } from '../fakes/profile-camera.ts'
import { CELL, harness } from '../registry/harness.ts'
import { lacksFfmpeg, MEDIA_DIR } from '../virtual-township/running.ts'

const read = readProfiles(resolve(import.meta.dirname, '../../device-profiles/cameras'))
const profiles = read.ok ? read.profiles : []
const generic = profiles.find(({ id }) => id === 'generic')
const { signal } = new AbortController()

t.test(
  'each profile fits a camera made from it: known, registered, heard',
  { skip: lacksFfmpeg, timeout: 110_000 },
  async (t) => {
    if (generic === undefined) throw new Error('no generic profile')
    const media = await prepareMedia([deviceOf(generic, 1)], {
      mediaDir: MEDIA_DIR,
      loopSeconds: 4,
      signal,
      log: () => {},
    })
    const cameras = profiles.map((profile, at) =>
      cameraOf(profile, at + 1, '127.0.57.0', media, { clock: systemClock, signal }),
    )
    for (const camera of cameras) await camera.start()
    const discovery = new DiscoveryResponder(cameras.flatMap((camera) => camera.announced() ?? []))
    await discovery.start()
    t.teardown(async () => {
      await discovery.close()
      await Promise.all(cameras.map((camera) => camera.close()))
    })

    const play = describeStreamBy(createDialer(['127.0.57.0/24']), systemClock)
    const transports = new Map<string, string | undefined>()
    const describeStream: DescribeStream = async (request, signal) => {
      transports.set(new URL(request.uri).hostname, request.transport)
      // The virtual cameras play over TCP alone.
      return request.transport === 'udp'
        ? { ok: true, codec: 'h264', width: 320, height: 180, firstFrameMs: 1 }
        : play(request, signal)
    }
    const raised: { cameraId: string; message: AlarmMessage }[] = []
    const h = await harness(t, {
      describeStream,
      alarms: {
        raiseFrom: async ({ id }, message) => void raised.push({ cameraId: id, message }),
        openFrom: async () => [],
        raiseOwn: async () => undefined,
        openOwn: async () => [],
      },
    })
    const started = await h.call('POST', '/discoveries', { method: 'range', targets: ['127.0.57.0/27'] })
    const search = async () => (await h.call('GET', `/discoveries/${started.body.id}`)).body
    while ((await search()).state === 'running') await systemClock.sleep(50, signal)

    const ids = new Map<string, string>()
    const register = async (profile: DeviceProfile, at: number): Promise<void> => {
      const camera = cameras[at]
      const address = camera?.found.onvif
      const { username, password } = deviceOf(profile, 1)
      const made = await h.call('POST', '/cameras', {
        name: profile.id,
        cellCode: CELL,
        placeClass: 'other',
        ownership: 'public',
        source: { kind: 'onvif', address, username, password },
      })
      t.match([made.status, made.body.device], [201, { deviceProfile: profile.id }], `${profile.id}: ${made.text}`)
      t.equal(transports.get(camera?.address ?? ''), profile.streams?.transport ?? 'tcp', `${profile.id}: transport`)
      ids.set(profile.id, made.body.id)
      h.linked.add(made.body.id)
    }
    // Each waits for a key frame, so several at once; the gateway asks eight devices and no more.
    const queue = profiles.entries()
    const work = async (): Promise<void> => {
      for (const [at, profile] of queue) await register(profile, at)
    }
    await Promise.all(Array.from({ length: 6 }, work))
    t.equal(ids.size, profiles.length)

    h.registry.start()
    const heard = profiles.flatMap((profile, at) => {
      const isSilent = profile.events?.mode === 'none'
      return isSilent ? [] : [{ profile, camera: cameras[at], kind: stateTopic(profile).kind }]
    })
    t.ok(heard.length >= 16)
    while (!heard.every(({ camera }) => camera?.subscriptions === 1)) await systemClock.sleep(50, signal)
    for (const { camera } of heard) camera?.setMotion('one', true)
    while (raised.length < heard.length) await systemClock.sleep(50, signal)
    for (const { profile, kind } of heard) {
      const alarm = raised.find(({ cameraId }) => cameraId === ids.get(profile.id))
      const type = AlarmType.safeParse(kind).data ?? 'other'
      t.match(alarm?.message, { type, state: 'active' }, `${profile.id}: ${kind} is ${type}`)
    }
  },
)

const folder = new URL('../../../shared/fixtures/cameras/', import.meta.url)
const skip = existsSync(folder) ? false : 'recorded messages absent'
t.test('each profile reads the recorded messages that it names', { skip }, async (t) => {
  let checked = 0
  for (const profile of profiles) {
    for (const name of profile.tests ?? []) {
      checked += 1
      const bytes = readFileSync(new URL(name, folder))
      if (name.startsWith('discovery/')) {
        const message = parseDiscovery(bytes)
        const device = message.kind === 'announcements' ? message.devices[0] : undefined
        const port = (device && chooseXaddr(device, ''))?.port ?? 80
        const { manufacturer = '', model = '', endpointReference = '', scopes = [] } = device ?? {}
        t.equal(matchProfile(profiles, { manufacturer, model, endpointReference, scopes, port }).id, profile.id, name)
        continue
      }
      const message = parseSoap(bytes, SOAP_LIMITS)
      t.not(message.kind, 'unreadable', name)
      if (name.includes('/faults/')) t.equal(message.kind, 'fault', name)
      if (message.kind !== 'body') continue
      const { element } = message
      if (name.startsWith('events/')) {
        const states = new SignalStates(rulesOf(profile, generic))
        const meanings = parseNotifications(element).flatMap((notification) => {
          const { kind } = states.apply({ ...notification, operation: 'Changed' }, 0, Date.now())
          return kind === 'nothing' ? [] : [kind]
        })
        t.ok(
          meanings.length >= 0,
          `${name}: ${meanings.length} of ${parseNotifications(element).length} mean something`,
        )
      }
      if (element.name === 'GetProfilesResponse') {
        const [channel] = chooseStreams(parseProfiles(element))
        t.equal(channel?.streams[0]?.role, 'main', name)
      }
      if (element.name === 'GetDeviceInformationResponse') {
        t.equal(matchProfile(profiles, parseDeviceInformation(element)).id, profile.id, name)
      }
    }
  }
  t.ok(checked >= 16, `${checked} messages`)
})
