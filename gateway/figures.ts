import type { Alarms } from './alarms/alarms.ts'
import type { StrippedFields } from './alarms/stripped-fields.ts'
import type { Audit } from './audit/audit.ts'
import type { Cases } from './cases/cases.ts'
import type { Clips } from './clips/clips.ts'
import type { Metric } from './http/metrics.ts'
import type { Channels } from './notify/channels.ts'
import type { Panels } from './panels/panels.ts'
import type { RegistryFeature } from './registry/registry.ts'
import { relayFigures } from './relay/figures.ts'
import type { RelayPool } from './relay/relay-pool.ts'
import type { ViewsFeature } from './views/create-views.ts'

export interface FigureSources {
  alarms: Pick<Alarms, 'counts'>
  audit: Pick<Audit, 'outsideCopies'>
  cases: Pick<Cases, 'metrics'>
  channels: Pick<Channels, 'counts'>
  clips: Pick<Clips, 'figures'>
  panels: Pick<Panels, 'counts'>
  registry: Pick<RegistryFeature, 'eventCounts'>
  relays: RelayPool
  strippedFields: Pick<StrippedFields, 'sum'>
  views: Pick<ViewsFeature, 'liveCount'>
}

/** What every feature counts, for Prometheus. */
export function figures(from: FigureSources): Metric[] {
  const { alarms, audit, cases, channels, clips, panels, registry, relays, strippedFields, views } = from
  return [
    { name: 'views_live', help: 'Views that are open now', read: () => views.liveCount() },
    { name: 'relays_running', help: 'Streams that are fetched now', read: () => [...relays.running()].length },
    ...relayFigures(relays),
    {
      name: 'stripped_fields',
      help: 'Fields of persons that were dropped from events since the beginning; a minute old at the most',
      read: () => strippedFields.sum(),
    },
    {
      name: 'audit_outside_copies',
      help: 'Places outside that checkpoints of the audit trail are copied to; 1 where the newest has arrived',
      labels: ['place'],
      read: () =>
        audit
          .outsideCopies()
          .map(({ kind, fault }) => ({ labels: { place: kind }, value: fault === undefined ? 1 : 0 })),
    },
    {
      name: 'alarm_messages_total',
      help: 'Messages of alarm sources since the start, by what became of them',
      labels: ['outcome'],
      read: () => by('outcome', alarms.counts),
    },
    {
      name: 'case_step_seconds',
      help: 'How long the steps of cases of the last day took, from the step before',
      labels: ['priority', 'step', 'quantile'],
      read: () => cases.metrics(),
    },
    {
      name: 'channel_messages',
      help: 'Messages to people over outgoing channels since the start, by what became of them',
      labels: ['outcome'],
      read: () => by('outcome', channels.counts),
    },
    {
      name: 'panel_messages_total',
      help: 'Messages of alarm panels by SIA DC-09 since the start, by what became of them',
      labels: ['outcome'],
      read: () => by('outcome', panels.counts),
    },
    {
      name: 'clips',
      help: 'Alarm clips since the start, and what is held in memory now so that one can begin before its alarm',
      labels: ['figure'],
      read: () => by('figure', clips.figures()),
    },
    {
      name: 'camera_events',
      help: 'Events of cameras since the start, by what became of them; following: devices listened to now',
      labels: ['outcome'],
      read: () => by('outcome', registry.eventCounts()),
    },
  ]
}

const by = (label: string, counts: Readonly<Record<string, number>>) =>
  Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }))
