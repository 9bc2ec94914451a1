import type { Settings } from '../../../gateway/contracts/settings.ts'
import type { Translate } from '../i18n/language.ts'
import { useParts } from '../parts.ts'
import { dateTime } from '../time.ts'
import { Empty } from '../ui/empty.tsx'
import { useLoaded } from '../ui/loaded.tsx'
import { ProblemNote } from '../ui/problem-note.tsx'
import { OutboxPanel } from './outbox-panel.tsx'
import { RetentionForm } from './retention-form.tsx'
import { TargetsForm } from './targets-form.tsx'
import { useAdminCalls } from './use-admin-calls.ts'
import './admin.css'

/** What an administrator decides, and how the gateway is set up, which is changed in its environment. */
export function SettingsPage() {
  const { t } = useParts().language
  const calls = useAdminCalls()
  const settings = useLoaded(calls.settings, [])
  const checkpoint = useLoaded(calls.lastCheckpoint, [])
  const last = checkpoint.data.value?.items[0]
  const found = settings.data.value
  return (
    <main class="page admin">
      <h1>{t('settings.title')}</h1>
      <TargetsForm />
      <RetentionForm />
      {settings.problem.value !== undefined && <ProblemNote problem={settings.problem.value} />}
      {found === undefined && settings.problem.value === undefined && <Empty text={t('list.loading')} />}
      {found !== undefined && (
        <section class="panel">
          <h2>{t('settings.now')}</h2>
          <p class="secondary">{t('settings.howToChange')}</p>
          <dl class="facts">
            {factsOf(t, found).map(([label, text]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{text}</dd>
              </div>
            ))}
            <div>
              <dt>{t('settings.checkpoint')}</dt>
              <dd>
                {last === undefined
                  ? t('settings.noCheckpoint')
                  : t('settings.checkpointOf', { sequence: last.sequence, time: dateTime(last.at) })}
              </dd>
            </div>
          </dl>
        </section>
      )}
      <OutboxPanel />
      <section class="panel">
        <h2>{t('settings.backup')}</h2>
        <p>{t('settings.backupHint')}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways on a phone, by keyboard too */}
        <pre tabIndex={0}>
          ./scripts/gridlight backup FILE{'\n'}./scripts/gridlight restore FILE{'\n'}./scripts/gridlight audit verify
          --checkpoint FILE
        </pre>
        <p>{t('settings.keyHint')}</p>
      </section>
      <section class="panel">
        <h2>{t('settings.interfaces')}</h2>
        <ul class="plain">
          <li>
            <a href="/docs">{t('settings.docs')}</a>
          </li>
          <li>
            <a href="/metrics">{t('settings.metrics')}</a>
          </li>
          <li>
            <a href="/readyz">{t('settings.ready')}</a>
          </li>
        </ul>
      </section>
    </main>
  )
}

function factsOf(t: Translate, settings: Settings): [string, string][] {
  const { version, node, startedAt, database, mqtt, mqttConnected, transport } = settings
  return [
    [t('settings.version'), `${version} · Node ${node}`],
    [t('settings.startedAt'), dateTime(startedAt)],
    [t('settings.transport'), t(`settings.transport.${transport}`)],
    [t('settings.database'), t(`settings.database.${database}`)],
    [
      t('settings.mqtt'),
      `${t(`settings.mqtt.${mqtt}`)} · ${t(mqttConnected ? 'settings.connected' : 'settings.notConnected')}`,
    ],
    [t('settings.cameraNetworks'), settings.cameraNetworks.join(', ')],
    [t('settings.cellCodePattern'), settings.cellCodePattern],
    [t('settings.dataDir'), settings.dataDir],
    [t('settings.timeZone'), settings.timeZone],
    [t('settings.logLevel'), settings.logLevel],
    [t('settings.nodeId'), settings.nodeId],
  ]
}
