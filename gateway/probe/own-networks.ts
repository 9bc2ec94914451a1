import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The networks this host has an address in: what lies elsewhere is reached through a router, if at all. */
export interface OwnNetworks {
  /** Such as `eth0 192.0.2.9/24`. */
  names: string[]
  /** False for what is no literal address. */
  has(address: string): boolean
}

export function ownNetworks(interfaces = networkInterfaces()): OwnNetworks {
  const networks = new BlockList()
  const names: string[] = []
  for (const [name, entries] of Object.entries(interfaces)) {
    for (const { address, cidr, family } of entries ?? []) {
      const prefix = Number(cidr?.split('/')[1])
      if (!Number.isInteger(prefix)) continue
      networks.addSubnet(address, prefix, family === 'IPv6' ? 'ipv6' : 'ipv4')
      if (family === 'IPv4' && !address.startsWith('127.')) names.push(`${name} ${cidr}`)
    }
  }
  return {
    names,
    has: (address) => isIP(address) !== 0 && networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  }
}
