/** Virtual routers with an HMAC trailer, and what recordings of their packets are. */
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Lab } from './lab.ts';
import type { VrouterTable } from './rvrrpd.ts';
import { advertOf } from './sightings.ts';
import type { Wire } from './wire.ts';

/** The key of the vectors, 00 01 … 1f, and another. */
export const KEY_1 = 'hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
export const KEY_2 = 'another key, of 32 octets or more';
/** Octets of the trailer. */
export const TRAILER = 28;

/** What makes a virtual router one with a trailer. @param auth directives of `[vrouter.auth]` over usual ones */
export function hmac(auth: Readonly<Record<string, unknown>> = {}): Pick<VrouterTable, 'auth_type' | 'auth'> {
  return { auth_type: 'hmac-sha256', auth: { keys: { 1: KEY_1 }, ...auth } };
}

/** Whole frames of a sender's advertisements, from `since` on, in order. */
export function recording(wire: Wire, vrid: number, source: string, since = 0): Buffer[] {
  return wire.frames().flatMap((frame) => {
    const advert = advertOf(frame);
    const wanted = advert?.vrid === vrid && advert.source === source && advert.time >= since;
    if (!wanted) return [];
    const { destinationMac, sourceMac, etherType, payload } = frame;
    const head = `${destinationMac}${sourceMac}${etherType.toString(16).padStart(4, '0')}`.replaceAll(
      ':',
      '',
    );
    return [Buffer.concat([Buffer.from(head, 'hex'), payload])];
  });
}

/** What number of key the last octets of each frame say; undefined: it has no trailer. */
export function keyNumbers(frames: readonly Buffer[]): (number | undefined)[] {
  return frames.map((frame) => {
    const ip = 14;
    const isIpv4 = frame.readUInt16BE(12) === 0x0800;
    const end = isIpv4 ? ip + frame.readUInt16BE(ip + 2) : ip + 40 + frame.readUInt16BE(ip + 4);
    const message = ip + (isIpv4 ? 20 : 40);
    const version = frame[message]! >> 4;
    const length = 8 + frame[message + 3]! * (isIpv4 ? 4 : 16) + (version === 2 ? 8 : 0);
    return end - message === length + TRAILER ? frame[message + length + 1] : undefined;
  });
}

/**
 * Writes a copy of the plugin with another version, as an upgrade of it would be installed.
 * @returns the `[plugins]` table
 */
export function installVersion(lab: Lab, version: string): string {
  const folder = path.join(lab.folder, 'auth-hmac');
  rmSync(folder, { recursive: true, force: true });
  const from = path.join(packageRoot(), 'plugins/auth-hmac');
  for (const part of ['dist', 'prebuilds', 'schema.json', 'package.json'])
    cpSync(path.join(from, part), path.join(folder, part), { recursive: true });
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...manifest, version }));
  symlinkSync(path.join(packageRoot(), 'node_modules'), path.join(folder, 'node_modules'));
  return '[plugins]\n"./auth-hmac" = "*"\n';
}
