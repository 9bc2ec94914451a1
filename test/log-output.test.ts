import { PassThrough } from 'node:stream'
import t from 'tap'
import { LogOutput } from '../gateway/log-output.ts'

t.test('what a reader that stands still misses is counted for it', async (t) => {
  const pipe = new PassThrough({ readableHighWaterMark: 1, writableHighWaterMark: 1 })
  const output = new LogOutput(pipe, 100)
  for (let n = 0; n < 30; n++) output.write(`line ${n}\n`)
  t.ok(pipe.writableLength <= 100, 'no more than the limit waits')
  const read: string[] = []
  pipe.setEncoding('utf8').on('data', (text: string) => read.push(...text.trimEnd().split('\n')))
  await output.flushed(10_000)
  const told = JSON.parse(read.pop() ?? '')
  t.match(told, { level: 40, msg: 'the log was not read' })
  t.strictSame(
    read,
    Array.from({ length: 30 - told.dropped }, (_, n) => `line ${n}`),
    'the first lines, in order',
  )
})

t.test('a reader that never reads again does not hold up the end', async (t) => {
  const pipe = new PassThrough({ readableHighWaterMark: 1, writableHighWaterMark: 1 })
  const output = new LogOutput(pipe, 100)
  output.write('one line\n')
  output.write('another\n')
  await output.flushed(1)
  t.ok(pipe.writableLength > 0, 'nobody has read it')
})
