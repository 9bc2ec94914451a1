import { z } from 'zod'
import { AlarmState, AlarmType, Priority } from '../contracts/alarm.ts'
import { Facts } from '../contracts/common.ts'
import { Words } from '../words.ts'
import { isIdentityField } from './identity-fields.ts'

/** Fields of a message, from the outside in, such as `after.label`; a number names an item of a list. */
const Path = z
  .string()
  .max(200)
  .regex(/^[^.{}\s]+(\.[^.{}\s]+)*$/)
const Name = z.string().regex(/^[a-z][a-z0-9-]{1,31}$/)
const Scalar = z.union([z.string().max(100), z.number(), z.boolean()])
export type Scalar = z.infer<typeof Scalar>

/** `{topic}` is the topic that a source is registered with; any other `{name}` stands for one level and its value. */
const TopicPattern = z
  .string()
  .max(200)
  .regex(/^[^#+\s]+$/, 'a pattern has no # and no +: levels that differ are named, as in {topic}/input/{number}')
  .refine((pattern) => pattern.split('{topic}').length === 2, 'a pattern names {topic} once')
  .refine((pattern) => pattern.replace(/\{[a-z]+\}/g, '').search(/[{}]/) === -1, 'a placeholder is {name}')

export const PLACEHOLDER = /\{([^{}]+)\}/g
/** Words with `{path}` in them, filled from the message, or from the levels of the topic. */
const Template = z.string().min(1).max(200)

const Condition = z.strictObject({ path: Path, is: z.array(Scalar).min(1) })

/** Which alarm a message is; every rule that fits is one alarm. */
export const MappingRule = z
  .strictObject({
    name: Name,
    topic: TopicPattern,
    payload: z.enum(['json', 'text']).default('json'),
    /** A list in the message: the rule is tried on each of its items, and its paths begin there. */
    each: Path.optional(),
    when: z.array(Condition).default([]),
    /** Which values mean that it holds and which that it is over; without it the message is an event without an end. */
    state: z
      .strictObject({ path: Path.optional(), active: z.array(Scalar).min(1), cleared: z.array(Scalar).default([]) })
      .optional(),
    /** What the device calls this occurrence; without it a change of state is a new one. */
    id: Template.optional(),
    /** What the state belongs to where one rule serves several inputs, or two rules tell the same. */
    channel: Template.optional(),
    /** `as-registered`: the message does not tell, so the registration does. */
    type: z.union([
      AlarmType,
      z.literal('as-registered'),
      z.strictObject({ path: Path, table: z.record(z.string(), AlarmType) }),
    ]),
    priority: Priority.optional(),
    occurredAt: z.strictObject({ path: Path, as: z.enum(['iso', 'seconds', 'milliseconds']) }).optional(),
    text: Template,
  })
  .refine(({ payload, when, each }) => payload === 'json' || (when.length === 0 && each === undefined), {
    message: 'a text has no fields',
  })
export type MappingRule = z.infer<typeof MappingRule>

/** A message as the device sends it, and what it must become; `profiles check` tries each. */
const Example = z.strictObject({
  about: z.string().min(1),
  topic: z.string().min(1),
  /** The text itself, or a document that is sent as JSON. */
  payload: z.unknown(),
  becomes: z.array(
    z.strictObject({
      type: AlarmType,
      state: AlarmState,
      text: z.string().optional(),
      strippedFields: z.int().optional(),
    }),
  ),
})

interface Shape {
  device?: string | undefined
  keep: readonly string[]
  rules: readonly MappingRule[]
}

/** Every field of a message that a mapping looks at, and where it says so. */
function* pathsOf({ device, keep, rules }: Shape): Iterable<{ path: string; at: (string | number)[] }> {
  if (device !== undefined) yield { path: device, at: ['device'] }
  for (const [n, path] of keep.entries()) yield { path, at: ['keep', n] }
  for (const [n, { each, when, state, id, channel, type, occurredAt, text }] of rules.entries()) {
    const paths = {
      each,
      state: state?.path,
      type: typeof type === 'string' ? undefined : type.path,
      occurredAt: occurredAt?.path,
    }
    for (const [name, path] of Object.entries(paths)) if (path !== undefined) yield { path, at: ['rules', n, name] }
    for (const [m, { path }] of when.entries()) yield { path, at: ['rules', n, 'when', m] }
    for (const [name, template] of Object.entries({ id, channel, text })) {
      for (const [, path = ''] of template?.matchAll(PLACEHOLDER) ?? []) yield { path, at: ['rules', n, name] }
    }
  }
}

/** How a make of device tells its alarms over MQTT: data only, each claim with its source. */
export const Mapping = z
  .strictObject({
    id: Name,
    title: Words,
    /** What to write into `topic` at the registration. */
    topicHelp: Words,
    /** A topic as it may be registered; the examples use it. */
    exampleTopic: z.string().min(1),
    /** Topics that a device may publish to beside those of the rules; `#` at the end stands for all below. */
    publishes: z.array(z.string().regex(/^[^#+\s]*\{topic\}[^#+\s]*(\/#)?$/)).default([]),
    /** Where a message names one of several devices that share a topic, such as the camera of an event. */
    device: Path.optional(),
    /** Nothing heard for so long means that the source is silent; absent where silence is normal. */
    silenceSeconds: z.int().min(30).max(172_800).optional(),
    /** Names of fields that tell who somebody is, beside those that are closed out for all sources. */
    identity: z.array(z.string().min(1)).default([]),
    /** Fields that are stored with the alarm; whatever is not named is dropped. */
    keep: z.array(Path).default([]),
    rules: z.array(MappingRule).min(1),
    facts: Facts,
    examples: z.array(Example).min(2),
  })
  .refine(({ rules }) => new Set(rules.map(({ name }) => name)).size === rules.length, 'names of rules are unique')
  .superRefine((mapping, context) => {
    for (const { path, at } of pathsOf(mapping)) {
      const field = path.split('.').find((name) => mapping.identity.includes(name) || isIdentityField(name))
      const message = `'${field}' tells who somebody is: a mapping neither keeps nor looks at it`
      if (field !== undefined) context.addIssue({ code: 'custom', path: [...at], message })
    }
  })
export type Mapping = z.infer<typeof Mapping>
