import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import {
  type Announced,
  DISCOVERY_GROUP,
  DISCOVERY_PORT,
  DiscoveryResponder,
  probeMatch,
} from '../../scripts/virtual-township/virtual-camera/discovery.ts'
import { find, NS, parseXml } from '../../scripts/virtual-township/virtual-camera/xml.ts'

const probe = (types: string): string =>
  `<e:Envelope xmlns:e="${NS.soap}" xmlns:addr="${NS.addressing2004}" xmlns:look="${NS.discovery}"><e:Header><addr:MessageID>urn:uuid:4711</addr:MessageID></e:Header><e:Body><look:Probe>${types}</look:Probe></e:Body></e:Envelope>`

const camera = (address: string, more: Partial<Announced['habits']> = {}): Announced => ({
  address,
  uuid: '11111111-2222-4333-8444-555555555555',
  xaddr: `http://${address}/onvif/device_service`,
  habits: {
    envelope: 'SOAP-ENV',
    addressing: 'wsa',
    discovery: 'wsdd',
    network: 'tdn',
    types: ['NetworkVideoTransmitter'],
    endpointReference: 'uuid:',
    scopes: ['onvif://www.onvif.org/name/TP-IPC'],
    extraXaddrs: [],
    repeatsMessageId: false,
    needsTypes: false,
    ...more,
  },
  scopes: [],
  isUp: () => true,
})

t.test('a Probe is understood by namespace, whatever its prefixes', async (t) => {
  const ours = camera('127.0.0.9')
  const cases: [name: string, types: string, isAnswered: boolean][] = [
    ['no types', '', true],
    [
      'NetworkVideoTransmitter under an odd prefix',
      `<look:Types xmlns:q="${NS.network}">q:NetworkVideoTransmitter</look:Types>`,
      true,
    ],
    [
      'right name, wrong namespace',
      '<look:Types xmlns:dn="urn:printers">dn:NetworkVideoTransmitter</look:Types>',
      false,
    ],
    ['a prefix nobody declared', '<look:Types>dn:NetworkVideoTransmitter</look:Types>', false],
    ['another type of ours', `<look:Types xmlns:q="${NS.device}">q:Device</look:Types>`, false],
  ]
  for (const [name, types, isAnswered] of cases) t.equal(probeMatch(ours, probe(types)) !== undefined, isAnswered, name)
  t.equal(probeMatch(camera('127.0.0.9', { needsTypes: true }), probe('')), undefined, 'Tapo wants types')
  t.equal(probeMatch(ours, '<!DOCTYPE x [<!ENTITY a "b">]><x/>'), undefined)
  t.equal(probeMatch(ours, 'garbage'), undefined)

  const answer = parseXml(probeMatch(ours, probe('')) ?? '')
  t.equal(find(answer, 'RelatesTo', NS.addressing2004)?.text, 'urn:uuid:4711')
  t.equal(find(answer, 'XAddrs', NS.discovery)?.text, ours.xaddr)
  t.not(find(answer, 'MessageID')?.text, 'urn:uuid:4711')
  const copied = parseXml(probeMatch(camera('127.0.0.9', { repeatsMessageId: true }), probe('')) ?? '')
  t.equal(find(copied, 'MessageID')?.text, 'urn:uuid:4711', 'Tapo repeats the MessageID')
})

t.test('answers come over UDP, from the camera that was asked', async (t) => {
  const addresses = ['127.0.20.1', '127.0.20.2']
  const one = new DiscoveryResponder(addresses.map((address) => camera(address)))
  const other = new DiscoveryResponder([camera('127.0.20.3')])
  await one.start()
  await other.start()
  const socket = createSocket('udp4')
  t.teardown(async () => {
    socket.close()
    await one.close()
    await other.close()
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')

  const heard = answers(socket, 1)
  socket.send(probe(''), DISCOVERY_PORT, '127.0.20.2')
  t.same(await heard, ['127.0.20.2'], 'unicast')

  const all = answers(socket, 3)
  socket.setMulticastInterface('127.0.0.1')
  socket.send(probe(''), DISCOVERY_PORT, DISCOVERY_GROUP)
  t.same(await all, [...addresses, '127.0.20.3'], 'multicast reaches two townships at once')
})

/** The addresses that answer, in order; other townships on this machine may answer too and do not count. */
function answers(socket: Socket, count: number): Promise<string[]> {
  const from = new Set<string>()
  return new Promise((resolve) => {
    socket.on('message', function hear(_message, sender) {
      if (sender.address.startsWith('127.0.20.')) from.add(sender.address)
      if (from.size < count) return
      socket.off('message', hear)
      resolve([...from].sort())
    })
  })
}
