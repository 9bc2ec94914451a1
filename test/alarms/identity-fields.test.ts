import t from 'tap'
import {
  IDENTITY_FIELD_NAMES,
  isIdentityField,
  MAX_DEPTH,
  stripIdentity,
} from '../../gateway/alarms/identity-fields.ts'

t.test('every listed name matches in every case style', (t) => {
  for (const name of IDENTITY_FIELD_NAMES) {
    const words = name.split(' ')
    const camel = words.map((word, at) => (at === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1))).join('')
    const styles = [
      name,
      words.join('_'),
      words.join('-'),
      words.join('_').toUpperCase(),
      camel,
      `target_${words.join('_')}_1`,
    ]
    for (const style of styles) t.ok(isIdentityField(style), style)
  }
  t.equal(IDENTITY_FIELD_NAMES.length > 100, true)
  t.end()
})

t.test('as devices write them', (t) => {
  const identity = ['faceid', 'FACEPICURL', 'FacePicUrl', 'topFaceImageUrl', 'plateNo', 'PlateNumber', 'idCardNumber']
  identity.push(
    'PersonID',
    'humanId',
    'chepaihao',
    'renLianTu',
    '人脸图片',
    '车牌号码',
    'xingMing',
    'IDNumber',
    'faceFeature',
    // Frigate's name of whoever it recognised.
    'sub_label',
  )
  for (const name of identity) t.ok(isIdentityField(name), name)
  const plain = ['interface', 'surface', 'template', 'message', 'storage', 'voltage', 'packageId', 'zone', 'deviceName']
  plain.push('name', 'id', 'imageUrl', 'percentage', 'trace', 'essex', 'province', '电压', '区域名称', 'firmware')
  for (const name of plain) t.notOk(isIdentityField(name), name)
  t.end()
})

t.test('fields are removed at any depth, counted, and nothing else changes', (t) => {
  const data = {
    zone: 3,
    target: { face: { score: 0.9, nested: { gender: 'f' } }, box: [1, 2], list: [{ plateNo: '鲁A12345', speed: 20 }] },
    items: [
      { name: 'PlateNumber', value: '鲁A12345' },
      { name: 'Zone', value: 3 },
    ],
    ['__proto__']: { age: 3, kept: true },
  }
  const stripped = stripIdentity(JSON.parse(JSON.stringify(data)))
  if (!stripped.ok) throw new Error('nested too deeply')
  t.equal(stripped.count, 4)
  t.equal(
    JSON.stringify(stripped.data),
    '{"zone":3,"target":{"box":[1,2],"list":[{"speed":20}]},"items":[{"name":"Zone","value":3}],"__proto__":{"kept":true}}',
  )
  t.equal(({} as { kept?: number }).kept, undefined)
  t.end()
})

t.test('depth is bounded', (t) => {
  const nest = (levels: number): Record<string, unknown> =>
    JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)
  t.equal(stripIdentity(nest(MAX_DEPTH)).ok, true)
  t.equal(stripIdentity(nest(MAX_DEPTH + 1)).ok, false)
  t.end()
})
