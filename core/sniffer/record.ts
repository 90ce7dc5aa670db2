/** A sighting as a line of JSON. Pure. */
import type { Sighting } from './sighting.ts';
import { hex, type TextOptions } from './text.ts';

/**
 * One object on one line, without its end. Fields that the packet does not have are left out.
 *
 * `time` is ISO 8601 in UTC, `intervalMs` in ms, `checksum` and `rightChecksum` hexadecimal as `0x0c97`.
 */
export function sightingRecord(
  sighting: Sighting,
  { interface: name, authNames }: Pick<TextOptions, 'interface' | 'authNames'>,
): string {
  const { time, outgoing, interval, checksum, rightChecksum, authType, authentication, reason } = sighting;
  // JSON.stringify leaves out what is undefined.
  return JSON.stringify({
    time: new Date(time).toISOString(),
    interface: name,
    direction: outgoing ? 'out' : 'in',
    valid: reason === undefined,
    reason,
    length: sighting.length,
    vlans: sighting.vlans.length === 0 ? undefined : sighting.vlans,
    sourceMac: sighting.sourceMac,
    destinationMac: sighting.destinationMac,
    source: sighting.source,
    destination: sighting.destination,
    ttl: sighting.ttl,
    version: sighting.version,
    type: sighting.type,
    vrid: sighting.vrid,
    priority: sighting.priority,
    count: sighting.count,
    authType,
    authNames: authType === undefined ? undefined : authNames.get(authType),
    authentication,
    trailer: sighting.trailer && {
      key: sighting.trailer.key,
      time: new Date(sighting.trailer.time).toISOString(),
    },
    intervalMs: interval,
    checksum: checksum === undefined ? undefined : hex(checksum),
    rightChecksum: rightChecksum === undefined ? undefined : hex(rightChecksum),
    checksumSort: sighting.checksumSort,
    addresses: sighting.addresses,
  });
}
