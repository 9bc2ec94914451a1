import type { CaseActionName, CasePhase } from '../contracts/case.ts'
import type { Words } from '../words.ts'

/** Where a case stands, as the console says it. */
export const PHASE_WORDS: Readonly<Record<CasePhase, Words>> = {
  collected: { zh: '未签收', en: 'unacknowledged' },
  opened: { zh: '已立案', en: 'opened' },
  dispatched: { zh: '已派遣', en: 'dispatched' },
  accepted: { zh: '已接受', en: 'accepted' },
  'en-route': { zh: '前往中', en: 'on the way' },
  'on-site': { zh: '已到达', en: 'on site' },
  reported: { zh: '已反馈', en: 'reported' },
  'close-requested': { zh: '待核查', en: 'waiting to be verified' },
  closed: { zh: '已结案', en: 'closed' },
  evaluated: { zh: '已评价', en: 'evaluated' },
}

/** What can be done with a case, as the console's buttons say it. */
export const ACTION_WORDS: Readonly<Record<CaseActionName, Words>> = {
  acknowledge: { zh: '签收', en: 'acknowledge' },
  dispatch: { zh: '派遣', en: 'dispatch' },
  accept: { zh: '接受', en: 'accept' },
  decline: { zh: '无法前往', en: 'decline' },
  'en-route': { zh: '前往', en: 'on the way' },
  'on-site': { zh: '到达', en: 'on site' },
  feedback: { zh: '反馈', en: 'feedback' },
  'request-close': { zh: '申请结案', en: 'ask to close' },
  'verify-close': { zh: '核查结案', en: 'verify and close' },
  return: { zh: '退回', en: 'return' },
  escalate: { zh: '升级', en: 'escalate' },
  shelve: { zh: '搁置', en: 'shelve' },
  'false-alarm': { zh: '误报', en: 'false alarm' },
  evaluate: { zh: '评价', en: 'evaluate' },
}
