import type { ProbeCheck } from '../contracts/device.ts'
import type { OnvifFailure } from '../onvif/client.ts'
import { inLanguage, type Words } from '../words.ts'
import { PROBE_CODES, type ProbeCode } from './probe-codes.ts'

/** A finding before it is put into words. */
export interface Check {
  name: ProbeCheck['name']
  ok: boolean
  code?: ProbeCode
  /** Facts: names and numbers as they are, or in a sentence of ours. */
  detail: string | Words
  /** The finding in a sentence, where the code's own does not say enough. */
  words?: Words
  /** Logins that the device allows still before it locks the account. */
  triesLeft?: number
  /** What a further try would cost. */
  warning?: Words
}

/** What a device answered, as a finding. */
export const FAILURE_CODES = {
  'address-not-allowed': 'address-not-allowed',
  'port-not-allowed': 'port-not-allowed',
  'name-not-found': 'name-not-found',
  refused: 'connection-refused',
  unreachable: 'host-unreachable',
  timeout: 'timeout',
  closed: 'timeout',
  'too-large': 'not-onvif',
  'not-onvif': 'not-onvif',
  'login-needed': 'login-needed',
  'login-refused': 'login-refused',
  'login-locked': 'login-locked',
  'clock-refused': 'clock-refused',
  fault: 'device-fault',
  'unusable-uri': 'unusable-uri',
  'tls-failed': 'tls-failed',
  'certificate-changed': 'certificate-changed',
  'too-many-sessions': 'session-limit',
} as const satisfies Record<OnvifFailure, ProbeCode>

/** A finding in the asker's language: the sentence, the facts, what a further try costs, and the next step. */
export function inWords(check: Check, acceptLanguage: string | undefined, accountHelp?: Words): ProbeCheck {
  const { name, ok, code, detail, words, triesLeft, warning } = check
  const say = (text: string | Words): string => (typeof text === 'string' ? text : inLanguage(text, acceptLanguage))
  const known = code === undefined ? undefined : PROBE_CODES[code]
  const sentence = words ?? known?.sentence
  const parts = [...(sentence === undefined ? [] : [say(sentence)]), say(detail), ...(warning ? [say(warning)] : [])]
  const help = known?.problem === 'camera-refused-login' ? accountHelp : undefined
  return {
    name,
    ok,
    ...(code === undefined ? {} : { code }),
    detail: parts.filter((part) => part !== '').join(' · '),
    ...(known === undefined ? {} : { nextStep: say(oneAfterTheOther(known.nextStep, help)) }),
    ...(triesLeft === undefined ? {} : { triesLeft }),
  }
}

const oneAfterTheOther = (first: Words, second: Words | undefined): Words =>
  second === undefined ? first : { zh: [first.zh, second.zh].join('。'), en: [first.en, second.en].join('. ') }
