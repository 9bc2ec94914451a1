import { createRequire } from 'node:module'
import type { Cam } from 'onvif'
import t from 'tap'
import type { VirtualCamera } from '../../scripts/virtual-township/virtual-camera/virtual-camera.ts'
import { lacksFfmpeg, open } from './running.ts'

/** The part of node-onvif we use; it comes without types. */
interface NodeOnvif {
  OnvifDevice: new (options: {
    xaddr: string
    user: string
    pass: string
  }) => {
    init(): Promise<{ Manufacturer: string }>
    current_profile: { stream: { rtsp: string } }
  }
  startProbe(): Promise<{ urn: string; xaddrs: string[] }[]>
}
const require = createRequire(import.meta.url) // both are CommonJS whose exports Node cannot name
const nodeOnvif = require('node-onvif') as NodeOnvif
const onvif = require('onvif') as typeof import('onvif')

const ALL = [
  'cam-dongjie',
  'cam-liangzhan',
  'cam-chachang',
  'cam-xiaomaibu',
  'cam-qiaotou',
  'cam-guangchang',
  'cam-shuiku',
  'nvr-xiaoxue',
]

const township = lacksFfmpeg === false ? await open('127.0.21.0', ALL) : undefined
t.teardown(() => township?.close())
t.test('independent clients use the virtual cameras', { skip: lacksFfmpeg }, async (t) => {
  if (township === undefined) return
  const parts = (camera: VirtualCamera): { hostname: string; port: number } => {
    const { hostname, port } = new URL(`http://${camera.found.onvif}`)
    return { hostname, port: Number(port || 80) }
  }
  const connect = (camera: VirtualCamera, password = camera.device.password): Promise<Cam> =>
    new Promise((resolve, reject) => {
      const { username } = camera.device
      const cam = new onvif.Cam({ ...parts(camera), username, password, timeout: 5_000 }, (error) =>
        error ? reject(error) : resolve(cam),
      )
    })

  await t.test('npm onvif: login, profiles, stream address, every make', async (t) => {
    for (const camera of township.cameras) {
      const cam = await connect(camera)
      const { uri } = await answer<{ uri: string }>((done) => cam.getStreamUri({ protocol: 'RTSP' }, done))
      t.equal(uri, camera.found.channels[0]?.mainUri, camera.make.id)
      t.equal((cam as unknown as { profiles: unknown[] }).profiles.length, camera.device.channels.length * 2)
    }
    t.equal(township.cameras.length, 8)
  })

  await t.test('npm onvif: a wrong password is refused', async (t) => {
    const camera = township.camera('cam-xiaomaibu')
    const cam = await connect(camera, 'wrong') // what needs no login works
    await t.rejects(
      answer((done) => cam.getDeviceInformation(done)),
      { message: /Authority failure/ },
    )
  })

  await t.test('npm onvif: motion arrives at a pull point', async (t) => {
    for (const id of ['cam-dongjie', 'cam-guangchang', 'cam-xiaomaibu']) {
      const cam = await connect(township.camera(id))
      await answer((done) => cam.createPullPointSubscription(done))
      const pull = async (): Promise<string> =>
        JSON.stringify(await answer((done) => cam.pullMessages({ messageLimit: 10 }, done)))
      t.match(await pull(), operation('Initialized'), `${id}: the state comes first`)
      const pulled = pull()
      township.raiseMotion(id)
      t.match(await pulled, operation('Changed'), `${id}: then its change`)
      await answer((done) => cam.unsubscribe(done))
      t.equal(township.camera(id).subscriptions, 0)
    }
  })

  await t.test('npm onvif: the head moves and stops', async (t) => {
    const camera = township.camera('zhenguangchang')
    const cam = await connect(camera)
    await answer((done) => cam.continuousMove({ x: 0.5, y: -0.25, zoom: 0 }, done))
    t.match(camera.ptz, { isMoving: true, pan: 0.5, tilt: -0.25 })
    await answer((done) => cam.stop({ panTilt: true, zoom: true }, done))
    t.match(camera.ptz, { isMoving: false, pan: 0 })
  })

  await t.test('npm onvif discovers them', async (t) => {
    const found: string[] = []
    onvif.Discovery.on('error', () => {}) // another machine's garbage is not ours
    onvif.Discovery.on('device', (cam: Cam) => found.push(`${cam.hostname}:${cam.port}`))
    await new Promise((resolve) => onvif.Discovery.probe({ timeout: 1_500 }, resolve))
    for (const camera of township.cameras) t.ok(found.includes(camera.found.onvif ?? ''), camera.id)
  })

  await t.test('node-onvif discovers and uses those that take WS-Security', async (t) => {
    const probed = (await nodeOnvif.startProbe()).flatMap((device) => device.xaddrs)
    let used = 0
    for (const camera of township.cameras) {
      const xaddr = `http://${camera.found.onvif}/onvif/device_service`
      t.ok(probed.includes(xaddr), `${camera.id} answers`)
      // It knows no HTTP Digest, and an encoder without resolution makes it throw.
      const isBeyondIt = camera.make.onvif?.auth.includes('wsse') === false || camera.device.main.codec === 'h265'
      if (isBeyondIt) continue
      const device = new nodeOnvif.OnvifDevice({ xaddr, user: camera.device.username, pass: camera.device.password })
      t.equal((await device.init()).Manufacturer, camera.make.manufacturer)
      t.equal(device.current_profile.stream.rtsp, camera.found.channels[0]?.mainUri, camera.make.id)
      used += 1
    }
    t.equal(used, 6)
  })

  await t.test('snapshots ask for a login', async (t) => {
    const cam = await connect(township.camera('cam-dongjie'))
    const { uri } = await answer<{ uri: string }>((done) => cam.getSnapshotUri({}, done))
    t.equal((await fetch(uri)).status, 401)
  })

  await t.test('faults on command', async (t) => {
    const camera = township.camera('cam-qiaotou')
    const before = camera.found.onvif
    await township.fault('cam-qiaotou', 'drop-out')
    await t.rejects(connect(camera), 'unplugged')
    await township.fault('cam-qiaotou', 'refuse')
    await t.rejects(connect(camera), 'refuses the right password')
    await township.fault('cam-qiaotou', 'none')
    t.equal(camera.found.onvif, before, 'comes back where it was')
    t.ok(await connect(camera))
  })
})

const operation = (name: string): RegExp => new RegExp(`"PropertyOperation":"${name}"`)

/** The answer that a callback gets. */
function answer<T>(ask: (done: (error: Error | null, data?: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => ask((error, data) => (error ? reject(error) : resolve(data as T))))
}
