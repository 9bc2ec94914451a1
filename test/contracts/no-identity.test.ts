import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { z } from 'zod'
import { isIdentityField } from '../../gateway/alarms/identity-fields.ts'
import { startTestGateway } from '../fakes/gateway.ts'

/**
 * No face, no plate, no identity of a person seen, and no score of anybody can be stored or said: no table has a column
 * for it and no contract a field. Whoever adds one fails here, and this list is where they would have to say why.
 */
const ALLOWED: Readonly<Record<string, string>> = {
  username: 'the sign-in name of a member of staff',
  ownerName: 'the member of staff who has taken a case',
  personId: 'the member of staff whose wall it is',
  rating: 'of the work on a case, never of a person',
  frameAgeMs: 'how old a picture is',
  lastFrameAgeMs: 'how old a picture is',
}

/** What the events' list has no need of, for no device sends it by these names. */
const SCORES = /(^|[a-z_-])(score|rating|ranking|similarity|suspicion|reputation|creditLevel|riskLevel)/i
const TRACKS = /(track(ed|ing)?Id|targetId|trajectory|appearance|attire|clothing|hairstyle|vehicle(Id|Color|Type))/i

const isForbidden = (name: string): boolean =>
  !Object.hasOwn(ALLOWED, name) && (isIdentityField(name) || SCORES.test(name) || TRACKS.test(name))

const gatewayDir = resolve(import.meta.dirname, '../../gateway')

/** Names of all properties below a JSON schema. */
function propertiesOf(schema: unknown, names = new Set<string>()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return names
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && typeof value === 'object' && value !== null) {
      for (const name of Object.keys(value)) names.add(name)
    }
    propertiesOf(value, names)
  }
  return names
}

t.test('the test knows what it looks for', async (t) => {
  for (const name of ['faceId', 'plate_number', 'person-id', 'residentScore', 'trackingId', 'watchlist', '车牌号']) {
    t.ok(isForbidden(name), name)
  }
  for (const name of ['cameraId', 'displayName', 'linkId', 'reason', 'cellCode']) t.notOk(isForbidden(name), name)
})

t.test('no table has a column for it', async (t) => {
  const models = readFileSync(join(gatewayDir, 'storage/models.prisma'), 'utf8')
  const names = [...models.matchAll(/^(?:model|\s{2})\s*(\w+)\s/gm)].map((match) => match[1] ?? '')
  for (const name of names) if (isForbidden(name)) t.fail(`models.prisma: ${name}`)
  t.ok(names.length > 200, `${names.length} models and columns`)
})

t.test('no contract has a field for it', async (t) => {
  const names = new Map<string, string>()
  let schemas = 0
  for (const file of readdirSync(join(gatewayDir, 'contracts')).filter((name) => name.endsWith('.ts'))) {
    const contracts: Record<string, unknown> = await import(join(gatewayDir, 'contracts', file))
    for (const [name, schema] of Object.entries(contracts)) {
      if (!(schema instanceof z.ZodType)) continue
      schemas += 1
      const json = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })
      for (const property of propertiesOf(json)) names.set(property, `${file} ${name}`)
    }
  }
  for (const [name, where] of names) if (isForbidden(name)) t.fail(`${where}: ${name}`)
  t.ok(schemas > 80, `${schemas} schemas`)
  t.ok(names.size > 200, `${names.size} names of fields`)
})

t.test('no route says or takes it', async (t) => {
  const gateway = await startTestGateway(t)
  const names = propertiesOf((await gateway.app.inject({ url: '/api/v1/openapi.json' })).json())
  for (const name of names) if (isForbidden(name)) t.fail(`OpenAPI: ${name}`)
  t.ok(names.size > 200, `${names.size} names of fields`)
})
