import { type Mutant, on } from './mutant.ts'

const window = on('hls/window.ts', 'test/hls/window.test.ts')
const segments = on('hls/segment-list.ts', 'test/hls/window.test.ts')
const waiters = on('hls/waiters.ts', 'test/hls/window.test.ts')
const outages = on('relay/relay.ts', 'test/relay/outages.test.ts')
const pool = on('relay/relay-pool.ts', 'test/relay/relay.test.ts')
const transcodes = on('relay/relay-pool.ts', 'test/relay/transcode.test.ts')
const beginning = on('views/live-connection.ts', 'test/e2e/wall-start.test.ts')
const live = on('views/live-connection.ts', 'test/views/live-socket.test.ts')
const sound = on('views/live-connection.ts', 'test/views/sound.test.ts')
const slow = on('views/live-connection.ts', 'test/views/live-back-pressure.test.ts')
const cutOff = on('views/views.ts', 'test/views/cut-off.test.ts')
const watching = on('views/views.ts', 'test/views/watching.test.ts')
const reply = on('views/media-reply.ts', 'test/views/media-reply.test.ts')
const heads = on('http/request-heads.ts', 'test/http/request-heads.test.ts')
const connection = on('http/direct-connection.ts', 'test/http/direct-connection.test.ts')
const direct = on('http/direct.ts', 'test/http/direct-connection.test.ts')
const listed = on('hls/playlist.ts', 'test/hls/conformance.test.ts')
const recent = on('identity/recent-principals.ts', 'test/identity/recent-principals.test.ts')

/** From the camera to whoever watches: what is old is not shown as live, and what has ended does not go on. */
export const PICTURES: readonly Mutant[] = [
  // The window of a stream.
  window('window: any playlist in time', 'if (this.#isTooFarAhead(msn, part ?? 0)) return', 'if (msn < 0) return'),
  window('window: held for ever', 'this.#waiters.expire(this.#monotonicMs())', ''),
  window('window: an old playlist', 'this.#rendered = []\n    this.#waiters.wake()', 'this.#waiters.wake()'),
  window('window: goes on after its end', '    this.#waiters.endAll()\n', ''),
  window('window: viewers of a stream that ended wait', 'for (const sink of this.#sinks) sink.end()\n', ''),
  window('window: the past passes for the newest', 'at < recent.length - 1', 'false'),
  beginning(
    'live socket: the past passes for the newest',
    '{ ...chunk.facts, isPast }',
    '{ ...chunk.facts, isPast: false }',
  ),
  segments(
    'window: begins at any picture',
    'for (const chunk of chunks) if (chunk.facts.id >= first.facts.id) yield',
    'for (const chunk of chunks) if (chunk.facts.id >= 0) yield',
  ),
  window(
    'window: a part past its segment is never there',
    'return segment.durationTicks !== undefined && last.msn > msn &&',
    'return segment.durationTicks === undefined && last.msn > msn &&',
  ),
  window(
    'window: half a segment',
    'if (segment?.durationTicks === undefined || !segment.isWhole) return',
    'if (segment?.durationTicks === undefined) return',
  ),
  segments('window: of any size', 'while (this.#sizeBytes > MAX_WINDOW_BYTES &&', 'while (this.#sizeBytes < 0 &&'),
  listed('list: parts are told once', 'wording.parts < parts.length', 'wording.parts < 1'),
  listed('list: nothing is told of parts', 'if (hasPartsListed && ', 'if (!hasPartsListed && '),
  listed(
    'list: an end that is foretold',
    "if (durationTicks !== undefined && wording.endLines === '')",
    "if (parts.length > 3 && wording.endLines === '')",
  ),
  on('hls/playlist.ts', 'test/hls/playlist.test.ts')(
    'list: the part target of before',
    'said?.partTargetTicks === partTargetTicks',
    'said !== undefined',
  ),
  on('hls/segment-list.ts', 'test/hls/segmenter.test.ts')(
    'window: the list begins at any picture',
    'if (segments[i + 1]?.parts[0]?.facts.independent === true) this.#listedFrom',
    'this.#listedFrom',
  ),
  on('hls/segment-list.ts', 'test/hls/conformance.test.ts')(
    'window: a part goes with its listing',
    'segment.partsKeptUntilTicks = nowTicks + PART_GRACE_TICKS',
    'segment.partsKeptUntilTicks = nowTicks',
  ),
  waiters('window: as many wait as want', 'if (this.#waiters.size >= MAX_WAITERS)', 'if (this.#waiters.size < 0)'),
  waiters('window: who left still waits', "ending.addEventListener('abort', onAbort)", ''),
  // The relay of a camera.
  outages(
    'relay: an old picture is live',
    "if (this.#state === 'live' && ageMs >=",
    "if (this.#state === 'live' && -1 >=",
  ),
  outages(
    'relay: stalled for good',
    "} else if (this.#state === 'stalled' && ageMs >=",
    '} else if (ageMs < -1 && ageMs >=',
  ),
  outages(
    'relay: stalled is seen a tick too late',
    'if (nextMs >= TICK_MS || looksBetween) return',
    'if (nextMs > 0) return',
  ),
  on('relay/relay-pool.ts', 'test/relay/outages.test.ts')(
    'relay: nobody looks at it',
    'for (const { relay } of this.#entries.values()) relay.tick()',
    '',
  ),
  outages('relay: silence is no fault', 'if (nowMs - heardAtMs >= SILENCE_MS)', 'if (nowMs < 0)'),
  outages(
    'relay: waits for a key frame for ever',
    'if (nowMs - Math.max(playedAtMs, lastArrivalMs) > MAX_KEY_WAIT_MS)',
    'if (nowMs < 0)',
  ),
  outages(
    'relay: a wrong password again and again',
    "if (this.#fault?.code === 'unauthorized' || !rested ||",
    'if (!rested ||',
  ),
  outages(
    'relay: each viewer is an attempt',
    ' || !rested || this.#wakeUp === undefined) return',
    ' || this.#wakeUp === undefined) return',
  ),
  outages(
    'relay: one that plays now and then is asked as if it never failed',
    '>= STABLE_MS) failures = 0',
    '>= 0) failures = 0',
  ),
  on('relay/back-off.ts', 'test/relay/outages.test.ts')(
    'relay: a refused login is tried like an outage',
    "if (code === 'unauthorized' || code === 'certificate-changed') return MAX_MS",
    '',
  ),
  on('relay/relay.ts', 'test/relay/key-frame-request.test.ts')(
    'relay: no key frame is asked for at the beginning',
    'if (this.#segmenter.firstKeyAtMs === undefined) this.#keyFrame.ask()',
    '',
  ),
  on('relay/relay.ts', 'test/relay/key-frame-request.test.ts')(
    'relay: no key frame is asked for after a loss',
    'if (firstKeyAtMs !== undefined && waitsForKey) this.#keyFrame?.ask()',
    '',
  ),
  pool('relay: one for each viewer', 'this.#entries.get(streamId) ?? this.#start(', 'this.#start('),
  pool('relay: for nobody, for ever', 'if (!linger.signal.aborted) end()', ''),
  pool('relay: given back twice', 'if (!held) return\n', ''),
  pool('relay: ends though somebody came back', 'entry.linger?.abort()\n    entry.linger = undefined', ''),
  transcodes('transcode: nobody looks at it', 'for (const { relay } of this.#transcodes.values()) relay.tick()', ''),
  transcodes('transcode: as many as want', 'return this.#transcodes.size < limit', 'return limit > 0'),
  transcodes(
    'transcode: what nobody watches takes the room',
    'if (this.#transcodes.size >= limit && idle !== undefined)',
    'if (limit < 0 && idle !== undefined)',
  ),
  // Those who watch.
  live('socket: views of others', "if (found.kind === 'unknown') {", "if (found.kind === 'ended') {"),
  sound('socket: sound that no link covers', "if (sound === true && !view.scopes.includes('audio')) {", 'if (false) {'),
  sound('socket: sound before it is written down', 'await this.#options.views.recordHeard(carried.view)', 'void 0'),
  live(
    'socket: goes on after the view',
    'const use: ViewUse = { abort: () => this.#cut(carried) }',
    'const use: ViewUse = { abort: () => {} }',
  ),
  live('socket: requests of any length', 'if (data.length > MAX_REQUEST_BYTES) {', 'if (data.length < 0) {'),
  live('socket: requests without end', 'if (this.#requests < 1) {', 'if (this.#requests < -1e9) {'),
  live(
    'socket: who is gone is still there',
    '} else if (nowMs - this.#pingedMs >= DEAD_MS) {',
    '} else if (nowMs < 0) {',
  ),
  slow('socket: what waits has no bound', 'this.#waitingBytes + moreBytes > MAX_WAITING_BYTES || lateMs', 'lateMs'),
  slow('socket: goes on in the middle', 'if (carried.needsKey && !chunk.facts.independent) return', ''),
  cutOff('views: requests outlive the view', 'view.uses.abortAll()', ''),
  on('views/view-uses.ts', 'test/views/cut-off.test.ts')(
    'views: requests without end',
    'if (this.#uses.length >= MAX_USES) return false',
    '',
  ),
  cutOff('views: the relay is kept after the end', 'view.lease?.release()', ''),
  watching(
    'views: rights are asked once',
    'else if (missingRight(principal, view.cellCode, view.reason) !== undefined)',
    'else if (false)',
  ),
  watching('views: as many as want', 'if (own.length >= MAX_VIEWS_PER_SESSION)', 'if (own.length < 0)'),
  watching(
    'views: idle for ever',
    'else if (monotonicMs - view.usedMonotonicMs > IDLE_MS)',
    'else if (monotonicMs < 0)',
  ),
  on('views/view-uses.ts', 'test/views/live-back-pressure.test.ts')(
    'views: a reader as slow as it likes',
    'nowMs - (use.sendingSinceMs ?? nowMs) <= MAX_SENDING_MS',
    'true',
  ),
  watching('views: by the wall clock alone', ' || monotonicMs >= view.expiresMonotonicMs', ''),
  // One answer with media, and who asked for it.
  heads('heads: the second of two credentials', 'if (found.has(name)) return undefined\n', ''),
  heads('heads: a body is the next request', ' || MORE_TO_IT.has(name)', ''),
  heads('heads: any byte in a value', '!FIELD_VALUE.test(value) || ', ''),
  heads('heads: of any length', 'if (bytes.length > MAX_HEAD_BYTES) return undefined\n', ''),
  heads('heads: the credentials of the request before', 'if (fields !== this.#fields) {', "if (this.#fields === '') {"),
  heads('heads: a piece is a request', "if (!fields.endsWith('\\r\\n\\r\\n')) return undefined\n", ''),
  direct('connection: nobody need be signed in', "if (found === undefined) throw new Problem('not-signed-in')\n", ''),
  direct('connection: idle ones hold the end up', 'for (const connection of this.#connections) connection.close()', ''),
  connection(
    'connection: the next is answered before its turn',
    'if (this.#exchange !== undefined) {',
    'if (!socket) {',
  ),
  connection(
    'connection: the first bytes are lost on the way to Node',
    '      this.#options.leave(socket)\n      socket.unshift(bytes)',
    '      this.#options.leave(socket)',
  ),
  connection('connection: the next is never taken', 'else if (socket.isPaused()) socket.resume()', ''),
  connection('connection: who left is waited for', 'this.#exchange?.end()', ''),
  connection(
    'connection: who says no more is kept',
    'readonly #onEnd = (): void => {\n    this.#socket.end()',
    'readonly #onEnd = (): void => {',
  ),
  connection('connection: kept for ever', 'socket.setTimeout(options.keptAliveMs + GRACE_MS)\n', ''),
  connection(
    'connection: ended the moment it was told',
    'options.keptAliveMs + GRACE_MS',
    'options.keptAliveMs - GRACE_MS / 2',
  ),
  connection('connection: goes on after a cut', 'cut(): void {\n    this.#socket.destroy()', 'cut(): void {'),
  reply(
    'media: given back twice',
    'this.#media?.release()\n      this.#media = undefined',
    'this.#media?.release()\n      this.#media?.release()',
  ),
  reply('media: never given back', 'this.#media?.release()\n', ''),
  reply('media: goes on after the view', 'if (this.#media !== undefined) this.#exchange.cut()', ''),
  reply('media: begins after the view', 'if (this.aborted) this.#exchange.cut()', 'if (!this) this.#exchange.cut()'),
  reply('media: the wait outlives the view', '    onAbort?.()\n', ''),
  on('http/direct.ts', 'test/http/direct.test.ts')(
    'media: anybody may ask',
    "if (found === undefined) throw new Problem('not-signed-in')\n      return route.answer(asked, found.principal, exchange)",
    'return route.answer(asked, found?.principal as never, exchange)',
  ),
  recent('credentials: known for ever', 'this.#clock.monotonicMs() < known.untilMs', 'true'),
  recent('credentials: known past their end', '&& !this.#isOver(known)', ''),
  recent('credentials: known after a sign-out', '      this.#known.clear()\n      this.#asked', '      this.#asked'),
  recent(
    'credentials: asked before a sign-out',
    '      this.#known.clear()\n      this.#asked.clear()',
    '      this.#known.clear()',
  ),
  recent('credentials: an old answer is kept', 'if (!isStill()) return found', ''),
  recent('credentials: of any length', 'credentials.length > MAX_REMEMBERED_CHARS', 'false'),
]
