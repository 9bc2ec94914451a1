import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import pino from 'pino'
import t, { type Test } from 'tap'
import { gapOf, insertPanelAccount } from '../../gateway/alarms/panel-accounts.ts'
import type { Clock } from '../../gateway/clock.ts'
import { MAX_FRAME_BYTES } from '../../gateway/panels/dc09-frame.ts'
import { readCodeTables } from '../../gateway/panels/panel-codes.ts'
import { createPanels, DEFAULT_PANEL_LIMITS, type PanelLimits } from '../../gateway/panels/panels.ts'
import type { Database } from '../../gateway/storage/database.ts'
import { createVault } from '../../gateway/vault.ts'
import { addSource, CELL, startAlarms } from '../fakes/alarm-gateway.ts'
import { AlarmPanel, encodePanelMessage, type PanelMessage, sendDatagram } from '../fakes/alarm-panel.ts'
import { FakeClock } from '../fakes/clock.ts'
import { temporaryDatabase } from '../fakes/database.ts'
import { onBothDatabases } from '../fakes/databases.ts'

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex')
const vault = createVault([Buffer.alloc(32, 7)])

async function fixture(t: Test, database: Database, limits: Partial<PanelLimits> = {}, clock: Clock = new FakeClock()) {
  const { alarms } = await startAlarms(t, database, { clock })
  const add = async (account: string, key?: Buffer): Promise<string> => {
    const { id } = await addSource(database)
    await database.transaction((tx) =>
      insertPanelAccount(tx, vault, id, { account, ...(key === undefined ? {} : { key: key.toString('hex') }) }),
    )
    return id
  }
  const [plain, sealed] = [await add('1234'), await add('ABCDEF', KEY)]
  const panels = createPanels({
    listen: { host: '127.0.0.1', port: 0 },
    clock,
    log: pino({ level: 'silent' }),
    randomBytes,
    desk: alarms.panels,
    tables: readCodeTables(),
    limits: { ...DEFAULT_PANEL_LIMITS, ...limits },
  })
  await panels.start()
  t.teardown(() => panels.close())
  const port = panels.port() ?? 0
  const panel = new AlarmPanel(port)
  t.teardown(async () => void panel.socket.destroy())
  const plainMessage = (message: Partial<PanelMessage>): Buffer =>
    encodePanelMessage({ id: 'ADM-CID', account: '1234', data: '1130 01 005', ...message })
  const sealedMessage = (message: Partial<PanelMessage>): Buffer =>
    encodePanelMessage({
      id: 'SIA-DCS',
      account: 'ABCDEF',
      data: 'Nri1/BA501',
      at: new Date(clock.now()),
      key: KEY,
      ...message,
    })
  return { alarms, clock, panels, port, panel, plain, sealed, plainMessage, sealedMessage }
}

const told = async (database: Database): Promise<string[]> => {
  const rows = await database.client.alarm.findMany({ orderBy: [{ receivedAt: 'asc' }, { type: 'asc' }] })
  return rows.map(({ type, state }) => `${type} ${state}`).sort()
}

await onBothDatabases(t, async (t, open) => {
  t.test('a report is on disk when it is acknowledged, over TCP and UDP, in clear and encrypted', async (t) => {
    const database = await open(t)
    const { port, panel, plain, sealed, plainMessage, sealedMessage } = await fixture(t, database)
    t.match(await panel.send(plainMessage({ sequence: 7, receiver: 'R1', line: 'L2' })), {
      kind: 'ACK',
      sequence: 7,
      text: /"ACK"0007R1L2#1234\[\]/,
    })
    const [row] = await database.client.alarm.findMany()
    t.match(row, { sourceId: plain, cellCode: CELL, type: 'intrusion', priority: 2, state: 'active' })
    t.match(await panel.send(sealedMessage({ sequence: 1 }), KEY), { kind: '*ACK', sequence: 1 })
    t.equal(await database.client.alarm.count({ where: { sourceId: sealed } }), 1)
    t.match(await sendDatagram(port, sealedMessage({ sequence: 2, data: 'Nri1/FA2' }), KEY), { kind: '*ACK' })
    t.equal(await database.client.alarm.count({ where: { sourceId: sealed, type: 'smoke', priority: 1 } }), 1)
    t.match(await panel.send(plainMessage({ sequence: 8, data: '6130 01 005' })), { kind: 'ACK' })
    t.equal(await database.client.alarm.count({ where: { sourceId: plain } }), 1, 'a status report is no new alarm')
    t.match(await panel.send(plainMessage({ sequence: 9, data: '3130 01 005' })), { kind: 'ACK' })
    t.strictSame(await told(database), ['intrusion active', 'intrusion cleared', 'smoke active'])
  })

  t.test('the same message again is acknowledged and is no new alarm; the same trouble later is one', async (t) => {
    const database = await open(t)
    const { panel, plainMessage, sealedMessage, clock } = await fixture(t, database)
    for (let n = 0; n < 3; n++) t.match(await panel.send(plainMessage({ sequence: 9999 })), { kind: 'ACK' })
    t.equal(await database.client.alarm.count(), 1)
    t.match(await panel.send(plainMessage({ sequence: 1 })), { kind: 'ACK' }, '1 follows 9999')
    t.strictSame(await told(database), ['intrusion active', 'intrusion cleared'])
    const recorded = sealedMessage({ sequence: 5 })
    await panel.send(recorded, KEY)
    await panel.send(sealedMessage({ sequence: 6, data: 'Nri1/BR501' }), KEY)
    await panel.send(recorded, KEY)
    t.equal(await database.client.alarm.count(), 3, 'a recording played again within the window is nothing new')
    await (clock as FakeClock).advance(41_000)
    t.match(await panel.send(recorded), { kind: 'NAK' }, 'and later it is refused')
    t.equal(await database.client.alarm.count(), 3)
  })

  t.test('numbers that are missing are an alarm of their own', async (t) => {
    const database = await open(t)
    const { panel, plainMessage, plain } = await fixture(t, database)
    for (const sequence of [5, 9, 10, 2000, 1])
      await panel.send(plainMessage({ sequence, data: `1130 01 ${100 + (sequence % 100)}` }))
    const gaps = await database.client.alarm.findMany({ where: { type: 'source-silent' } })
    t.match(gaps, [{ text: /6–8$/, cellCode: CELL, dataJson: JSON.stringify({ sourceId: plain, from: 6, to: 8 }) }])
    t.strictSame(gapOf(9998, 2), { from: 9999, to: 1 })
    t.strictSame(gapOf(9998, 1), { from: 9999, to: 9999 })
    t.equal(gapOf(9999, 1), undefined)
    t.strictSame(gapOf(100, 201), { from: 101, to: 200 })
    t.equal(gapOf(100, 202), undefined, 'a larger jump is a new beginning')
  })
})

t.test('what cannot be taken is answered as the standard says, and kept with its reason', async (t) => {
  const database = await temporaryDatabase(t)
  const { panel, plainMessage, sealedMessage, clock, panels } = await fixture(t, database)
  const now = clock.now()
  const cases: [string, Buffer, string][] = [
    ['no such account', plainMessage({ account: '9999' }), 'DUH'],
    ['not encrypted', plainMessage({ account: 'ABCDEF' }), 'DUH'],
    ['encrypted without a key', sealedMessage({ account: '1234' }), 'NAK'],
    ['the wrong key', sealedMessage({ key: Buffer.alloc(16, 1) }), 'NAK'],
    ['a key of another length', sealedMessage({ key: Buffer.alloc(32, 1) }), 'NAK'],
    ['no timestamp', sealedMessage({ at: undefined }), 'NAK'],
    ['41 s old', sealedMessage({ at: new Date(now - 41_000) }), 'NAK'],
    ['21 s ahead', sealedMessage({ at: new Date(now + 21_000) }), 'NAK'],
    ['not an event', plainMessage({ data: 'hello' }), 'DUH'],
    ['another payload', plainMessage({ id: 'ACR-SF' }), 'DUH'],
  ]
  for (const [name, bytes, kind] of cases) t.match(await panel.send(bytes), { kind }, name)
  t.match(
    await panel.send(sealedMessage({ sequence: 2, at: new Date(now - 40_000) }), KEY),
    { kind: '*ACK' },
    '40 s old',
  )
  t.match(
    await panel.send(sealedMessage({ sequence: 3, data: 'Nri1/BA2', at: new Date(now + 20_000) }), KEY),
    { kind: '*ACK' },
    '20 s ahead',
  )
  const kept = await database.client.rejectedInput.findMany()
  t.equal(kept.length, cases.length)
  t.equal(await database.client.alarm.count(), 2)
  t.match(panels.counts, { stored: 2, refused: cases.length, damaged: 0 })
  panel.socket.write('\n00000010"nonsense"......\r')
  t.match(await panel.send(plainMessage({ id: 'NULL' })), { kind: 'ACK' }, 'damage is met with silence')
  t.match(panels.counts, { damaged: 1 })
})

t.test('a store that fails means no acknowledgement, and the panel’s next attempt is taken', async (t) => {
  const database = await temporaryDatabase(t)
  const { panel, plainMessage } = await fixture(t, database)
  const { transaction } = database
  database.transaction = async () => {
    throw new Error('disk full')
  }
  panel.socket.write(plainMessage({ sequence: 4 }))
  t.match(await panel.send(plainMessage({ id: 'NULL', sequence: 3 })), { kind: 'ACK', sequence: 3 }, 'the first answer')
  database.transaction = transaction
  t.match(await panel.send(plainMessage({ sequence: 4 })), { kind: 'ACK', sequence: 4 })
  t.equal(await database.client.alarm.count(), 1)
})

t.test('a panel whose supervision stops raises source-silent, once, until it is heard again', async (t) => {
  const database = await temporaryDatabase(t)
  const clock = new FakeClock()
  const { panel, plain, plainMessage } = await fixture(t, database, {}, clock)
  await database.client.alarmSource.update({ where: { id: plain }, data: { silenceSeconds: 180 } })
  const pass = async (seconds: number, each = async (): Promise<unknown> => undefined): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await each()
      await clock.advance(10_000)
      for (let n = 0; n < 12; n++) await database.transaction(async (tx) => tx.setting.count())
    }
  }
  await pass(240, () => panel.send(plainMessage({ id: 'NULL' })))
  t.strictSame(await told(database), [])
  await pass(400)
  t.strictSame(await told(database), ['source-silent active'])
  await pass(20, () => panel.send(plainMessage({ id: 'NULL' })))
  t.strictSame(await told(database), ['source-silent cleared'])
})

t.test('hostile peers: endless frames are cut, too many connections refused, others served', async (t) => {
  const database = await temporaryDatabase(t)
  const { panel, port, plainMessage, panels } = await fixture(t, database, { perAddress: 3 })
  await panel.send(plainMessage({ id: 'NULL' }))
  const endless = connect(port, '127.0.0.1')
  endless.on('error', () => {})
  endless.write(Buffer.concat([Buffer.of(10), Buffer.alloc(MAX_FRAME_BYTES + 1, 'x')]))
  await once(endless, 'close')
  const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  await Promise.all(held.map((socket) => once(socket, 'connect')))
  const refused = connect(port, '127.0.0.1')
  refused.on('error', () => {})
  await once(refused, 'close')
  t.match(await panel.send(plainMessage({})), { kind: 'ACK' })
  for (const socket of held) socket.destroy()
  await sendDatagram(port, plainMessage({ id: 'NULL' }))
  t.equal(panels.counts.heartbeat, 2)
})
