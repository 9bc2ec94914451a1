import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { useParts } from '../parts.ts'

interface FieldProps {
  label: string
  hint?: string
  children: (id: string) => ComponentChildren
}

/** A label above its control, and a hint below it. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint !== undefined && <p class="hint">{hint}</p>}
    </div>
  )
}

interface InputProps {
  label: string
  hint?: string
  value: Signal<string>
  type?: 'text' | 'password' | 'date' | 'time'
  name?: string
  autocomplete?: 'off' | 'username' | 'current-password' | 'new-password'
  autocapitalize?: 'none'
  inputMode?: 'url' | 'numeric' | 'decimal' | 'tel'
  spellcheck?: boolean
  autofocus?: boolean
  required?: boolean
  maxLength?: number
  min?: string
  max?: string
}

export function TextField({ label, hint, value, autofocus, ...input }: InputProps) {
  const element = useRef<HTMLInputElement>(null)
  // The attribute works for the first page alone; a step of a form is drawn later. At once: who types already is not moved.
  useLayoutEffect(() => {
    if (autofocus) element.current?.focus()
  }, [autofocus])
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id) => (
        <input
          // Cast: preact types inputs as a union by their `type`; any of ours takes the attributes above.
          {...(input as { type?: 'text' })}
          ref={element}
          id={id}
          value={value.value}
          onInput={(event) => {
            value.value = event.currentTarget.value
          }}
        />
      )}
    </Field>
  )
}

interface SelectProps {
  label: string
  hint?: string
  options: readonly { value: string; label: string }[]
  chosen: string
  onChoose: (value: string) => void
}

/** One of many, or of words too long for buttons. */
export function Select({ label, hint, options, chosen, onChoose }: SelectProps) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id) => (
        <select id={id} value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}

/** The same for a choice that is kept in a signal. */
export function SelectField({
  value,
  onChange,
  ...select
}: Omit<SelectProps, 'chosen' | 'onChoose'> & { value: Signal<string>; onChange?: () => void }) {
  return (
    <Select
      {...select}
      chosen={value.value}
      onChoose={(chosen) => {
        value.value = chosen
        onChange?.()
      }}
    />
  )
}

interface ChoiceProps<T extends string> {
  legend: string
  options: readonly { value: T; label: string }[]
  value: Signal<T | undefined>
}

/** One of a few, as big buttons. */
export function Choice<T extends string>({ legend, options, value }: ChoiceProps<T>) {
  const name = useId()
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class="chip">
          <input
            type="radio"
            name={name}
            checked={value.value === option.value}
            onChange={() => {
              value.value = option.value
            }}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  )
}

interface ChoicesProps<T extends string> {
  legend: string
  options: readonly { value: T; label: string }[]
  values: Signal<readonly T[]>
}

/** Any of a few, as big buttons. */
export function Choices<T extends string>({ legend, options, values }: ChoicesProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map(({ value, label }) => (
        <label key={value} class="chip">
          <input
            type="checkbox"
            checked={values.value.includes(value)}
            onChange={(event) => {
              const others = values.value.filter((other) => other !== value)
              values.value = event.currentTarget.checked ? [...others, value] : others
            }}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** Why a form cannot be sent yet: beside a button that is off. */
export function Missing({ names }: { names: readonly string[] }) {
  const { t } = useParts().language
  if (names.length === 0) return null
  return <p class="hint">{t('form.missing', { names: names.join(t('list.separator')) })}</p>
}
