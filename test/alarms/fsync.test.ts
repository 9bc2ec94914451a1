import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connectAsync, DefaultMessageIdProvider } from 'mqtt'
import t, { type Test } from 'tap'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message } from '../fakes/alarm-gateway.ts'
import { clusterAt, postgresqlBinaries, startServer } from '../fakes/postgresql.ts'

const ALARMS_ALONE = 60
const ALARMS_TOGETHER = 200
const probe = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'])
const skip = probe.status === 0 ? {} : { skip: 'strace is not installed or may not trace here' }

/** What of a system call matters here, in the order in which it ended. */
interface Call {
  kind: 'wal-write' | 'wal-sync' | 'puback'
  /** Of alarms that are in what was written. */
  ids?: readonly string[]
}

/** MQTT 3.1.1 §3.4: 0x40 0x02 and the packet's number; several may share one write. strace writes the 2 with three digits where a digit follows. */
const PUBACK = /"[^"]*@\\(?:00)?2/
const PUBACKS = /@\\(?:00)?2/g

/** Lines of `strace -f -yy`; a call that was interrupted by another thread's is told in two. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = []
  const unfinished = new Map<string, Call>()
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+[\d.]+ (.*)$/.exec(line) ?? []
    if (/^<\.\.\. \w+ resumed>/.test(rest)) {
      const call = unfinished.get(pid)
      unfinished.delete(pid)
      if (call !== undefined) calls.push(call)
      continue
    }
    const call = callOf(rest)
    if (call === undefined) continue
    // An acknowledgement counts from when it began, a write to disk when it is done.
    if (rest.includes('<unfinished') && call.kind !== 'puback') unfinished.set(pid, call)
    else calls.push(...(call.kind === 'puback' ? pubacksOf(rest) : [call]))
  }
  return calls
}

function callOf(line: string): Call | undefined {
  if (/^(fsync|fdatasync)\(\d+<[^>]*-wal>/.test(line)) return { kind: 'wal-sync' }
  if (/^(pwrite64|write|pwritev)\(\d+<[^>]*-wal>/.test(line))
    return { kind: 'wal-write', ids: line.match(/alone-\d{4}/g) ?? [] }
  if (/^(write|writev|sendto|sendmsg)\(\d+<TCP/.test(line) && PUBACK.test(line)) return { kind: 'puback' }
  return undefined
}

const pubacksOf = (line: string): Call[] => [...line.matchAll(PUBACKS)].map(() => ({ kind: 'puback' }))

/** Sent one after the other, so that each has a commit and an acknowledgement of its own. */
const ALONE = Array.from({ length: ALARMS_ALONE }, (_, n) => `alone-${String(n).padStart(4, '0')}`)

/** Starts a gateway under strace. @returns its port, and its end with the trace */
async function traced(t: Test, traceFile: string, calls: string, where: string) {
  const gateway = join(import.meta.dirname, '../../scripts/torture/killed-gateway.ts')
  const options = ['-f', '-yy', '-v', '-s', '5000', '-ttt', '-e', calls, '-o', traceFile]
  const child = spawn('strace', [...options, process.execPath, gateway, where], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  child.stdin.end('go\n')
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  return {
    port: Number(port),
    end: async (): Promise<string> => {
      const ended = once(child, 'exit')
      spawnSync('pkill', ['-KILL', '-P', String(child.pid)])
      await ended
      return readFile(traceFile, 'utf8')
    },
  }
}

async function panelOf(t: Test, port: number, source: { id: string; password: string }) {
  // From here on some numbers begin with a digit and some do not: strace tells the byte before them in two ways.
  const messageIdProvider = Object.assign(new DefaultMessageIdProvider(), { nextId: 0x2f_e0 })
  const { id: username, password } = source
  const options = { protocolVersion: 4, username, password, messageIdProvider } as const
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, options)
  t.teardown(() => client.endAsync(true))
  const send = (id: string): Promise<unknown> =>
    client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(id)), { qos: 1 })
  return { send, close: () => client.endAsync(true) }
}

t.test('the write-ahead log is on disk before each acknowledgement', skip, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-fsync-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const [file, traceFile] = [join(directory, 'gridlight.sqlite'), join(directory, 'trace')]
  const database = await openDatabase({ kind: 'sqlite', file })
  const source = await addSource(database)
  await database.close()
  const calls = 'trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg'
  const gateway = await traced(t, traceFile, calls, file)
  const panel = await panelOf(t, gateway.port, source)
  for (const id of ALONE) await panel.send(id)
  await Promise.all(Array.from({ length: ALARMS_TOGETHER }, (_, n) => panel.send(`together-${n}`)))
  await panel.close()

  const seen = callsOf(await gateway.end())
  const pubacks = seen.flatMap(({ kind }, at) => (kind === 'puback' ? at : []))
  t.equal(pubacks.length, ALARMS_ALONE + ALARMS_TOGETHER, 'every acknowledgement is in the trace')
  const after = (at: number, isMeant: (call: Call) => boolean): number => {
    const found = seen.findIndex((call, index) => index >= at && isMeant(call))
    return found === -1 ? Infinity : found
  }
  const tooEarly = ALONE.filter((id, n) => {
    const written = after(0, ({ ids }) => ids?.includes(id) ?? false)
    return !(after(written, ({ kind }) => kind === 'wal-sync') < (pubacks[n] ?? 0))
  })
  t.strictSame(tooEarly, [], 'each of those sent alone follows the fsync of the pages that hold it')
  let [isDirty, early] = [false, 0]
  for (const { kind } of seen) {
    if (kind === 'puback') early += isDirty ? 1 : 0
    else isDirty = kind === 'wal-write'
  }
  t.equal(early, 0, 'none is sent while the log has bytes that are not on disk')
})

/** What of one alarm's way to PostgreSQL's disk and back matters, at its time in seconds. */
interface Step {
  at: number
  kind: 'insert' | 'commit' | 'wal-sync' | 'puback'
  /** Of the alarm, in an `insert`. */
  id?: string | undefined
}

/** Of the gateway: what it writes to the database and to the panel, at the time at which it begins to. */
function* stepsOfGateway(trace: string): Iterable<Step> {
  for (const line of trace.split('\n')) {
    const [, time = '', call = ''] = /^\d+\s+([\d.]+) ((?:write|writev|sendto|sendmsg)\(\d+<.*)$/.exec(line) ?? []
    const at = Number(time)
    if (/^\w+\(\d+<UNIX/.test(call)) {
      const id = /alone-\d{4}/.exec(call)?.[0]
      if (id !== undefined && call.includes('INSERT')) yield { at, kind: 'insert', id }
      if (call.includes('COMMIT')) yield { at, kind: 'commit' }
    } else if (callOf(call)?.kind === 'puback') {
      for (const _ of pubacksOf(call)) yield { at, kind: 'puback' }
    }
  }
}

/** Of the server: its log is on disk when the call is done, by `-T` so long after its beginning. */
function* stepsOfServer(trace: string): Iterable<Step> {
  const begun = new Map<string, number>()
  for (const line of trace.split('\n')) {
    const [, pid = '', time = '', call = ''] = /^(\d+)\s+([\d.]+) (.*)$/.exec(line) ?? []
    if (/^(fsync|fdatasync)\(\d+<[^>]*pg_wal/.test(call)) begun.set(pid, Number(time))
    if (call.includes('<unfinished') || !/(fsync|fdatasync)\b.* = 0 <[\d.]+>$/.test(call)) continue
    const at = begun.get(pid)
    begun.delete(pid)
    if (at !== undefined) yield { at: at + Number(/<([\d.]+)>$/.exec(call)?.[1]), kind: 'wal-sync' }
  }
}

const binaries = (await postgresqlBinaries()) ?? ''
const lacks = binaries === '' ? { skip: 'PostgreSQL is not installed' } : skip

t.test('PostgreSQL has its log on disk before each acknowledgement', lacks, async (t) => {
  // A server of its own: the one that all files share writes for others as well.
  const server = await startServer(t, binaries)
  const url = await clusterAt(server).createDatabase()
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-fsync-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const database = await openDatabase({ kind: 'postgresql', url })
  const source = await addSource(database)
  await database.close()
  const [postmaster = ''] = (await readFile(join(server, 'data/postmaster.pid'), 'utf8')).split('\n')
  const serverTrace = join(directory, 'server')
  const syncs = ['-f', '-y', '-ttt', '-T', '-e', 'trace=fsync,fdatasync', '-o', serverTrace, '-p', postmaster]
  const strace = spawn('strace', syncs, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => void strace.kill('SIGKILL'))
  await once(createInterface({ input: strace.stderr }), 'line') // attached

  const gateway = await traced(t, join(directory, 'gateway'), 'trace=write,writev,sendto,sendmsg', url)
  const panel = await panelOf(t, gateway.port, source)
  for (const id of ALONE) await panel.send(id)
  await panel.close()
  const told = [...stepsOfGateway(await gateway.end())]
  const detached = once(strace, 'exit')
  strace.kill('SIGINT')
  await detached
  const steps = [...told, ...stepsOfServer(await readFile(serverTrace, 'utf8'))].sort((a, b) => a.at - b.at)

  const pubacks = steps.flatMap(({ kind, at }) => (kind === 'puback' ? at : []))
  t.equal(pubacks.length, ALARMS_ALONE, 'every acknowledgement is in the trace')
  const after = (kind: Step['kind'], at: number, id?: string): number =>
    steps.find((step) => step.kind === kind && step.at >= at && (id === undefined || step.id === id))?.at ?? Infinity
  const early = ALONE.filter((id, n) => {
    const synced = after('wal-sync', after('commit', after('insert', 0, id)))
    return !(synced < (pubacks[n] ?? 0))
  })
  t.strictSame(early, [], 'each follows the fsync of the commit that holds it')
})
