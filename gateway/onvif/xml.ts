import { XMLParser } from 'fast-xml-parser'

/** An element of a peer's document. Names are data in here, never keys of an object. */
export interface XmlElement {
  /** Local name, without prefix. */
  name: string
  /** Namespace URI; empty if there is none or the prefix is undeclared. */
  namespace: string
  /** By local name; namespace declarations are not among them. */
  attributes: ReadonlyMap<string, string>
  children: readonly XmlElement[]
  /** Own character data, entities decoded once, trimmed. */
  text: string
  /** Prefixes in force, for qualified names inside text. */
  prefixes: ReadonlyMap<string, string>
}

export interface XmlLimits {
  maxBytes: number
  maxElements: number
}

/** One datagram. */
export const DATAGRAM_LIMITS: XmlLimits = { maxBytes: 64 * 1024, maxElements: 2_000 }
export const SOAP_LIMITS: XmlLimits = { maxBytes: 2 * 1024 * 1024, maxElements: 50_000 }
/** A recorder lists dozens of media profiles of some 5 KiB each. */
export const PROFILES_LIMITS: XmlLimits = { maxBytes: 8 * 1024 * 1024, maxElements: 200_000 }

const MAX_DEPTH = 64
const MAX_ATTRIBUTES = 256

const TEXT = '#text'
const CDATA = '#cdata'
const ATTRIBUTES = ':@'

/** Element names the parser refuses, with the whole document; renamed, they are elements nobody asks for. */
const RESERVED = /(<\/?)(__proto__|constructor|prototype)(?=[\s/>])/g

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: CDATA,
  maxNestedTags: MAX_DEPTH,
  jPath: false,
})

export type XmlResult = { ok: true; root: XmlElement } | { ok: false; why: string }

/**
 * Reads a peer's XML leniently: bad bytes are replaced, undeclared prefixes and bare ampersands pass, whatever follows
 * the root element is ignored. A document type is refused before parsing, so no entity is ever defined. Never throws.
 */
export function parseXml(bytes: Uint8Array, limits: XmlLimits): XmlResult {
  if (bytes.length > limits.maxBytes) return { ok: false, why: `${bytes.length} bytes, limit ${limits.maxBytes}` }
  const text = new TextDecoder().decode(bytes)
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) return { ok: false, why: 'a document type is not accepted' }
  let tags = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
    if (++tags > limits.maxElements * 2) return { ok: false, why: `more than ${limits.maxElements} elements` }
  }
  try {
    const nodes: unknown = parser.parse(text.replace(RESERVED, '$1_$2'))
    const root = Array.isArray(nodes) ? toElements(nodes, new Map(), 0)[0] : undefined
    return root === undefined ? { ok: false, why: 'no element' } : { ok: true, root }
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message.slice(0, 200) : 'not readable' }
  }
}

function toElements(nodes: readonly unknown[], outer: ReadonlyMap<string, string>, depth: number): XmlElement[] {
  if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels`)
  const elements: XmlElement[] = []
  for (const node of nodes) {
    if (typeof node !== 'object' || node === null) continue
    const entries = Object.entries(node)
    const found = entries.find(([key]) => key !== ATTRIBUTES && key !== TEXT && key !== CDATA)
    if (found === undefined || !Array.isArray(found[1])) continue
    const raw = entries.find(([key]) => key === ATTRIBUTES)?.[1]
    const attributes = Object.entries((raw ?? {}) as Record<string, unknown>)
    if (attributes.length > MAX_ATTRIBUTES) throw new Error(`more than ${MAX_ATTRIBUTES} attributes`)
    const prefixes = inScope(attributes, outer)
    const [prefix, name] = splitName(found[0])
    elements.push({
      name,
      namespace: prefixes.get(prefix) ?? '',
      attributes: new Map(
        attributes
          .filter(([key]) => !isDeclaration(key))
          .map(([key, value]) => [splitName(key)[1], decodeEntities(String(value))]),
      ),
      children: toElements(found[1], prefixes, depth + 1),
      text: textOf(found[1]),
      prefixes,
    })
  }
  return elements
}

const isDeclaration = (key: string): boolean => key === 'xmlns' || key.startsWith('xmlns:')

function inScope(
  attributes: readonly [string, unknown][],
  outer: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const declared = attributes.filter(([key]) => isDeclaration(key))
  if (declared.length === 0) return outer
  return new Map([
    ...outer,
    ...declared.map(([key, value]): [string, string] => [
      key === 'xmlns' ? '' : key.slice(6),
      decodeEntities(String(value)).trim(),
    ]),
  ])
}

function textOf(nodes: readonly unknown[]): string {
  let text = ''
  for (const node of nodes) {
    const entry = Object.entries(node as object)[0]
    if (entry?.[0] === TEXT) text += decodeEntities(String(entry[1]))
    if (entry?.[0] === CDATA && Array.isArray(entry[1])) text += rawText(entry[1])
  }
  return text.trim()
}

function rawText(nodes: readonly unknown[]): string {
  return nodes.map((node) => String((node as Record<string, unknown>)[TEXT] ?? '')).join('')
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

/** The five predefined entities and character references, once: `&amp;amp;` is `&amp;` (XML 1.0 §4.6). */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED.get(name) ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10)
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '\ufffd'
  })
}

function splitName(qualified: string): [prefix: string, name: string] {
  const at = qualified.indexOf(':')
  return at === -1 ? ['', qualified] : [qualified.slice(0, at), qualified.slice(at + 1)]
}

/** A qualified name inside text, such as `tt:CellMotionEngine`, resolved where it stands. */
export function resolveName(element: XmlElement, qualified: string): { namespace: string; name: string } {
  const [prefix, name] = splitName(qualified.trim())
  return { namespace: element.prefixes.get(prefix) ?? '', name }
}

/** Children with this local name, of this namespace if one is given. */
export function childrenOf(element: XmlElement | undefined, name: string, namespace?: string): XmlElement[] {
  return (element?.children ?? []).filter(
    (child) => child.name === name && (namespace === undefined || child.namespace === namespace),
  )
}

/** The first element on the path of local names, or undefined. */
export function at(element: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let found = element
  for (const name of path) found = found?.children.find((child) => child.name === name)
  return found
}

/** Text of the element on the path; undefined if it is missing or empty. */
export function textAt(element: XmlElement | undefined, ...path: readonly string[]): string | undefined {
  return at(element, ...path)?.text || undefined
}

/** A whole number on the path, within the bounds, or undefined. */
export function numberAt(
  element: XmlElement | undefined,
  path: readonly string[],
  min = 0,
  max = 1_000_000,
): number | undefined {
  const text = textAt(element, ...path)
  const value = text === undefined ? Number.NaN : Number(text)
  return value >= min && value <= max ? value : undefined
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
