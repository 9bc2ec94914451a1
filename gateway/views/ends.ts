import type { OutboxEvent } from '../contracts/event.ts'
import type { LinkState } from '../contracts/link.ts'
import type { ViewEnd } from '../contracts/view.ts'
import { Problem } from '../errors.ts'
import type { Words } from '../words.ts'
import type { EndCriteria } from './views.ts'

/** Why nobody watches over a link in this state; of `active` nothing is said. */
const BY_STATE: Partial<Record<LinkState, ViewEnd>> = {
  paused: 'link-paused',
  suspended: 'link-paused',
  revoked: 'link-revoked',
  expired: 'link-expired',
  ended: 'link-ended',
}

const WHY: Readonly<Record<ViewEnd, Words>> = {
  closed: { zh: '查看已结束', en: 'the view was closed' },
  idle: { zh: '画面已关闭或网络中断，查看已结束', en: 'the picture was closed, or its network failed' },
  expired: { zh: '本次查看时限已到', en: 'the time of this view is over' },
  'link-revoked': { zh: '授权已撤销', en: 'consent was revoked' },
  'link-paused': { zh: '业主已暂停授权', en: 'the owner has paused the link' },
  'link-expired': { zh: '授权已到期', en: 'the link has expired' },
  'link-ended': { zh: '接入已终止', en: 'the link has ended' },
  'outside-hours': { zh: '已过授权时段', en: 'the agreed hours are over' },
  'signed-out': { zh: '已退出登录', en: 'signed out' },
  'rights-changed': { zh: '查看权限已变更', en: 'the rights of the viewer were changed' },
  'camera-removed': { zh: '摄像头已移除', en: 'the camera was removed' },
  'audit-unavailable': {
    zh: '审计记录无法写入，社会资源停止查看',
    en: 'the audit trail cannot be written, so private feeds are closed',
  },
  interrupted: { zh: '查看中断', en: 'the view was interrupted' },
}

export const viewEnded = (why: ViewEnd): Problem => new Problem('view-ended', WHY[why], { why })

/** Which views an event puts an end to. Acts of this node have ended them already; other nodes hear of them so. */
export function endOf(event: OutboxEvent): { of: EndCriteria; why: ViewEnd } | undefined {
  if (event.kind === 'camera') {
    return event.data.reason === 'removed' ? { of: { cameraId: event.data.id }, why: 'camera-removed' } : undefined
  }
  if (event.kind !== 'link') return undefined
  const { id: linkId, state, consentVersion } = event.data
  const why = BY_STATE[state]
  if (why !== undefined) return { of: { linkId }, why }
  // A new word of the owner's may be a narrower one: what was granted under those before it is asked for anew.
  return consentVersion === undefined
    ? undefined
    : { of: { linkId, consentBefore: consentVersion }, why: 'rights-changed' }
}
