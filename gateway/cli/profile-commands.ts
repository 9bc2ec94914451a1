import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { tryMessage } from '../alarms/dry-run.ts'
import type { Mapping } from '../alarms/mapping.ts'
import { MAPPINGS_DIR, readMapping, readMappings } from '../alarms/mapping-files.ts'
import { AlarmType } from '../contracts/alarm.ts'
import { readProfiles } from '../probe/profile-files.ts'
import { type Command, CommandError, EXIT, mustExist, UsageError } from './command.ts'

export const profilesCheck: Command = {
  synopsis: 'profiles check [FILE.json ...]',
  about: {
    zh: '检查设备档案与告警源映射，并试行映射中的示例消息',
    en: 'check the device profiles and the mappings of alarm sources, and try their example messages',
  },
  run: async (args, _config, terminal) => {
    const { positionals: files } = parseArgs({ args, allowPositionals: true, options: {} })
    for (const file of files) mustExist(file)
    const profiles = readProfiles(join(import.meta.dirname, '../../device-profiles/cameras'), files)
    const sources = readMappings(MAPPINGS_DIR)
    for (const fault of [profiles, sources].flatMap((read) => (read.ok ? [] : read.faults))) terminal.out(fault)
    if (!profiles.ok || !sources.ok) return EXIT.failed
    const examples = sources.mappings.reduce((sum, mapping) => sum + mapping.examples.length, 0)
    terminal.out(`设备档案无误 / device profiles are sound: ${profiles.profiles.length}`)
    terminal.out(
      `告警源映射无误 / mappings of alarm sources are sound: ${sources.mappings.length} (${examples} 条示例 / examples)`,
    )
    return EXIT.done
  },
}

export const profilesTry: Command = {
  synopsis: 'profiles try MAPPING TOPIC PAYLOAD|@FILE [--registered TOPIC] [--device NAME] [--alarm-type TYPE]',
  about: {
    zh: '试一条设备报文会成为哪些告警；MAPPING 为随附映射的名称或自己的 FILE.json，不存储任何内容',
    en: 'say which alarms a device’s message would be; MAPPING is one that comes along or your own FILE.json, nothing is stored',
  },
  run: async (args, _config, terminal) => {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { registered: { type: 'string' }, device: { type: 'string' }, 'alarm-type': { type: 'string' } },
    })
    const [name, topic, payload, ...more] = positionals
    if (name === undefined || topic === undefined || payload === undefined || more.length > 0) {
      throw new UsageError('需要 MAPPING、TOPIC 和 PAYLOAD / MAPPING, TOPIC and PAYLOAD are needed')
    }
    const type = AlarmType.optional().safeParse(values['alarm-type'])
    if (!type.success) throw new UsageError(`--alarm-type: ${AlarmType.options.join(', ')}`)
    const source = {
      topic: values.registered ?? topic,
      device: values.device,
      alarmType: type.data,
      priority: undefined,
    }
    const answer = tryMessage(mappingOf(name), source, { topic, payload: bytesOf(payload) }, new Date())
    terminal.out(JSON.stringify(answer, undefined, 2))
    return answer.outcome === 'rejected' ? EXIT.failed : EXIT.done
  },
}

function mappingOf(name: string): Mapping {
  const path = name.endsWith('.json') ? name : join(MAPPINGS_DIR, `${name}.json`)
  if (!existsSync(path)) throw new CommandError(`没有这个映射 / there is no such mapping: ${name}`, EXIT.noInput)
  const read = readMapping(path)
  if (!read.ok) throw new CommandError(read.faults.join('\n'))
  return read.mapping
}

function bytesOf(payload: string): Buffer {
  if (!payload.startsWith('@')) return Buffer.from(payload)
  const file = payload.slice(1)
  mustExist(file)
  return readFileSync(file)
}
