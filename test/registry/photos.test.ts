import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { CELL, type Harness, harness, OTHER_CELL } from './harness.ts'

/** A marker segment (ITU-T T.81 §B.1.1.4). */
const segment = (marker: number, body: string): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, Buffer.from(body)])
}
const START = Buffer.from([0xff, 0xd8])
const SCAN = Buffer.concat([segment(0xda, 'scan'), Buffer.from([1, 2, 3, 0xff, 0xd9])])
const PLAIN = Buffer.concat([START, segment(0xe0, 'JFIF'), segment(0xdb, 'table'), SCAN])
const TELLING = Buffer.concat([
  START,
  segment(0xe0, 'JFIF'),
  segment(0xe1, 'Exif GPS 30.1 119.1'),
  segment(0xdb, 'table'),
  segment(0xfe, 'made by a phone'),
  SCAN,
])

async function fixture(t: Test): Promise<Harness & { cameraId: string }> {
  const made = await harness(t)
  const now = new Date()
  const deviceId = randomUUID()
  const cameraId = randomUUID()
  const times = { createdAt: now, updatedAt: now }
  const device = { id: deviceId, address: '127.0.0.9', kind: 'rtsp', deviceProfile: 'generic', ...times }
  await made.database.client.device.create({ data: device })
  const place = { name: '桥头', cellCode: CELL, placeClass: 'article-7', ownership: 'public' }
  const state = { state: 'online', stateSince: now }
  await made.database.client.camera.create({
    data: { id: cameraId, deviceId, channel: '', ...place, ...state, ...times },
  })
  return { ...made, cameraId }
}

const put = ({ app, cameraId }: Harness & { cameraId: string }, payload: Buffer, headers = {}, kind = 'sign') =>
  app.inject({
    method: 'PUT',
    url: `/api/v1/cameras/${cameraId}/photos/${kind}`,
    headers: { role: 'installer', 'content-type': 'image/jpeg', ...headers },
    payload,
  })

t.test('a photo is kept sealed and without what the phone tells of itself; looking at it is recorded', async (t) => {
  const made = await fixture(t)
  t.equal((await put(made, TELLING)).statusCode, 204)
  t.equal((await put(made, TELLING)).statusCode, 204, 'a second takes the place of the first')
  const list = await made.call('GET', `/cameras/${made.cameraId}/photos`)
  t.match(list.body, { items: [{ kind: 'sign', by: 'tester', sizeBytes: PLAIN.length }] })
  t.equal(list.body.items.length, 1)
  const row = await made.database.client.cameraPhoto.findFirstOrThrow()
  t.notOk(Buffer.from(row.sealedJpeg).includes('table'), 'sealed')
  made.entries.length = 0
  const url = `/api/v1/cameras/${made.cameraId}/photos/sign`
  const photo = await made.app.inject({ url, headers: { role: 'auditor' } })
  t.same(photo.rawPayload, PLAIN)
  t.match(photo.headers, { 'content-type': 'image/jpeg', 'cache-control': 'no-store' })
  t.match(made.entries, [{ action: 'camera-photo-seen', object: `camera:${made.cameraId}`, detail: { photo: 'sign' } }])
})

t.test('who may not, what is no JPEG and what is too large is refused', async (t) => {
  const made = await fixture(t)
  t.equal((await put(made, PLAIN, { role: 'operator' })).statusCode, 403)
  t.equal((await put(made, PLAIN, { cells: OTHER_CELL })).statusCode, 404)
  t.equal((await put(made, PLAIN, {}, 'face')).statusCode, 400)
  t.equal((await put(made, Buffer.concat([PLAIN, Buffer.alloc(512 * 1024)]))).statusCode, 413)
  for (const bytes of [
    Buffer.from('GIF89a'),
    START,
    PLAIN.subarray(0, -1),
    Buffer.concat([START, Buffer.from([0xff, 0xdb, 0xff, 0xff]), SCAN]),
    Buffer.concat([START, Buffer.from([0xff, 0xdb, 0, 1]), SCAN]),
    Buffer.concat([START, Buffer.from('not a marker')]),
  ]) {
    t.equal((await put(made, bytes)).statusCode, 400, bytes.subarray(0, 12).toString('hex'))
  }
  t.equal(await made.database.client.cameraPhoto.count(), 0)
  t.equal((await made.call('GET', `/cameras/${made.cameraId}/photos/view`)).status, 404)
  t.equal((await made.call('GET', `/cameras/${made.cameraId}/photos`, undefined, { role: 'operator' })).status, 403)
})

t.test('with the camera its photos go', async (t) => {
  const made = await fixture(t)
  await put(made, PLAIN, {}, 'view')
  t.equal((await made.call('DELETE', `/cameras/${made.cameraId}`)).status, 204)
  t.equal(await made.database.client.cameraPhoto.count(), 0)
})
