import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { createAlarms } from './alarms/alarms.ts'
import { alarmMappings } from './alarms/mapping-files.ts'
import { StrippedFields } from './alarms/stripped-fields.ts'
import { createAudit } from './audit/audit.ts'
import { cameraAccess } from './camera-access.ts'
import { createCases } from './cases/cases.ts'
import { handoverNames } from './cases/handover.ts'
import { handoverRoutes } from './cases/handover-routes.ts'
import { createClips } from './clips/clips.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import { type AuditAction, actorOf, type NewAuditEntry } from './contracts/audit.ts'
import { TIME_ZONE, toInstant } from './contracts/common.ts'
import { figures } from './figures.ts'
import { createGrid } from './grid/grid.ts'
import { consoleFiles } from './http/console.ts'
import { healthRoutes } from './http/health.ts'
import { mapRoute } from './http/map.ts'
import { metricsRoute } from './http/metrics.ts'
import type { App } from './http/route.ts'
import { createServer } from './http/server.ts'
import { settingsRoute } from './http/settings.ts'
import { createIdentity } from './identity/identity.ts'
import { coversCell } from './identity/rights.ts'
import { createLinks } from './links/create-links.ts'
import { createMqtt } from './mqtt/create-mqtt.ts'
import { nodeIdOf } from './node-id.ts'
import { createChannels } from './notify/channels.ts'
import { createEvents } from './notify/events.ts'
import { createOutbox } from './notify/outbox.ts'
import { outboxRoutes } from './notify/outbox-routes.ts'
import { readCodeTables } from './panels/panel-codes.ts'
import { createPanels } from './panels/panels.ts'
import { createRegistry } from './registry/registry.ts'
import { RelayPool } from './relay/relay-pool.ts'
import { dataFiles } from './storage/data-files.ts'
import { openDatabase } from './storage/database.ts'
import { firstNodeOf, LEADS_ALWAYS, LeadingNode } from './storage/leading-node.ts'
import { createViews } from './views/create-views.ts'
import { endOf } from './views/ends.ts'
import { createWalls } from './walls/walls.ts'

export interface GatewayDeps {
  clock: Clock
  log: FastifyBaseLogger
  version: string
  /** How long before and after an alarm is kept, ms; tests make it shorter. */
  clipSpanMs?: { before: number; after: number }
}

export interface Gateway {
  readonly app: App
  /** Where it listens, such as `http://127.0.0.1:8080`; known once started. */
  readonly url: string
  /** The embedded broker's address; undefined with an external one. */
  readonly mqttUrl: string | undefined
  /** Password of `admin` where this start has made it up. */
  readonly adminPassword: string | undefined
  start(): Promise<void>
  close(): Promise<void>
}

/** All wiring, in the order of the start. What one feature needs of another is handed in here and nowhere else. */
export async function buildApp(config: Config, { clock, log, version, clipSpanMs }: GatewayDeps): Promise<Gateway> {
  const newId = (): string => randomUUID()
  const newToken = (): string => randomBytes(32).toString('base64url')
  const random = (): number => Math.random()
  const startedAt = toInstant(clock.now())
  const files = dataFiles(config)

  const access = cameraAccess(config, clock)
  const database = await openDatabase(files.database)
  const shared = { database, clock, log, newId }
  const strippedFields = new StrippedFields(database, clock)
  const nodeId = nodeIdOf(files.nodeIdFile, newId)

  const audit = createAudit({
    ...shared,
    bootId: newId(),
    keyFile: files.auditKeyFile,
    outside: config.auditCheckpoints,
    publish: (message) => mqtt.publish(message),
  })
  const events = createEvents(shared)
  const isPlainHttp = config.http.tls === undefined && !config.http.behindTlsProxy
  const identity = createIdentity({
    ...shared,
    audit,
    announceEnd: (tx, end) => events.publish(tx, { kind: 'session-ended', cellCode: '', data: { ...end, nodeId } }),
    secureCookies: !isPlainHttp,
  })
  const grid = createGrid({ ...shared, audit, cellCodePattern: config.cellCodePattern })

  const relays = new RelayPool({
    dialer: access.dialer,
    clock,
    random,
    ...(config.maxTranscodes === undefined ? {} : { maxTranscodes: config.maxTranscodes }),
    onState: (streamId, health) => registry.noteRelayState(streamId, health),
  })
  const cameraLead =
    config.databaseUrl === undefined
      ? LEADS_ALWAYS
      : new LeadingNode({ duty: 'cameras', url: config.databaseUrl, clock, log, isAble: () => true })
  const registry = createRegistry({
    ...shared,
    lead: cameraLead,
    audit,
    events,
    grid,
    ...access,
    random,
    alarms: {
      raiseFrom: (camera, message) => alarms.raiseFrom(camera, message),
      openFrom: (cameraIds) => alarms.openFrom(cameraIds),
      raiseOwn: (place, message) => alarms.raiseOwn(place, message),
      openOwn: (type) => alarms.openOwn(type),
    },
    mayTurn: (principal, cameraId, detail) => views.permit({ principal, cameraId, scope: 'ptz', detail }),
    streamFigures: (streamId) => relays.figures(streamId),
    linkedCameraIds: (cameraIds) => links.linkedCameraIds(cameraIds),
    ended: (cameraId) => views.endWhere({ cameraId }, 'camera-removed'),
  })
  const views = createViews({
    ...shared,
    nodeId,
    audit,
    events,
    cameras: registry,
    links: {
      linkFor: (client, cameraId) => links.linkFor(client, cameraId),
      activePeriods: (client, linkId) => links.activePeriods(client, linkId),
      now: () => links.now(),
    },
    relays,
    timeZone: TIME_ZONE,
  })
  const links = createLinks({
    ...shared,
    newToken,
    audit,
    events: {
      // A camera without an active link counts as unlinked, so its state changes with the link.
      publish: async (tx, event) => {
        await events.publish(tx, event)
        if (event.kind === 'link') await registry.publishState(tx, event.data.cameraId, event.data.state === 'active')
      },
    },
    cameras: registry,
    sessions: identity.sessions,
    views,
    timeZone: TIME_ZONE,
    strippedFields: () => strippedFields.sum(),
    transparencyPage: config.transparencyPage,
  })
  // Another node's act reaches this one as an event.
  events.onEvents((told) => {
    for (const { of, why } of told.flatMap((event) => endOf(event) ?? [])) void views.endWhere(of, why)
    for (const event of told) {
      if (event.kind === 'session-ended' && event.data.nodeId !== nodeId) identity.heardEnd(event.data)
    }
  })
  identity.onEnded(({ sessionId, principalId, why }) => {
    const of = {
      ...(sessionId === undefined ? {} : { sessionId }),
      ...(principalId === undefined ? {} : { principalId }),
    }
    views.endWhere(of, why).catch((error: unknown) => log.error({ err: error }, 'views of an ended session'))
    events.endSessions(of)
    mqtt.endSessions(of)
  })

  const channels = createChannels({
    ...shared,
    audit,
    random,
    nodeId,
    vault: access.vault,
    cellName: async (code) => (await grid.cell(code))?.name,
    stillNeeded: (ids) => cases.stillNeeded(ids),
    settle: (of, settlement, work) => cases.settle(of, settlement, work),
  })
  const cases = createCases({
    ...shared,
    audit,
    events,
    channels,
    people: async (cellCode) => {
      const { lead, deputy } = (await grid.cell(cellCode)) ?? {}
      return { lead, deputy, patrolLeads: await identity.users.patrolLeads(cellCode) }
    },
  })
  const clips = createClips({
    ...shared,
    audit,
    nodeId,
    directory: files.clipsDirectory,
    ...(clipSpanMs === undefined ? {} : { spanMs: clipSpanMs }),
    camera: (id) => registry.camera(id),
    caseOf: async (id) => {
      const one = await cases.case(id)
      return one && { cellCode: one.cellCode, cameraId: one.cameraId }
    },
    clipCameraIds: () => links.clipCameraIds(),
    mayKeep: (recorded) => views.mayKeepRecording(recorded),
    mayOpenRecording: (opening) => views.mayOpenRecording(opening),
    acquire: async (cameraId) => {
      const source = await registry.streamSource(cameraId, 'auto')
      return source && relays.acquire(source.streamId, source.source)
    },
    note: (caseId, action, work) => cases.note(caseId, action, work),
    onEvents: (listener) =>
      events.onEvents((told) => listener(told.filter((one) => one.kind === 'case' || one.kind === 'link'))),
  })
  const alarms = createAlarms({
    ...shared,
    cases,
    casesOpened: (since) => cases.openedSince(since),
    openCases: (before) => cases.openFrom(before),
    withTimes: (told) => cases.withTimes(told),
    operators: () => events.listening('operator'),
    nodeId,
    mappings: alarmMappings(),
    vault: access.vault,
    panelPort: () => panels.port(),
    newSecret: newToken,
    audit,
    events,
    endConnections: (tx, sourceId) => identity.tellEnd(tx, { principalId: sourceId, why: 'rights-changed' }),
    directory: {
      cellExists: async (code) => (await grid.cell(code)) !== undefined,
      cameraExists: async (id) => (await registry.camera(id)) !== undefined,
    },
  })
  const walls = createWalls({ ...shared, audit })
  const panels = createPanels({
    listen: config.sia,
    clock,
    log,
    randomBytes,
    desk: alarms.panels,
    tables: readCodeTables(),
  })
  const brokerLead =
    config.databaseUrl !== undefined && config.mqtt.kind === 'external'
      ? new LeadingNode({ duty: 'broker', url: config.databaseUrl, clock, log, isAble: () => mqtt.isConnected() })
      : LEADS_ALWAYS
  const mqtt = createMqtt({
    config: config.mqtt,
    gatewayId: nodeId,
    inputs: { lead: brokerLead, sessionName: await firstNodeOf(database, nodeId) },
    version,
    clock,
    log,
    newId,
    random,
    input: alarms,
    authenticateSource: (sourceId, password) => alarms.authenticateSource(sourceId, password),
    authenticateToken: (token) => identity.sessions.byToken(token),
    coversCell,
  })
  const destination = config.mqtt.kind === 'embedded' ? `mqtt-${nodeId}` : 'mqtt'
  const outbox = createOutbox({
    ...shared,
    random,
    events,
    publisher: mqtt,
    destination,
    lead: brokerLead,
    cameraStates: () => registry.states(),
  })

  const record = (action: AuditAction, detail: NewAuditEntry['detail']): Promise<void> =>
    database.transaction((tx) =>
      audit.append(tx, {
        action,
        actor: { kind: 'system', name: 'gridlight' },
        object: `gateway:${nodeId}`,
        result: 'done',
        ...(detail === undefined ? {} : { detail }),
      }),
    )

  const app = await createServer({
    logger: log,
    version,
    tls: config.http.tls,
    behindTlsProxy: config.http.behindTlsProxy,
    ...(config.mapTiles === undefined ? {} : { imageOrigin: new URL(config.mapTiles.url).origin }),
    authenticator: identity.sessions,
    onRefused: (principal, request, code) =>
      database.transaction((tx) =>
        audit.append(tx, {
          action: 'access-refused',
          actor: actorOf(principal),
          object: `route:${request.method} ${request.routeOptions.url}`,
          result: 'refused',
          why: code,
        }),
      ),
  })
  let isStarted = false
  healthRoutes(app, version, {
    start: () => isStarted,
    mqtt: () => mqtt.isConnected(),
    database: () => database.client.setting.count().then(() => true),
  })
  metricsRoute(app, figures({ alarms, audit, cases, channels, clips, panels, registry, relays, strippedFields, views }))
  settingsRoute(app, () => ({
    version,
    node: process.version,
    nodeId,
    startedAt,
    database: database.provider,
    mqtt: config.mqtt.kind,
    mqttConnected: mqtt.isConnected(),
    transport: config.http.tls !== undefined ? 'https' : config.http.behindTlsProxy ? 'tls-proxy' : 'loopback-http',
    dataDir: config.dataDir,
    cameraNetworks: [...config.cameraNetworks],
    cellCodePattern: config.cellCodePattern.source,
    timeZone: TIME_ZONE,
    logLevel: config.logLevel,
  }))
  identity.routes(app)
  audit.routes(app, {
    user: identity.userNames,
    wall: identity.userNames,
    token: identity.tokenNames,
    'alarm-source': alarms.sourceNames,
    case: cases.names,
    channel: channels.names,
    delivery: channels.deliveryNames,
    handover: handoverNames,
    link: links.names,
    clip: clips.names,
  })
  grid.routes(app)
  mapRoute(app, config.mapTiles)
  registry.routes(app)
  links.routes(app)
  views.routes(app)
  alarms.routes(app)
  cases.routes(app)
  handoverRoutes(app, { ...shared, audit, takeOver: identity.takeOver })
  walls.routes(app)
  channels.routes(app)
  clips.routes(app)
  events.routes(app)
  outboxRoutes(app, { database, destination, lastFault: () => outbox.lastFault() })
  consoleFiles(app, join(import.meta.dirname, '../web-console/dist'))

  let url = ''
  let adminPassword: string | undefined

  return {
    app,
    get url() {
      return url
    },
    get mqttUrl() {
      const port = mqtt.port()
      return config.mqtt.kind === 'embedded' && port !== undefined ? `mqtt://${config.mqtt.host}:${port}` : undefined
    },
    get adminPassword() {
      return adminPassword
    },

    async start() {
      await audit.start()
      await record('gateway-started', { version })
      adminPassword = await identity.users.ensureAdmin(config.adminPassword)
      await events.start()
      identity.start()
      await links.start()
      await views.start()
      await cameraLead.start()
      registry.start()
      await alarms.start()
      cases.start()
      channels.start()
      await clips.start()
      await brokerLead.start()
      await mqtt.start()
      await panels.start()
      outbox.start()
      url = await app.listen({ host: config.http.host, port: config.http.port })
      isStarted = true
    },

    /**
     * Not ready, no more intake, then the viewers, then what is left to write, then the database.
     * What fails to close keeps nothing after it from closing.
     */
    async close() {
      isStarted = false
      const faults: unknown[] = []
      const ends = async (close: Promise<unknown>): Promise<void> => {
        await close.catch((fault: unknown) => faults.push(fault))
      }
      for (const part of [
        outbox,
        mqtt,
        brokerLead,
        panels,
        alarms,
        clips,
        channels,
        cases,
        app,
        views,
        registry,
        cameraLead,
        relays,
        links,
        identity,
        events,
      ]) {
        await ends(part.close())
      }
      await ends(record('gateway-stopped', undefined))
      await ends(audit.close())
      await ends(database.close())
      if (faults.length > 0) throw new AggregateError(faults, `${faults.length} parts did not close as they should`)
    },
  }
}
