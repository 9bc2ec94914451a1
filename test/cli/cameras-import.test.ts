import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { Township } from '../../scripts/virtual-township/township.ts'
import { commandLine } from '../fakes/command-line.ts'
import { startTestGateway } from '../fakes/gateway.ts'
import { lacksFfmpeg, open } from '../virtual-township/running.ts'

const CELL = '990123101001001'
const SQUARE = [
  [119, 29],
  [120, 29],
  [120, 30],
  [119, 30],
  [119, 29],
]
const GRID = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: { code: CELL, name: '一格', level: 'cell', lead: '王' },
      geometry: { type: 'Polygon', coordinates: [SQUARE] },
    },
  ],
}

const line = (township: Township, id: string, password?: string): string => {
  const { device, found } = township.camera(id)
  return `${id},${CELL},article-7,public,onvif,${found.onvif},${device.username},${password ?? device.password}`
}

t.test('a table of cameras, beside a running gateway, twice', { skip: lacksFfmpeg, timeout: 90_000 }, async (t) => {
  const township = await open('127.0.47.0', ['cam-dongjie', 'cam-guangchang'])
  t.teardown(() => township.close())
  const networks = { GRIDLIGHT_CAMERA_NETWORKS: '127.0.47.0/24' }
  const { run, dataDir } = await commandLine(t, networks)
  const file = join(dirname(dataDir), 'cameras.csv')
  const heading = 'name,cellCode,placeClass,ownership,kind,address,username,password'
  await writeFile(file, [heading, line(township, 'cam-dongjie'), line(township, 'cam-guangchang', 'wrong')].join('\n'))
  t.match(await run(['cameras', 'import', file]), { code: 66 }, 'there is no database yet')
  await mkdir(dataDir, { mode: 0o700 })
  const gateway = await startTestGateway(t, { ...networks, GRIDLIGHT_DATA_DIR: dataDir })
  await writeFile(join(dataDir, 'grid.geojson'), JSON.stringify(GRID))
  t.match(await run(['grid', 'import', join(dataDir, 'grid.geojson')]), { code: 0 })

  const first = await run(['cameras', 'import', file])
  t.equal(first.code, 1, first.err)
  t.match(first.out, /2 \(cam-dongjie\): created [0-9a-f-]{36}/)
  t.match(first.out, /3 \(cam-guangchang\): problem camera-refused-login/)
  t.match(first.out, /created: 1, .*problems: 1/)
  t.notMatch(first.out + first.err, township.camera('cam-dongjie').device.password)

  await writeFile(file, [heading, line(township, 'cam-dongjie'), line(township, 'cam-guangchang')].join('\n'))
  const second = await run(['cameras', 'import', file])
  t.match(second, { code: 0, out: /2 \(cam-dongjie\): unchanged/ })
  t.match(second.out, /3 \(cam-guangchang\): created/)

  const authorization = `Bearer ${await gateway.token('operator')}`
  const listed = await gateway.app.inject({ url: '/api/v1/cameras', headers: { authorization } })
  t.same(
    listed.json().items.map(({ name }: { name: string }) => name),
    ['cam-dongjie', 'cam-guangchang'],
    'the running gateway has them',
  )
  t.match(await run(['audit', 'verify']), { code: 0 }, 'one chain of two processes')
})

t.test('what is no table', async (t) => {
  const { run, dataDir } = await commandLine(t)
  await run(['user', 'add', 'wang', '--role', 'operator'])
  t.match(await run(['cameras', 'import']), { code: 64 })
  t.match(await run(['cameras', 'import', join(dataDir, 'none.csv')]), { code: 66 })
  const file = join(dataDir, 'x.csv')
  await writeFile(file, 'name,colour\n')
  t.match(await run(['cameras', 'import', file]), { code: 1, err: /unknown columns: colour/ })
})
