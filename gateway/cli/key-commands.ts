import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { resealPanelKeys } from '../alarms/panel-accounts.ts'
import { actorOf } from '../contracts/audit.ts'
import { resealChannels } from '../notify/channel-store.ts'
import { openLogin, sealLogin } from '../registry/store.ts'
import { lockDataDir } from '../storage/data-dir-lock.ts'
import { createVault, loadMasterKeys } from '../vault.ts'
import { type Command, CommandError, EXIT } from './command.ts'
import { hostPrincipal, type Store, withStore } from './store.ts'

const KEY_BYTES = 32

/** A sealed value carries the number of its key in one byte. */
const MAX_KEYS = 256

export const keyRotate: Command = {
  synopsis: 'key rotate',
  about: {
    zh: '在主密钥文件中加入新密钥,并用它重新加密摄像头口令与报警主机密钥(先停网关)',
    en: 'add a key to the master key file and seal camera logins and panel keys with it (stop the gateway first)',
  },
  run: async (args, config, terminal) => {
    parseArgs({ args, options: {} })
    const { masterKeyFile } = config
    if (!existsSync(masterKeyFile)) {
      throw new CommandError(`没有主密钥文件 / there is no master key file: ${masterKeyFile}`, EXIT.noInput)
    }
    // A running gateway has the keys in memory and could not open what is sealed with the new one.
    const lock = lockDataDir(config.dataDir)
    try {
      const keys = loadMasterKeys(masterKeyFile)
      if (keys.length >= MAX_KEYS) throw new CommandError(`主密钥文件已满 / the file holds ${MAX_KEYS} keys already`)
      const resealed = await withStore(config, {}, async (store) => {
        keys.push(randomBytes(KEY_BYTES))
        writeKeys(masterKeyFile, keys)
        return reseal(store, keys)
      })
      terminal.out(`已更换主密钥,重新加密的设备口令 / master key rotated, camera logins sealed anew: ${resealed}`)
      if (config.databaseUrl !== undefined) {
        terminal.out('请把密钥文件复制到其他节点并重启 / copy the key file to the other gateways and restart them')
      }
      return EXIT.done
    } finally {
      lock.release()
    }
  },
}

/** The old keys stay in the file: backups are sealed with them. */
function reseal({ database, audit }: Store, keys: readonly Buffer[]): Promise<number> {
  const vault = createVault(keys)
  return database.transaction(async (tx) => {
    const devices = await tx.device.findMany({
      where: { sealedCredentials: { not: null } },
      select: { id: true, sealedCredentials: true },
    })
    for (const { id, sealedCredentials } of devices) {
      const sealed = sealLogin(vault, id, openLogin(vault, id, sealedCredentials))
      await tx.device.update({ where: { id }, data: { sealedCredentials: sealed } })
    }
    const others = await resealChannels(tx, vault)
    const panels = await resealPanelKeys(tx, vault)
    await audit.append(tx, {
      action: 'key-rotated',
      actor: actorOf(hostPrincipal()),
      object: 'master-key',
      result: 'done',
      detail: { keys: keys.length, devices: devices.length, channelSecrets: others, panels },
    })
    return devices.length + panels
  })
}

/** All of the keys or the file as it was: written beside, flushed, then renamed over it. */
function writeKeys(file: string, keys: readonly Buffer[]): void {
  const beside = `${file}.new`
  const descriptor = openSync(beside, 'w', 0o600)
  try {
    writeSync(descriptor, keys.map((key) => `${key.toString('base64')}\n`).join(''))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(beside, file)
}
