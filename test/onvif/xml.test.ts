import t from 'tap'
import { envelope, parseSoap, usernameToken } from '../../gateway/onvif/soap.ts'
import { at, childrenOf, parseXml, resolveName, SOAP_LIMITS, textAt } from '../../gateway/onvif/xml.ts'

const parse = (text: string) => parseXml(Buffer.from(text), SOAP_LIMITS)

t.test('names, namespaces and text', async (t) => {
  const parsed = parse(
    '<a:r xmlns:a="urn:1" xmlns="urn:2"><x y="1 &amp; 2" a:z="q"> t&lt;&#x4e2d;&amp;lt; </x><b:x xmlns:b="urn:3">b:name</b:x><c:x/><![CDATA[a & b]]></a:r>',
  )
  if (!parsed.ok) throw new Error(parsed.why)
  const { root } = parsed
  t.match(root, { name: 'r', namespace: 'urn:1', text: 'a & b' })
  t.same(
    root.children.map(({ name, namespace }) => [name, namespace]),
    [
      ['x', 'urn:2'],
      ['x', 'urn:3'],
      ['x', ''],
    ],
    'an undeclared prefix is no fault',
  )
  t.equal(textAt(root, 'x'), 't<\u4e2d&lt;', 'entities are decoded once')
  t.same(
    [...(at(root, 'x')?.attributes ?? [])],
    [
      ['y', '1 & 2'],
      ['z', 'q'],
    ],
  )
  const [inner] = childrenOf(root, 'x', 'urn:3')
  t.same(inner && resolveName(inner, inner.text), { namespace: 'urn:3', name: 'name' })
})

t.test('what is refused', async (t) => {
  const attributes = (count: number): string => Array.from({ length: count }, (_, at) => `a${at}="1"`).join(' ')
  const cases: [name: string, text: string, ok: boolean][] = [
    ['a document type', '<!DOCTYPE a><a/>', false],
    ['in small letters', '<!doctype a><a/>', false],
    ['an entity declaration', '<a><!ENTITY b "c"></a>', false],
    ['64 levels', `${'<a>'.repeat(60)}${'</a>'.repeat(60)}`, true],
    ['too deep', `${'<a>'.repeat(70)}${'</a>'.repeat(70)}`, false],
    ['256 attributes', `<a ${attributes(256)}/>`, true],
    ['too many attributes', `<a ${attributes(257)}/>`, false],
    ['too many elements', `<a>${'<b/>'.repeat(100_001)}</a>`, false],
    ['too large', `<a>${' '.repeat(SOAP_LIMITS.maxBytes)}</a>`, false],
    ['nothing', '', false],
  ]
  for (const [name, text, ok] of cases) t.equal(parse(text).ok, ok, name)
})

t.test('SOAP', async (t) => {
  t.match(parseSoap(Buffer.from(envelope('<a/>')), SOAP_LIMITS), { kind: 'body', element: { name: 'a' } })
  t.match(parseSoap(Buffer.from(envelope('')), SOAP_LIMITS), { kind: 'unreadable' })
  t.match(parseSoap(Buffer.from(`<!DOCTYPE x>${envelope('<a/>')}`), SOAP_LIMITS), { kind: 'unreadable' })
  const older =
    '<e:Envelope><e:Body><e:Fault><faultcode>e:Client</faultcode><faultstring>no\nway</faultstring></e:Fault></e:Body></e:Envelope>'
  t.same(parseSoap(Buffer.from(older), SOAP_LIMITS), { kind: 'fault', fault: { codes: ['Client'], text: 'no way' } })
})

t.test('password digest, the example of the ONVIF application programmer’s guide', async (t) => {
  const nonce = Buffer.from('LKqI6G/AikKCQrN0zqZFlg==', 'base64')
  const token = usernameToken({ username: 'user', password: 'userpassword' }, nonce, Date.UTC(2010, 8, 16, 7, 50, 45))
  t.match(token, '<u:Created>2010-09-16T07:50:45.000Z</u:Created>')
  t.notMatch(token, 'userpassword')
})
