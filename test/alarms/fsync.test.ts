import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connectAsync } from 'mqtt'
import t from 'tap'
import { openDatabase } from '../../gateway/storage/database.ts'
import { addSource, bytes, message } from '../fakes/alarm-gateway.ts'

const ALARMS_ALONE = 60
const ALARMS_TOGETHER = 200
const probe = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'])
const skip = probe.status === 0 ? {} : { skip: 'strace is not installed or may not trace here' }

/** What of a system call matters here, in the order in which it ended. */
type Call = 'wal-write' | 'wal-sync' | 'puback'

/** Lines of `strace -f -yy`; a call that was interrupted by another thread's is told in two. */
function callsOf(trace: string): Call[] {
  const calls: Call[] = []
  const unfinished = new Map<string, Call>()
  for (const line of trace.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    if (/^<\.\.\. \w+ resumed>/.test(rest)) {
      const call = unfinished.get(pid)
      unfinished.delete(pid)
      if (call !== undefined) calls.push(call)
      continue
    }
    const call = callOf(rest)
    if (call === undefined) continue
    // An acknowledgement counts from when it began, a write to disk when it is done.
    if (rest.includes('<unfinished') && call !== 'puback') unfinished.set(pid, call)
    else calls.push(...(call === 'puback' ? pubacksOf(rest) : [call]))
  }
  return calls
}

function callOf(line: string): Call | undefined {
  if (/^(fsync|fdatasync)\(\d+<[^>]*-wal>/.test(line)) return 'wal-sync'
  if (/^(pwrite64|write|pwritev)\(\d+<[^>]*-wal>/.test(line)) return 'wal-write'
  if (/^(write|writev|sendto|sendmsg)\(\d+<TCP/.test(line) && /"(@\\2|[^"]*@\\2)/.test(line)) return 'puback'
  return undefined
}

/** MQTT 3.1.1 §3.4: 0x40 0x02 and the packet's number; several may share one write. */
const pubacksOf = (line: string): Call[] => [...line.matchAll(/@\\2/g)].map(() => 'puback')

t.test('the write-ahead log is on disk before each acknowledgement', skip, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'gridlight-fsync-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const [file, traceFile] = [join(directory, 'gridlight.sqlite'), join(directory, 'trace')]
  const database = await openDatabase({ kind: 'sqlite', file })
  const source = await addSource(database)
  await database.close()
  const gateway = join(import.meta.dirname, '../../scripts/torture/killed-gateway.ts')
  const calls = 'trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg'
  const child = spawn(
    'strace',
    ['-f', '-yy', '-v', '-s', '4000', '-e', calls, '-o', traceFile, process.execPath, gateway, file],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  t.teardown(() => void child.kill('SIGKILL'))
  child.stdin.end('go\n')
  const [port] = await once(createInterface({ input: child.stdout }), 'line')
  const client = await connectAsync(`mqtt://127.0.0.1:${Number(port)}`, {
    protocolVersion: 4,
    username: source.id,
    password: source.password,
  })
  t.teardown(() => client.endAsync(true))
  const send = (id: string) => client.publishAsync(`gridlight/v1/in/${source.id}/alarm`, bytes(message(id)), { qos: 1 })
  for (let n = 0; n < ALARMS_ALONE; n++) await send(`alone-${n}`)
  await Promise.all(Array.from({ length: ALARMS_TOGETHER }, (_, n) => send(`together-${n}`)))
  await client.endAsync(true)
  const traced = once(child, 'exit')
  spawnSync('pkill', ['-KILL', '-P', String(child.pid)])
  await traced

  const seen = callsOf(await readFile(traceFile, 'utf8'))
  let [isDirty, syncs, acknowledged, early, unsynced] = [false, 0, 0, 0, 0]
  for (const call of seen) {
    if (call === 'wal-write') isDirty = true
    else if (call === 'wal-sync') {
      isDirty = false
      syncs++
    } else {
      acknowledged++
      if (isDirty) early++
      // One at a time: each has a commit of its own.
      if (acknowledged <= ALARMS_ALONE && syncs === 0) unsynced++
      if (acknowledged <= ALARMS_ALONE) syncs = 0
    }
  }
  t.equal(acknowledged, ALARMS_ALONE + ALARMS_TOGETHER, 'every acknowledgement is in the trace')
  t.equal(unsynced, 0, 'each of those sent alone follows an fsync of its own')
  t.equal(early, 0, 'none is sent while the log has bytes that are not on disk')
})
