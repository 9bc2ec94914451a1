import t from 'tap'
import type { Chunk } from '../../gateway/cmaf/chunk.ts'
import { ChunkWriter } from '../../gateway/cmaf/chunk-writer.ts'
import { SlabPool } from '../../gateway/cmaf/slab.ts'
import { seeded } from '../fakes/random.ts'

/** What follows `moof` and the header of `mdat`, whose sizes must agree with what is there. */
function payload(part: Chunk): Buffer {
  const bytes = Buffer.concat(part.buffers)
  const moofBytes = bytes.readUInt32BE(0)
  if (bytes.toString('latin1', moofBytes + 4, moofBytes + 8) !== 'mdat') throw new Error('no mdat behind the moof')
  if (bytes.readUInt32BE(moofBytes) !== bytes.length - moofBytes) throw new Error('mdat has another size')
  return bytes.subarray(moofBytes + 8)
}

t.test('units of any size, some split over slabs, some dropped, some cut off from the part before', async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed)
    const pool = new SlabPool()
    const writer = new ChunkWriter(pool)
    let samples: Buffer[] = []
    let wrong = 0
    const finish = (): void => {
      if (samples.length === 0) return
      const part = writer.finish()
      if (!payload(part).equals(Buffer.concat(samples))) wrong++
      part.release()
      samples = []
    }
    for (let n = 0; n < 200; n++) {
      const written: Buffer[] = []
      const fragments = 1 + Math.floor(random() ** 4 * 200)
      for (let i = 0; i < fragments; i++) {
        const bytes = Buffer.alloc(1 + Math.floor(random() * 1_400), n + i)
        // A piece that must stay with what comes before it, or one that may lie in another slab.
        const from = random() < 0.1 ? writer.unitStart : writer.end
        if (!writer.ensure(bytes.length, from)) throw new Error('no room')
        bytes.copy(writer.bytes, writer.end)
        writer.end += bytes.length
        written.push(bytes)
      }
      if (random() < 0.3 || samples.length > 50) finish() // with the unit complete, but not yet a sample
      if (random() < 0.2) {
        writer.drop()
        continue
      }
      writer.addSample(n, 0, false)
      samples.push(Buffer.concat(written))
    }
    finish()
    writer.close()
    if (wrong > 0 || pool.usedBytes > 0) t.fail(`seed ${seed}: ${wrong} parts wrong, ${pool.usedBytes} bytes kept`)
  }
  t.pass('every part holds its samples, every slab came back')
})

t.test('what steady streams took and gave back is not allocated again', async (t) => {
  const pool = new SlabPool()
  const held = Array.from({ length: 400 }, () => pool.take(64 * 1024))
  const turn = (): void => {
    for (const slab of held.splice(0, 100)) slab.release()
    while (held.length < 400) held.push(pool.take(64 * 1024))
  }
  turn()
  for (let n = 0; n < 20; n++) {
    for (const slab of held.splice(0, 100)) slab.release()
    t.equal(pool.freeBytes, 100 * 64 * 1024, 'all of it is kept for what comes next')
    while (held.length < 400) held.push(pool.take(64 * 1024))
  }
  for (const slab of held) slab.release()
  t.ok(pool.freeBytes <= 1024 * 1024, 'streams that are over leave no more than a little')
})
