import type { Words } from '../words.ts'
import type { DeviceProfile } from './device-profile.ts'

/** A device's clock less ours, as people say it. */
export function clockWords(offsetMs: number): Words {
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  if (seconds < 2) return { zh: '设备时钟准确', en: 'The device’s clock is right' }
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  const zh = `${hours > 0 ? `${hours} 小时 ` : ''}${minutes > 0 ? `${minutes} 分 ` : ''}${seconds % 60} 秒`
  const en = `${hours > 0 ? `${hours} h ` : ''}${minutes > 0 ? `${minutes} min ` : ''}${seconds % 60} s`
  return offsetMs > 0
    ? { zh: `设备时钟快 ${zh}`, en: `The device’s clock is ${en} ahead` }
    : { zh: `设备时钟慢 ${zh}`, en: `The device’s clock is ${en} behind` }
}

/** What a device said to a login that it refused, as its own words. */
export const saidWords = (said: string): Words => ({ zh: `设备答复：${said}`, en: `It said: ${said}` })

/** How much of a device can be shown. */
export const mediaWords = (channels: number, streams: number): Words => ({
  zh: `${channels} 个通道，${streams} 路码流`,
  en: `${channels} ${channels === 1 ? 'channel' : 'channels'}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`,
})

/** @param certificate SHA-256 in hex; undefined in the clear */
export function reachedWords(address: string, certificate: string | undefined): Words {
  if (certificate === undefined) return { zh: `${address} 有 ONVIF 应答`, en: `ONVIF answers at ${address}` }
  const shown = certificate.slice(0, 16)
  return {
    zh: `${address} 有 ONVIF 应答，经 HTTPS，证书 ${shown}`,
    en: `ONVIF answers at ${address} over HTTPS, certificate ${shown}`,
  }
}

/** What a further wrong login would cost, as far as the device or its profile tells. */
export function lockoutWarning(
  triesLeft: number | undefined,
  lockout: NonNullable<DeviceProfile['onvif']>['lockout'],
): Words | undefined {
  const minutes = lockout === undefined ? undefined : Math.ceil(lockout.seconds / 60)
  const [zhFor, enFor] = minutes === undefined ? ['', ''] : [` ${minutes} 分钟`, ` for ${minutes} min`]
  if (triesLeft !== undefined) {
    return {
      zh: `设备还允许再试 ${triesLeft} 次，之后锁定账号${zhFor}`,
      en: `The device allows ${triesLeft} more tries, then it locks the account${enFor}`,
    }
  }
  if (lockout === undefined) return undefined
  return {
    zh: `该品牌连续 ${lockout.tries} 次登录错误后锁定${zhFor}`,
    en: `This make locks${enFor} after ${lockout.tries} wrong logins`,
  }
}
