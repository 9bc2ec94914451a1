import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { StaffRole } from '../gateway/contracts/identity.ts'
import type { Access, RouteEntry } from '../gateway/http/route.ts'
import { startTestGateway } from './fakes/gateway.ts'

/** The contract's HTTP surface. `later` marks what a coming release adds: it must not exist half-done meanwhile. */
const ROUTES: readonly (readonly [method: string, path: string, when?: 'later'])[] = [
  ['get', '/healthz'],
  ['get', '/readyz'],
  ['post', '/api/v1/session'],
  ['get', '/api/v1/session'],
  ['delete', '/api/v1/session'],
  ['post', '/api/v1/users'],
  ['post', '/api/v1/tokens'],
  ['put', '/api/v1/grid'],
  ['get', '/api/v1/grid'],
  ['post', '/api/v1/discoveries'],
  ['get', '/api/v1/discoveries/{id}'],
  ['post', '/api/v1/probes'],
  ['post', '/api/v1/cameras'],
  ['get', '/api/v1/cameras'],
  ['get', '/api/v1/cameras/{id}'],
  ['patch', '/api/v1/cameras/{id}'],
  ['delete', '/api/v1/cameras/{id}'],
  ['post', '/api/v1/cameras/import'],
  ['post', '/api/v1/cameras/{id}/ptz'],
  ['get', '/api/v1/cameras/{id}/health'],
  ['get', '/api/v1/health/availability'],
  ['post', '/api/v1/links'],
  ['get', '/api/v1/links'],
  ['post', '/api/v1/links/{id}/revoke'],
  ['get', '/api/v1/links/summary'],
  ['post', '/api/v1/owner/session'],
  ['get', '/api/v1/owner/links'],
  ['post', '/api/v1/owner/links/{id}/consent'],
  ['post', '/api/v1/owner/links/{id}/pause'],
  ['post', '/api/v1/owner/links/{id}/resume'],
  ['post', '/api/v1/owner/links/{id}/revoke'],
  ['get', '/api/v1/owner/links/{id}/views'],
  ['post', '/api/v1/views'],
  ['delete', '/api/v1/views/{id}'],
  ['get', '/api/v1/alarms'],
  ['post', '/api/v1/alarm-sources'],
  ['get', '/api/v1/cases'],
  ['get', '/api/v1/cases/{id}'],
  ['post', '/api/v1/cases/{id}/actions'],
  ['get', '/api/v1/cases/{id}/clips'],
  ['get', '/api/v1/clips/{id}'],
  ['get', '/api/v1/events'],
  ['get', '/api/v1/audit'],
  ['get', '/api/v1/audit/checkpoints'],
]

/** Answers that are no JSON of a schema and are left out of the OpenAPI document. */
const OUTSIDE_OPENAPI = ['/metrics', '/api/v1/openapi.json', '/docs/', '/']

t.test('the OpenAPI document offers what the contract names', async (t) => {
  const gateway = await startTestGateway(t)
  const response = await gateway.app.inject({ url: '/api/v1/openapi.json' })
  const { paths } = response.json<{ paths: Record<string, Record<string, unknown>> }>()
  for (const [method, path, when] of ROUTES) {
    const exists = paths[path]?.[method] !== undefined
    t.equal(exists, when !== 'later', `${method.toUpperCase()} ${path}${when === 'later' ? ' comes later' : ''}`)
  }
  const urls = new Set(gateway.app.routeTable.map(({ url }) => url.replace(/:(\w+)/g, '{$1}')))
  const untold = [...urls].filter((url) => url.startsWith('/api/') && paths[url] === undefined)
  t.strictSame(untold, ['/api/v1/openapi.json'], 'no route of the API is hidden')
  for (const url of OUTSIDE_OPENAPI) {
    t.equal((await gateway.app.inject({ url })).statusCode, 200, `GET ${url}`)
  }
})

/** What a person opens, and what it is made of. */
const isPage = ({ url, access }: RouteEntry): boolean =>
  access === 'anyone' && !/^\/(api\/|healthz$|readyz$|metrics$|docs$)/.test(url)
const ALL_STAFF = StaffRole.options

t.test(
  'the HTTP page has a row for every route, says who may call it and what it does, and has no other',
  async (t) => {
    const gateway = await startTestGateway(t)
    const { paths } = (await gateway.app.inject({ url: '/api/v1/openapi.json' })).json<{
      paths: Record<string, Record<string, { summary?: string }>>
    }>()
    const whoOf = (access: Access): string => {
      if (typeof access === 'string') return access
      return ALL_STAFF.every((role) => access.roles.includes(role)) ? 'staff' : access.roles.join(', ')
    }
    const page = readFileSync(join(import.meta.dirname, '../docs/ref/http.md'), 'utf8')
    const [table = ''] = /^## Routes$.*?^## /ms.exec(page) ?? []
    const rows = new Map(
      [...table.matchAll(/^\| `([A-Z]+ \/[^`]*)` \| ([^|]*) \| (.*) \|$/gm)].map(([, ...row]) => [row[0], row]),
    )
    const routes = gateway.app.routeTable.filter((route) => route.method !== 'HEAD' && !isPage(route))
    const names = routes.map(({ method, url, access }) => {
      const path = url.replace(/:(\w+)/g, '{$1}')
      const name = `${method} ${path}`
      const [, who, words] = rows.get(name) ?? []
      t.equal(who, whoOf(access), name)
      t.equal(words, paths[path]?.[method.toLowerCase()]?.summary ?? words, name)
      if (path.startsWith('/api/v1/') && path !== '/api/v1/openapi.json') {
        t.ok(paths[path]?.[method.toLowerCase()]?.summary, `${name} says what it is for`)
      }
      return name
    })
    t.strictSame([...rows.keys()].sort(), names.sort())
    t.ok(names.length > 100, `${names.length} routes`)
  },
)

t.test('errors are problem documents, and unknown fields are refused', async (t) => {
  const gateway = await startTestGateway(t)
  const bearer = { authorization: `Bearer ${await gateway.token('administrator')}` }
  const unknownField = await gateway.app.inject({
    method: 'POST',
    url: '/api/v1/tokens',
    headers: bearer,
    payload: { name: 'script', roles: ['operator'], colour: 'blue' },
  })
  t.equal(unknownField.statusCode, 400)
  t.match(unknownField.headers['content-type'], /^application\/problem\+json/)
  t.match(unknownField.json(), { code: 'invalid-request', title: String, detail: /colour/, nextStep: String })

  const inChinese = await gateway.app.inject({ url: '/api/v1/cameras', headers: { 'accept-language': 'zh-CN' } })
  t.match(inChinese.json(), { status: 401, code: 'not-signed-in', title: '未登录或登录已失效' })
})
