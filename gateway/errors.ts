import { inLanguage, type Words } from './words.ts'

/**
 * Every problem Gridlight answers with, in one table: HTTP status, what it is, and what a person can do.
 * The code is the contract (RFC 9457 `code`, closed vocabulary); words may be improved.
 */
interface ProblemKind {
  status: number
  title: Words
  nextStep?: Words
}

export const PROBLEMS = {
  'invalid-request': {
    status: 400,
    title: { zh: '请求内容有误', en: 'The request is not valid' },
    nextStep: { zh: '按 detail 修改后重试', en: 'Correct what the detail names and try again' },
  },
  'not-signed-in': {
    status: 401,
    title: { zh: '未登录或登录已失效', en: 'Not signed in, or the session has ended' },
    nextStep: { zh: '请重新登录', en: 'Sign in again' },
  },
  'wrong-credentials': {
    status: 401,
    title: { zh: '用户名或密码不正确', en: 'User name or password is wrong' },
    nextStep: {
      zh: '检查大小写后重试，或请管理员重置密码',
      en: 'Check the case and try again, or ask an administrator to reset the password',
    },
  },
  'locked-out': {
    status: 429,
    title: { zh: '尝试次数过多，账号暂时锁定', en: 'Too many tries; the account is locked for a while' },
    nextStep: { zh: '等待 detail 所示时间后再试', en: 'Wait for the time the detail names' },
  },
  'too-many-requests': {
    status: 429,
    title: { zh: '请求过于频繁', en: 'Too many requests' },
    nextStep: { zh: '稍后再试', en: 'Try again in a moment' },
  },
  'csrf-token-missing': {
    status: 403,
    title: { zh: '缺少或错误的 x-csrf-token', en: 'The x-csrf-token header is missing or wrong' },
    nextStep: {
      zh: '用登录时返回的 csrfToken，或改用 Bearer 令牌',
      en: 'Send the csrfToken of the sign-in, or use a bearer token',
    },
  },
  'foreign-origin': { status: 403, title: { zh: '来源不被允许', en: 'The request comes from another origin' } },
  'role-not-allowed': {
    status: 403,
    title: { zh: '当前角色无权执行此操作', en: 'Your role may not do this' },
    nextStep: { zh: '请有权限的同事操作，或联系管理员', en: 'Ask a colleague with that role, or an administrator' },
  },
  'not-in-your-cells': {
    status: 403,
    title: { zh: '不在您负责的网格内', en: 'This is outside your cells' },
    nextStep: { zh: '请管理员调整您的网格范围', en: 'Ask an administrator to change your cells' },
  },
  'not-found': { status: 404, title: { zh: '没有找到', en: 'Not found' } },
  conflict: {
    status: 409,
    title: { zh: '与现有记录冲突', en: 'This conflicts with an existing record' },
    nextStep: { zh: '先查看 detail 所指的记录', en: 'Look at the record that the detail names' },
  },
  'payload-too-large': { status: 413, title: { zh: '内容过大', en: 'The content is too large' } },
  'unsupported-media-type': {
    status: 415,
    title: { zh: '不支持的内容类型', en: 'This content type is not supported' },
  },
  'no-valid-link': {
    status: 403,
    title: { zh: '该摄像头没有有效的接入', en: 'This camera has no valid link' },
    nextStep: {
      zh: '在接入台账中登记接入；社会资源须业主授权',
      en: 'Register a link; a private feed needs its owner’s consent',
    },
  },
  'link-paused': {
    status: 403,
    title: { zh: '业主已暂停授权', en: 'The owner has paused the link' },
    nextStep: { zh: '等待暂停结束或联系业主', en: 'Wait until the pause ends, or call the owner' },
  },
  'link-expired': {
    status: 403,
    title: { zh: '接入已过有效期', en: 'The link has expired' },
    nextStep: { zh: '重新登记接入', en: 'Register a new link' },
  },
  'link-revoked': {
    status: 403,
    title: { zh: '接入已被撤销', en: 'The link was revoked' },
    nextStep: { zh: '需业主重新授权', en: 'Only the owner’s new consent opens it again' },
  },
  'outside-hours': {
    status: 403,
    title: { zh: '不在授权时段内', en: 'Outside the hours that were agreed' },
    nextStep: {
      zh: '到授权时段再查看；确有需要，请联系业主',
      en: 'Watch within the agreed hours; if it cannot wait, call the owner',
    },
  },
  'recorded-outside-consent': {
    status: 403,
    title: { zh: '录像不在授权期内', en: 'It was recorded outside the consent' },
    nextStep: { zh: '授权期外的录像任何人都不能打开', en: 'Nobody can open what was recorded outside the consent' },
  },
  'scope-missing': {
    status: 403,
    title: { zh: '授权范围不包含此用途', en: 'The link does not cover this use' },
    nextStep: { zh: '需业主扩大授权范围', en: 'Only the owner can widen the scope' },
  },
  'reason-required': {
    status: 403,
    title: { zh: '查看社会资源须填写事由', en: 'A private feed needs a reason' },
    nextStep: { zh: '选择案卷，或写明事由', en: 'Name the case, or write the reason' },
  },
  'role-may-not-watch': {
    status: 403,
    title: { zh: '当前角色不能查看画面', en: 'Your role may not watch' },
    nextStep: { zh: '请值班员查看', en: 'Ask an operator' },
  },
  'view-ended': {
    status: 410,
    title: { zh: '本次查看已结束', en: 'This view has ended' },
    nextStep: { zh: '如仍需查看，请重新打开', en: 'Open it again if it is still needed' },
  },
  'view-elsewhere': {
    status: 421,
    title: { zh: '此画面由另一台网关提供', en: 'Another gateway serves this view' },
    nextStep: {
      zh: '请管理员让负载均衡把同一会话固定到同一台网关',
      en: 'Ask an administrator to have the balancer keep a session at one gateway',
    },
  },
  'clip-not-there': {
    status: 404,
    title: { zh: '没有可打开的告警片段', en: 'There is no clip to open' },
    nextStep: { zh: '在案卷中查看原因', en: 'The case says why' },
  },
  'clip-damaged': {
    status: 409,
    title: { zh: '告警片段与登记的校验值不符', en: 'The clip differs from what was kept' },
    nextStep: { zh: '请管理员检查存储与审计日志', en: 'Ask an administrator to check the storage and the trail' },
  },
  'stream-not-ready': {
    status: 503,
    title: { zh: '暂时没有画面', en: 'There is no picture yet' },
    nextStep: { zh: '稍后重试；若持续出现，请检查摄像头', en: 'Try again; if it stays, look at the camera' },
  },
  'transcode-limit': {
    status: 503,
    title: { zh: '正在转码的画面已达上限', en: 'As many pictures as may are being transcoded' },
    nextStep: {
      zh: '关闭一路转码画面后重试，或将该摄像头的一路码流设为 H.264',
      en: 'Close another such picture and try again, or set one stream of this camera to H.264',
    },
  },
  'transcode-failed': {
    status: 503,
    title: { zh: '画面转码失败', en: 'The picture could not be transcoded' },
    nextStep: { zh: '将该摄像头的一路码流设为 H.264', en: 'Set one stream of this camera to H.264' },
  },
  'transcoder-missing': {
    status: 503,
    title: { zh: '网关未安装 ffmpeg，无法转码', en: 'The gateway has no ffmpeg to transcode with' },
    nextStep: {
      zh: '请管理员安装 ffmpeg，或将该摄像头的一路码流设为 H.264',
      en: 'Ask the administrator to install ffmpeg, or set one stream of this camera to H.264',
    },
  },
  'media-not-found': {
    status: 404,
    title: { zh: '该媒体分片不在窗口内', en: 'That part of the stream is not in the window' },
  },
  'playlist-too-far-ahead': {
    status: 400,
    title: { zh: '请求的分片超前过多', en: 'The playlist asked for is too far ahead' },
  },
  'camera-unreachable': {
    status: 502,
    title: { zh: '无法连接摄像头', en: 'The camera cannot be reached' },
    nextStep: { zh: '检查供电、网线与地址', en: 'Check power, cable and address' },
  },
  'camera-refused-login': {
    status: 422,
    title: { zh: '摄像头拒绝了用户名或密码', en: 'The camera refused the user name or password' },
    nextStep: {
      zh: '核对密码；部分品牌需单独的 ONVIF 用户',
      en: 'Check the password; some makes need a separate ONVIF user',
    },
  },
  'camera-certificate-changed': {
    status: 409,
    title: {
      zh: '摄像头的 TLS 证书与登记时不同',
      en: 'The camera shows another TLS certificate than when it was registered',
    },
    nextStep: {
      zh: '确认设备没有被调换，再由安装人员或管理员接受新证书',
      en: 'Make sure that nobody swapped the device, then an installer or administrator accepts the new certificate',
    },
  },
  'camera-not-usable': {
    status: 422,
    title: { zh: '摄像头检测未通过', en: 'The camera did not pass its checks' },
    nextStep: { zh: '按 detail 处理后重试', en: 'Mend what the detail names and try again' },
  },
  'address-not-allowed': {
    status: 422,
    title: { zh: '该地址不在允许的摄像头网段内', en: 'That address is outside the allowed camera networks' },
    nextStep: {
      zh: '请管理员把网段加入 GRIDLIGHT_CAMERA_NETWORKS',
      en: 'Ask an administrator to add the network to GRIDLIGHT_CAMERA_NETWORKS',
    },
  },
  'unknown-cell': {
    status: 422,
    title: { zh: '网格编码不存在', en: 'There is no such cell' },
    nextStep: { zh: '先导入网格，或选择已有网格', en: 'Import the grid first, or choose a cell that exists' },
  },
  'position-outside-cell': {
    status: 422,
    title: { zh: '位置不在所选网格内', en: 'The position lies outside the chosen cell' },
    nextStep: { zh: '移动点位或更换网格', en: 'Move the pin or choose the other cell' },
  },
  'forbidden-place': {
    status: 422,
    title: { zh: '禁止安装的场所，不能登记', en: 'Cameras are forbidden in this place' },
    nextStep: { zh: '请拆除或改装到其他位置', en: 'Take the camera down, or put it up somewhere else' },
  },
  'retention-too-short': {
    status: 422,
    title: { zh: '保存期限短于法定期限', en: 'The retention is shorter than the law wants' },
    nextStep: { zh: '第七条公共场所不少于 30 天', en: 'Public places of Article 7 keep footage for 30 days or more' },
  },
  'illegal-transition': {
    status: 409,
    title: { zh: '当前状态不允许此操作', en: 'This is not possible in the present state' },
  },
  'invitation-invalid': {
    status: 401,
    title: { zh: '邀请链接无效或已过期', en: 'The invitation is not valid or has expired' },
    nextStep: { zh: '请向登记人员索取新的邀请', en: 'Ask the person who registered the camera for a new one' },
  },
  'consent-wider-than-asked': {
    status: 422,
    title: { zh: '授权不能超出登记时请求的范围', en: 'Consent cannot go beyond what was asked' },
  },
  'person-required': {
    status: 403,
    title: { zh: '须由本人登录办理，不能使用令牌', en: 'A person must do this, signed in; a token may not' },
    nextStep: { zh: '用个人账号登录后再试', en: 'Sign in with your own account and try again' },
  },
  'second-person-required': {
    status: 403,
    title: { zh: '登记人不能自己核对', en: 'Whoever recorded it may not confirm it' },
    nextStep: { zh: '请另一位同事核对原件', en: 'Ask a colleague to check the document' },
  },
  'document-differs': {
    status: 422,
    title: { zh: '文件与登记时不一致', en: 'The document is not the one that was recorded' },
    nextStep: { zh: '核对原件；确有不同则退回', en: 'Check the original; reject the record if it differs' },
  },
  'not-ready': {
    status: 503,
    title: { zh: '网关尚未就绪', en: 'The gateway is not ready' },
    nextStep: { zh: '稍后重试', en: 'Try again in a moment' },
  },
  'storage-failure': {
    status: 503,
    title: { zh: '存储写入失败', en: 'Storage could not be written' },
    nextStep: { zh: '检查磁盘空间与数据库', en: 'Check disk space and the database' },
  },
  internal: {
    status: 500,
    title: { zh: '网关内部错误', en: 'Something went wrong inside the gateway' },
    nextStep: {
      zh: '重试；若重复出现，请把时间告知管理员',
      en: 'Try again; if it repeats, tell the administrator the time',
    },
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof PROBLEMS

/** What is asked for by an id. */
const THINGS = {
  alarm: { zh: '告警', en: 'alarm' },
  'alarm-source': { zh: '告警源', en: 'alarm source' },
  camera: { zh: '摄像头', en: 'camera' },
  case: { zh: '案卷', en: 'case' },
  channel: { zh: '渠道', en: 'channel' },
  clip: { zh: '告警片段', en: 'clip' },
  layout: { zh: '保存的布局', en: 'saved layout' },
  link: { zh: '接入', en: 'link' },
  mapping: { zh: '映射', en: 'mapping' },
  photo: { zh: '照片', en: 'photo' },
  round: { zh: '轮巡', en: 'round' },
  search: { zh: '搜索', en: 'search' },
  token: { zh: '令牌', en: 'token' },
  user: { zh: '用户', en: 'user' },
  view: { zh: '查看', en: 'view' },
} as const satisfies Record<string, Words>

/** Nothing of the kind has this id, or it is not for the asker to know of. */
export function noSuch(thing: keyof typeof THINGS): Problem {
  const { zh, en } = THINGS[thing]
  return new Problem('not-found', { zh: `没有这个${zh}`, en: `there is no such ${en}` })
}

/** A refusal on its way to the HTTP error handler; routes throw it, nothing below them does. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly detail: Words | undefined
  readonly extra: Readonly<Record<string, unknown>>
  /** @param detail what exactly, for this request; never a secret */
  constructor(code: ProblemCode, detail?: Words, extra: Readonly<Record<string, unknown>> = {}) {
    super((detail ?? PROBLEMS[code].title).en)
    this.name = 'Problem'
    this.code = code
    this.detail = detail
    this.extra = extra
  }
}

export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: ProblemCode
  detail: string
  nextStep?: string
}

/** RFC 9457 document in the caller's language; both languages where none was named. */
export function problemDocument(
  problem: Problem,
  acceptLanguage: string | undefined,
): ProblemDocument & Record<string, unknown> {
  const kind: ProblemKind = PROBLEMS[problem.code]
  const say = (words: Words): string => inLanguage(words, acceptLanguage)
  return {
    ...problem.extra,
    type: `urn:gridlight:problem:${problem.code}`,
    title: say(kind.title),
    status: kind.status,
    code: problem.code,
    detail: say(problem.detail ?? kind.title),
    ...(kind.nextStep ? { nextStep: say(kind.nextStep) } : {}),
  }
}

/** What a person can do about it, in the caller's language. */
export function nextStepOf(code: ProblemCode, acceptLanguage: string | undefined): string | undefined {
  const { nextStep }: ProblemKind = PROBLEMS[code]
  return nextStep && inLanguage(nextStep, acceptLanguage)
}
