import { useSignal } from '@preact/signals'
import { useEffect, useId, useRef } from 'preact/hooks'
import type { CameraImportAnswer, CameraImportRow } from '../../../gateway/contracts/camera.ts'
import { failureOf, type ProblemAnswer } from '../api/client.ts'
import { useParts } from '../parts.ts'
import { CsvLink } from '../ui/csv-link.tsx'
import { Icon } from '../ui/icon.tsx'
import { ProblemNote, problemWords } from '../ui/problem-note.tsx'

/** Many cameras from a table: checked first without touching a device, then registered one after the other. */
export function ImportTable() {
  const { calls, language, township } = useParts()
  const { t } = language
  const id = useId()
  const file = useSignal<File | undefined>(undefined)
  const answer = useSignal<CameraImportAnswer | undefined>(undefined)
  const progress = useSignal<{ done: number; total: number } | undefined>(undefined)
  const problem = useSignal<ProblemAnswer | undefined>(undefined)
  const over = useRef(new AbortController())
  useEffect(() => () => over.current.abort(), [])

  async function run(chosen: File, dryRun: boolean): Promise<void> {
    problem.value = undefined
    answer.value = undefined
    progress.value = { done: 0, total: 1 }
    const told = await calls.importCameras(
      chosen,
      dryRun,
      ({ done, total }) => {
        progress.value = { done, total }
      },
      over.current.signal,
    )
    if (told.kind === 'aborted') return
    progress.value = undefined
    problem.value = failureOf(told)
    if (told.kind !== 'ok') return
    if ('problem' in told.data) problem.value = { status: 400, code: 'invalid-request', detail: told.data.problem }
    else answer.value = told.data
    if (!dryRun) void township.load()
  }

  const found = answer.value
  const waiting = found?.dryRun === true ? found.created + found.updated : 0
  return (
    <>
      <p class="hint">{t('import.hint')}</p>
      <div class="actions">
        <CsvLink href={calls.importTemplate} name="cameras" label={t('import.template')} />
        <label class="button" for={id}>
          {t('import.choose')}
        </label>
        <input
          id={id}
          class="sr-only"
          type="file"
          accept=".csv,text/csv"
          disabled={progress.value !== undefined}
          onChange={({ currentTarget }) => {
            file.value = currentTarget.files?.[0]
            // The same file once more, after it was mended, is a choice as well.
            currentTarget.value = ''
            if (file.value !== undefined) void run(file.value, true)
          }}
        />
      </div>
      {file.value !== undefined && <p>{file.value.name}</p>}
      {progress.value !== undefined && (
        <>
          <p role="status">{t('import.running', { done: progress.value.done, total: progress.value.total })}</p>
          <progress max={progress.value.total} value={progress.value.done} aria-label={t('import.title')} />
        </>
      )}
      {problem.value !== undefined && <ProblemNote problem={problem.value} />}
      {found !== undefined && <Result answer={found} />}
      {file.value !== undefined && waiting > 0 && (
        <div class="actions">
          <button
            type="button"
            class="primary wide"
            onClick={() => {
              if (file.value !== undefined) void run(file.value, false)
            }}
          >
            {t('import.go', { n: waiting })}
          </button>
        </div>
      )}
    </>
  )
}

function Result({ answer }: { answer: CameraImportAnswer }) {
  const { t } = useParts().language
  const { created, updated, unchanged, problems, dryRun } = answer
  return (
    <>
      <p role="status">
        {problems === 0 && <Icon name="ok" />}{' '}
        {t(dryRun === true ? 'import.checked' : 'import.done', { created, updated, unchanged, problems })}
      </p>
      {dryRun !== true && created > 0 && <p class="hint">{t('import.afterwards')}</p>}
      <ul class="checks">
        {answer.rows
          .filter(({ result }) => result === 'problem')
          .map((row) => (
            <ProblemRow key={row.row} row={row} />
          ))}
      </ul>
    </>
  )
}

function ProblemRow({ row: { row, name, code = '', detail, nextStep } }: { row: CameraImportRow }) {
  const { language } = useParts()
  const { t } = language
  const words = problemWords(language, { status: 0, code, ...(nextStep === undefined ? {} : { nextStep }) })
  return (
    <li class="check check-failed">
      <Icon name="fail" />
      <div>
        <strong>
          {t('import.row', { n: row })} {name}
        </strong>
        <p>{detail ?? words.cause}</p>
        {words.nextStep !== undefined && (
          <p>
            {t('problem.nextStep')}
            {words.nextStep}
          </p>
        )}
      </div>
    </li>
  )
}
