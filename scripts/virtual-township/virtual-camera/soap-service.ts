import type { Clock } from '../../../gateway/clock.ts'
import type { Device, Make, OnvifHabits } from '../township-data.ts'
import type { MediaProfile } from './media-profile.ts'
import { NS, type XmlElement } from './xml.ts'

/** What the operations of one camera share. */
export interface CameraFacts {
  device: Device
  make: Make
  habits: OnvifHabits
  serial: string
  uuid: string
  profiles: readonly MediaProfile[]
  clock: Clock
  /** The camera's clock less ours, until somebody sets it. */
  clockOffsetMs: () => number
  setClock: (nowMs: number) => void
  /** Has the encoder of the profile make its next frame a key frame. @returns false if this make cannot */
  keyFrame: (profile: MediaProfile) => boolean
  /** Base addresses as the camera names itself, such as `http://127.0.1.1:8080`. */
  httpBase: () => string
  pullBase: () => string
  rtspBase: () => string
}

/** One request to one operation. */
export interface SoapCall {
  body: XmlElement
  envelope: XmlElement
  /** Path and query it was posted to. */
  target: string
  /** Ends when the asker is gone or the camera stops. */
  signal: AbortSignal
}

export type SoapResult = { xml: string } | { fault: string; text: string }

/** Keyed by `namespace name` of the first element of the body. */
export type Operations = Record<string, (call: SoapCall) => SoapResult | Promise<SoapResult>>

const PREFIXES = `xmlns:tds="${NS.device}" xmlns:trt="${NS.media}" xmlns:tr2="${NS.media2}" xmlns:tt="${NS.schema}" xmlns:tev="${NS.events}" xmlns:tptz="${NS.ptz}" xmlns:wsnt="${NS.notification}" xmlns:wsa5="${NS.addressing}" xmlns:tns1="${NS.topics}" xmlns:tnsaxis="http://www.axis.com/2009/event/topics" xmlns:ter="${NS.error}"`

/** An envelope in the make's own prefix. */
export const envelope = (prefix: string, body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${prefix}:Envelope xmlns:${prefix}="${NS.soap}" ${PREFIXES}><${prefix}:Header/><${prefix}:Body>${body}</${prefix}:Body></${prefix}:Envelope>`

/** A SOAP 1.2 fault with ONVIF's subcode (ONVIF Core §5.8.2); whose fault it is follows from the subcode. */
export function faultEnvelope(prefix: string, subcode: string, text: string): string {
  const whose = subcode === 'ter:ActionNotSupported' ? 'Receiver' : 'Sender'
  return envelope(
    prefix,
    `<${prefix}:Fault><${prefix}:Code><${prefix}:Value>${prefix}:${whose}</${prefix}:Value><${prefix}:Subcode><${prefix}:Value>${subcode}</${prefix}:Value></${prefix}:Subcode></${prefix}:Code><${prefix}:Reason><${prefix}:Text xml:lang="en">${text}</${prefix}:Text></${prefix}:Reason></${prefix}:Fault>`,
  )
}
