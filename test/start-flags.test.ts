import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { GATEWAY_FLAGS } from '../scripts/gateway-flags.ts'

const text = (name: string): string => readFileSync(join(import.meta.dirname, '..', name), 'utf8')

t.test('benches and tests start the gateway with the flags that everybody does', async (t) => {
  t.match(text('scripts/up'), `exec node_modules/.bin/node ${GATEWAY_FLAGS.join(' ')} scripts/up.ts "$@"`)
  t.match(
    text('Dockerfile'),
    `CMD ${JSON.stringify(['node', ...GATEWAY_FLAGS, 'gateway/main.ts']).replaceAll(',', ', ')}\n`,
  )
})
