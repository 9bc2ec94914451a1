import { oneLine } from './soap.ts'
import { at, childrenOf, escapeXml, textAt, type XmlElement } from './xml.ts'

/** What a camera tells of itself (ONVIF Core §9.4.2): all of it is a peer's words, made fit for one line. */
export interface Notification {
  /** Local names of the topic's levels, such as `RuleEngine/CellMotionDetector/Motion`. */
  topic: string
  /** Undefined for an event that is no state, and where the camera leaves it out. */
  operation: 'Initialized' | 'Changed' | 'Deleted' | undefined
  /** By the camera's clock, milliseconds since 1970; undefined where it is missing or no date. */
  utcMs: number | undefined
  source: readonly Item[]
  data: readonly Item[]
}

export interface Item {
  name: string
  value: string
}

/** One answer is asked for at most 50; what a careless camera sends beyond this is dropped. */
const MAX_NOTIFICATIONS = 200
const MAX_ITEMS = 16
const MAX_TOPIC_LEVELS = 16
const MAX_ITEM_CHARS = 128
const MAX_REFERENCE_CHARS = 4_096

/** Reads PullMessagesResponse, or Notify as a camera posts it (WS-BaseNotification §3.2). Never throws. */
export function parseNotifications(message: XmlElement): Notification[] {
  return childrenOf(message, 'NotificationMessage')
    .slice(0, MAX_NOTIFICATIONS)
    .flatMap((notification) => toNotification(notification) ?? [])
}

function toNotification(notification: XmlElement): Notification | undefined {
  const topic = topicPath(textAt(notification, 'Topic') ?? '')
  const message = at(notification, 'Message', 'Message')
  if (topic === '' || message === undefined) return undefined
  const utcMs = Date.parse(message.attributes.get('UtcTime')?.trim() ?? '')
  return {
    topic,
    operation: OPERATIONS.find((operation) => operation === message.attributes.get('PropertyOperation')?.trim()),
    utcMs: Number.isFinite(utcMs) ? utcMs : undefined,
    source: items(at(message, 'Source')),
    data: items(at(message, 'Data')),
  }
}

const OPERATIONS = ['Initialized', 'Changed', 'Deleted'] as const

/**
 * A topic without its prefixes, for which namespace a prefix stands differs from camera to camera, and without the
 * tail `//.` of Xiongmai (home-assistant/core#51870).
 */
export function topicPath(text: string): string {
  return oneLine(text)
    .split('/')
    .map((level) => level.slice(level.lastIndexOf(':') + 1))
    .filter((level) => level !== '' && level !== '.')
    .slice(0, MAX_TOPIC_LEVELS)
    .join('/')
}

function items(element: XmlElement | undefined): Item[] {
  const short = (text: string | undefined): string => oneLine(text ?? '').slice(0, MAX_ITEM_CHARS)
  return childrenOf(element, 'SimpleItem')
    .slice(0, MAX_ITEMS)
    .map(({ attributes }) => ({ name: short(attributes.get('Name')), value: short(attributes.get('Value')) }))
}

/** A pull point as the camera granted it (ONVIF Core §9.1.2). */
export interface Subscription {
  /** As reported, not to be dialled before it is rewritten; undefined where the camera gives none (agsh/onvif#157). */
  address: string | undefined
  /** ReferenceParameters, to be sent back as SOAP headers (Axis); empty if there are none. */
  reference: string
  /** TerminationTime minus CurrentTime by the camera's clock; undefined where either is missing. */
  grantedMs: number | undefined
}

export function parseSubscription(response: XmlElement): Subscription {
  const reference = at(response, 'SubscriptionReference')
  const parameters = at(reference, 'ReferenceParameters')?.children ?? []
  const xml = parameters.map(toXml).join('')
  return {
    address: textAt(reference, 'Address'),
    reference: xml.length > MAX_REFERENCE_CHARS ? '' : xml,
    grantedMs: grantedMs(response),
  }
}

/** What is left of a subscription, as any answer about it says; undefined where it does not. */
export function grantedMs(response: XmlElement): number | undefined {
  const [now, end] = ['CurrentTime', 'TerminationTime'].map((name) => Date.parse(textAt(response, name) ?? ''))
  const ms = (end ?? Number.NaN) - (now ?? Number.NaN)
  return ms > 0 ? ms : undefined
}

const NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u

/** Writes an element that was read; text and attributes as they were, prefixes our own. */
function toXml({ name, namespace, attributes, text, children }: XmlElement): string {
  if (!NAME.test(name)) return ''
  const written = [...attributes]
    .filter(([key]) => NAME.test(key))
    .map(([key, value]) => ` ${key}="${escapeXml(value)}"`)
  return `<r:${name} xmlns:r="${escapeXml(namespace)}"${written.join('')}>${escapeXml(text)}${children.map(toXml).join('')}</r:${name}>`
}

/** Values that mean on, whatever the camera's taste; the device profile may add some. */
export function isOn(value: string, more: readonly string[] = []): boolean {
  const text = value.toLowerCase()
  return ['true', '1', 'active', 'on', ...more.map((on) => on.toLowerCase())].includes(text)
}
