import { XMLParser } from 'fast-xml-parser'

/** Namespaces by the names the standards use for them. */
export const NS = {
  soap: 'http://www.w3.org/2003/05/soap-envelope',
  addressing2004: 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
  addressing: 'http://www.w3.org/2005/08/addressing',
  discovery: 'http://schemas.xmlsoap.org/ws/2005/04/discovery',
  network: 'http://www.onvif.org/ver10/network/wsdl',
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  media2: 'http://www.onvif.org/ver20/media/wsdl',
  ptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
  notification: 'http://docs.oasis-open.org/wsn/b-2',
  schema: 'http://www.onvif.org/ver10/schema',
  error: 'http://www.onvif.org/ver10/error',
  topics: 'http://www.onvif.org/ver10/topics',
  security: 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd',
} as const

/** An element with its prefix resolved. */
export interface XmlElement {
  namespace: string
  name: string
  attributes: ReadonlyMap<string, string>
  children: XmlElement[]
  /** Text of the element itself, trimmed. */
  text: string
  /** Resolves a prefix in the scope of this element, for QNames in text such as those of `Types`. */
  resolve(prefix: string): string
}

const MAX_DEPTH = 32
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** @returns the root element, or undefined for anything that is not plain well-formed XML; never throws */
export function parseXml(text: string): XmlElement | undefined {
  if (text.includes('<!DOCTYPE')) return undefined
  try {
    const root = (parser.parse(text, true) as OrderedNode[]).find((node) => tagOf(node) !== undefined)
    return root === undefined ? undefined : element(root, new Map(), 0)
  } catch {
    return undefined
  }
}

/** What fast-xml-parser gives with `preserveOrder`: one tag with its children, attributes under `:@`. */
type OrderedNode = { [tag: string]: OrderedNode[] | string | Record<string, string> }

const tagOf = (node: OrderedNode): string | undefined =>
  Object.keys(node).find((key) => key !== ':@' && key !== '#text')

function element(node: OrderedNode, outer: ReadonlyMap<string, string>, depth: number): XmlElement {
  if (depth > MAX_DEPTH) throw new Error(`deeper than ${MAX_DEPTH} elements`)
  const tag = tagOf(node) ?? ''
  const attributes = new Map(Object.entries((node[':@'] ?? {}) as Record<string, string>))
  const scope = new Map(outer)
  for (const [name, value] of attributes) {
    if (name === 'xmlns') scope.set('', value)
    else if (name.startsWith('xmlns:')) scope.set(name.slice(6), value)
  }
  const [prefix, name] = splitName(tag)
  const content = (node[tag] ?? []) as OrderedNode[]
  return {
    namespace: scope.get(prefix) ?? '',
    name,
    attributes,
    children: content.filter((child) => tagOf(child) !== undefined).map((child) => element(child, scope, depth + 1)),
    text: content
      .map((child) => (typeof child['#text'] === 'string' ? child['#text'] : ''))
      .join('')
      .trim(),
    resolve: (asked) => scope.get(asked) ?? '',
  }
}

export function splitName(qualified: string): [prefix: string, name: string] {
  const colon = qualified.indexOf(':')
  return colon === -1 ? ['', qualified] : [qualified.slice(0, colon), qualified.slice(colon + 1)]
}

/** The first descendant with that name; the namespace too, where one is asked for. */
export function find(root: XmlElement | undefined, name: string, namespace?: string): XmlElement | undefined {
  for (const child of root?.children ?? []) {
    if (child.name === name && (namespace === undefined || child.namespace === namespace)) return child
    const deeper = find(child, name, namespace)
    if (deeper !== undefined) return deeper
  }
  return undefined
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }

export const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
