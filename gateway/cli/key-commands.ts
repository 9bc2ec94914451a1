import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { resealPanelKeys } from '../alarms/panel-accounts.ts'
import { actorOf } from '../contracts/audit.ts'
import { resealChannels } from '../notify/channel-store.ts'
import { openLogin, sealLogin } from '../registry/sealed-login.ts'
import { resealPhotos } from '../registry/sealed-photo.ts'
import { lockDataDir } from '../storage/data-dir-lock.ts'
import { createVault, KEY_BYTES, loadMasterKeys } from '../vault.ts'
import { type Command, CommandError, EXIT } from './command.ts'
import { hostPrincipal, type Store, withStore } from './store.ts'

/** A sealed value carries the number of its key in one byte. */
const MAX_KEYS = 256

export const keyRotate: Command = {
  synopsis: 'key rotate',
  about: {
    zh: '在主密钥文件中加入新密钥，并用它重新加密所有口令、密钥、通知渠道、电话与照片（先停网关）',
    en: 'add a key to the master key file and seal every login, key, channel, phone number and photo with it (stop the gateway first)',
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
      const { devices, panels, channels, photos } = resealed
      const all = devices + panels + channels + photos
      terminal.out(`已更换主密钥，重新加密 / master key rotated, sealed anew: ${all}`)
      terminal.out(`摄像头口令 camera logins ${devices}，报警主机密钥 panel keys ${panels}`)
      terminal.out(`通知渠道与电话 channels and phone numbers ${channels}，照片 photos ${photos}`)
      if (config.databaseUrl !== undefined) {
        terminal.out('请把密钥文件复制到其他节点并重启 / copy the key file to the other gateways and restart them')
      }
      return EXIT.done
    } finally {
      lock.release()
    }
  },
}

/** How many values of each kind are sealed with the newest key. */
interface Resealed {
  devices: number
  panels: number
  channels: number
  photos: number
}

/** The old keys stay in the file: backups are sealed with them. */
async function reseal({ database, audit }: Store, keys: readonly Buffer[]): Promise<Resealed> {
  const vault = createVault(keys)
  const photos = await resealPhotos(database, vault)
  return database.transaction(async (tx) => {
    const devices = await tx.device.findMany({
      where: { sealedCredentials: { not: null } },
      select: { id: true, sealedCredentials: true },
    })
    for (const { id, sealedCredentials } of devices) {
      const sealed = sealLogin(vault, id, openLogin(vault, id, sealedCredentials))
      await tx.device.update({ where: { id }, data: { sealedCredentials: sealed } })
    }
    const channels = await resealChannels(tx, vault)
    const panels = await resealPanelKeys(tx, vault)
    const resealed = { devices: devices.length, panels, channels, photos }
    await audit.append(tx, {
      action: 'key-rotated',
      actor: actorOf(hostPrincipal()),
      object: 'master-key',
      result: 'done',
      detail: { keys: keys.length, ...resealed },
    })
    return resealed
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
