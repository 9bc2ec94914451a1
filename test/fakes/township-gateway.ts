import type { GatewayDeps } from '../../gateway/app.ts'
import type { Township, TownshipOptions } from '../../scripts/virtual-township/township.ts'
import { open } from '../virtual-township/running.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'

interface Teardown {
  teardown(handler: () => Promise<void>): void
}

const CELL = '990123101001001'

export interface TownshipGateway {
  township: Township
  gateway: TestGateway
  /** As an administrator. @throws unless the answer is a success */
  call<T>(method: 'GET' | 'POST' | 'PUT', path: string, payload?: object): Promise<T>
  /** Registers a virtual camera as a public one. @returns its id in the gateway */
  register(id: string): Promise<string>
  /** Gives a camera a public link with these scopes. @returns the id of the link */
  link(cameraId: string, scopes?: readonly string[]): Promise<string>
}

/** A gateway with one cell, and some of the township's cameras on addresses of the test's own. */
export async function townshipGateway(
  t: Teardown,
  addressBase: string,
  only: readonly string[],
  more: Partial<TownshipOptions> = {},
  deps: Partial<GatewayDeps> = {},
): Promise<TownshipGateway> {
  const township = await open(addressBase, only, more)
  t.teardown(() => township.close())
  const gateway = await startTestGateway(t, { GRIDLIGHT_CAMERA_NETWORKS: `${addressBase}/24` }, deps)
  const authorization = `Bearer ${await gateway.token('administrator')}`
  const call = async <T>(method: 'GET' | 'POST' | 'PUT', path: string, payload?: object): Promise<T> => {
    const answer = await gateway.app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { authorization },
      ...(payload === undefined ? {} : { payload }),
    })
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${answer.body}`)
    return answer.json<T>()
  }
  const ring = [
    [119, 29],
    [120, 29],
    [120, 30],
    [119, 30],
    [119, 29],
  ]
  await call('PUT', '/grid', {
    type: 'FeatureCollection',
    features: [
      {
        type: 'Feature',
        properties: { code: CELL, name: '一格', level: 'cell', lead: '王' },
        geometry: { type: 'Polygon', coordinates: [ring] },
      },
    ],
  })
  return {
    township,
    gateway,
    call,
    register: async (id) => {
      const { device, found } = township.camera(id)
      const { username, password } = device
      const camera = await call<{ id: string }>('POST', '/cameras', {
        name: id,
        cellCode: CELL,
        placeClass: 'article-7',
        ownership: 'public',
        source: { kind: 'onvif', address: found.onvif, username, password },
      })
      return camera.id
    },
    link: async (cameraId, scopes = ['live']) => {
      const link = await call<{ id: string }>('POST', '/links', {
        cameraId,
        ownership: 'public',
        party: { kind: 'government', name: '镇政府', contact: '0579-0' },
        basis: '公共安全视频图像信息系统管理条例',
        purpose: '治安',
        scopes,
        validFrom: new Date(0).toISOString(),
      })
      return link.id
    },
  }
}
