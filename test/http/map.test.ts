import t from 'tap'
import { startTestGateway } from '../fakes/gateway.ts'

/** The whole directive, wherever it stands in the policy. */
const imageSources = (policy: unknown): string | undefined =>
  String(policy)
    .split(';')
    .find((directive) => directive.startsWith('img-src '))

t.test('without a tile source the console asks no other host', async (t) => {
  const gateway = await startTestGateway(t)
  const headers = { authorization: `Bearer ${await gateway.token('operator')}` }
  const answer = await gateway.app.inject({ url: '/api/v1/map', headers })
  t.same(answer.json(), {})
  t.equal(imageSources(answer.headers['content-security-policy']), "img-src 'self' data: blob:")
  t.equal((await gateway.app.inject({ url: '/api/v1/map' })).statusCode, 401)
})

t.test('with one, its pictures are allowed and nothing else of it', async (t) => {
  const url = 'https://tiles.example:8443/w/{z}/{x}/{y}.png?key=1'
  const gateway = await startTestGateway(t, { GRIDLIGHT_MAP_TILE_URL: url, GRIDLIGHT_MAP_TILE_DATUM: 'gcj02' })
  const headers = { authorization: `Bearer ${await gateway.token('operator')}` }
  const answer = await gateway.app.inject({ url: '/api/v1/map', headers })
  t.same(answer.json(), { tiles: { url, datum: 'gcj02' } })
  const policy = String(answer.headers['content-security-policy'])
  t.equal(imageSources(policy), "img-src 'self' data: blob: https://tiles.example:8443")
  t.equal(policy.split('tiles.example').length, 2, 'in one place only')
})
