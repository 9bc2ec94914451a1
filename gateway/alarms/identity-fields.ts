/**
 * Names of fields that tell who somebody is. Gridlight does not recognise people or vehicles, so these fields lose
 * their place in `data` at the border, with everything below them, and only their number is kept.
 *
 * A name matches in any case style (`faceId`, `FACE_ID`, `face-id`, `faceid`) and anywhere in a longer name
 * (`topFaceImageUrl`). The list is closed: a new name is a line here.
 */

/** English: whole words of a name, one after the other. */
const ENGLISH = [
  'age',
  'age group',
  'biometric',
  'biometrics',
  'birth date',
  'birthday',
  'black list',
  'blacklist',
  'car number',
  'cert no',
  'cert number',
  'citizen id',
  'date of birth',
  'driver license',
  'embedding',
  'embeddings',
  'ethnic',
  'ethnicity',
  'face',
  'faces',
  'facial',
  'feature vector',
  'fingerprint',
  'first name',
  'full name',
  'gait',
  'gender',
  'human id',
  'id card',
  'id no',
  'id number',
  'identity card',
  'identity no',
  'identity number',
  'iris',
  'last name',
  'license number',
  'licence plate',
  'license plate',
  'lpr',
  'anpr',
  'mobile number',
  'mobile phone',
  'national id',
  'nationality',
  'number plate',
  'owner name',
  'passport',
  'passport no',
  'people id',
  'person',
  'person id',
  'person name',
  'personal id',
  'phone number',
  'plate',
  'plates',
  'plate number',
  'race',
  'real name',
  'reid',
  're id',
  'sex',
  'social security number',
  'ssn',
  'sub label',
  'surname',
  'user name',
  'vehicle number',
  'vin',
  'watch list',
  'watchlist',
  'white list',
  'whitelist',
] as const

/** Pinyin, written together as Chinese devices do; found anywhere in a name. */
const PINYIN = [
  'renlian',
  'chepai',
  'xingming',
  'shenfenzheng',
  'xingbie',
  'nianling',
  'minzu',
  'huzhao',
  'shoujihao',
  'zhiwen',
  'hongmo',
] as const

/** Chinese; found anywhere in a name. */
const CHINESE = [
  '人脸',
  '面部',
  '车牌',
  '号牌',
  '姓名',
  '名字',
  '身份证',
  '证件号',
  '性别',
  '年龄',
  '民族',
  '种族',
  '国籍',
  '护照',
  '手机号',
  '电话号码',
  '生日',
  '出生日期',
  '指纹',
  '虹膜',
  '步态',
  '人员编号',
  '黑名单',
  '白名单',
] as const

export const IDENTITY_FIELD_NAMES: readonly string[] = [...ENGLISH, ...PINYIN, ...CHINESE]

const PHRASES = ENGLISH.map((phrase) => ` ${phrase} `)
/** `faceid` and `FACEID` have no seams between their words. Words this short alone would be found by accident. */
const MIN_TOGETHER = 5
const TOGETHER = new Set(
  ENGLISH.map((phrase) => phrase.replaceAll(' ', '')).flatMap((name) =>
    name.length >= MIN_TOGETHER || ['face', 'age', 'sex'].includes(name) ? [name] : [],
  ),
)
const TOGETHER_SUFFIX = /(?:s|id|no|num|number|name|url|pic|image|img|info|list|data|feature|score)$/

/** Whether a field of this name may tell who somebody is. */
export function isIdentityField(name: string): boolean {
  const plain = name.normalize('NFKC')
  if (CHINESE.some((word) => plain.includes(word))) return true
  const words = plain
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  const spaced = ` ${words.join(' ')} `
  if (PHRASES.some((phrase) => spaced.includes(phrase))) return true
  const together = words.join('')
  return PINYIN.some((word) => together.includes(word)) || words.some(isTogether) || TOGETHER.has(together)
}

/** `faceid`, `facepicurl`: takes the endings off one by one. */
function isTogether(word: string): boolean {
  for (let rest = word; rest !== ''; ) {
    if (TOGETHER.has(rest)) return true
    const shorter = rest.replace(TOGETHER_SUFFIX, '')
    if (shorter === rest) return false
    rest = shorter
  }
  return false
}

export type Stripped = { ok: true; data: Record<string, unknown>; count: number } | { ok: false }

/** Deeper data is not a message of a panel. */
export const MAX_DEPTH = 16

/**
 * `data` without its identity fields, by the closed list or by `more` names.
 * @returns the copy and how many were removed; not ok below `MAX_DEPTH` levels
 */
export function stripIdentity(data: Readonly<Record<string, unknown>>, more: readonly string[] = []): Stripped {
  let count = 0
  let isTooDeep = false

  const copy = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value
    if (depth > MAX_DEPTH) {
      isTooDeep = true
      return null
    }
    if (Array.isArray(value))
      return value.filter((item) => !isGone(namesIdentity(item))).map((item) => copy(item, depth + 1))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !isGone(more.includes(name) || isIdentityField(name)))
        .map(([name, child]) => [name, copy(child, depth + 1)]),
    )
  }
  const isGone = (gone: boolean): boolean => {
    if (gone) count++
    return gone
  }

  const stripped = copy(data, 1)
  // A record is copied to a record.
  return isTooDeep ? { ok: false } : { ok: true, data: stripped as Record<string, unknown>, count }
}

/**
 * How many fields of a document tell who somebody is, by the closed list or by `more` names; empty ones tell nothing.
 * @returns undefined below `MAX_DEPTH` levels
 */
export function countIdentity(document: object, more: readonly string[]): number | undefined {
  let count = 0
  const walk = (value: unknown, depth: number): boolean => {
    if (typeof value !== 'object' || value === null) return true
    if (depth > MAX_DEPTH) return false
    return Object.entries(value).every(([name, child]) => {
      const isIdentity = Array.isArray(value) ? namesIdentity(child) : more.includes(name) || isIdentityField(name)
      if (!isIdentity) return walk(child, depth + 1)
      if (!isEmpty(child)) count++
      return true
    })
  }
  return walk(document, 1) ? count : undefined
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || value === false || (typeof value === 'object' && Object.keys(value).length === 0)

/** Lists of pairs, such as ONVIF's `{ "name": "PlateNumber", "value": … }`. */
function namesIdentity(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false
  return Object.entries(item).some(
    ([key, value]) => /^(?:name|key|field|label)$/i.test(key) && typeof value === 'string' && isIdentityField(value),
  )
}
