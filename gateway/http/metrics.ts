import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { App } from './route.ts'

/** Reads one figure when asked for it; several when it carries labels. */
export interface Metric {
  /** Without the prefix `gridlight_`; units in the name, as Prometheus wants them. */
  name: string
  help: string
  labels?: readonly string[]
  read(): number | Promise<number> | Iterable<{ labels: Record<string, string>; value: number }>
}

/** How often the event loop's delay is measured: each time wakes the process. */
const LOOP_CHECK_MS = 100

/** `GET /metrics` in the Prometheus text format. Features hand in figures to read; nothing is counted twice. */
export function metricsRoute(app: App, metrics: readonly Metric[]): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'gridlight_', eventLoopMonitoringPrecision: LOOP_CHECK_MS })
  for (const { name, help, labels = [], read } of metrics) {
    new Gauge({
      name: `gridlight_${name}`,
      help,
      labelNames: [...labels],
      registers: [registry],
      async collect() {
        this.reset()
        const value = await read()
        if (typeof value === 'number') this.set(value)
        else for (const sample of value) this.set(sample.labels, sample.value)
      },
    })
  }
  app.get('/metrics', { config: { access: 'anyone' }, schema: { hide: true } }, async (_request, reply) => {
    reply.header('content-type', registry.contentType)
    return registry.metrics()
  })
}
