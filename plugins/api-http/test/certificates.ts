/** Keys and certificates for tests, made with openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Paths as `[api]` names them. */
export interface Certificate {
  readonly tlsKey: string;
  readonly tlsCert: string;
  /** PEM of the certificate: a client trusts it. */
  readonly pem: string;
}

/** A folder of certificates. */
export class Certificates {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-tls-'));

  /** Makes a key and a certificate for `localhost`, valid from now on for some days. */
  make(name: string, ...key: readonly string[]): Certificate {
    const tlsKey = this.path(`${name}.key`);
    const tlsCert = this.path(`${name}.crt`);
    const type = key.length > 0 ? key : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    this.openssl(
      'req',
      '-x509',
      ...type,
      '-nodes',
      '-days',
      '30',
      ...names,
      '-keyout',
      tlsKey,
      '-out',
      tlsCert,
    );
    return { tlsKey, tlsCert, pem: readFileSync(tlsCert, 'utf8') };
  }

  /** Path of a file in the folder. */
  path(name: string): string {
    return path.join(this.folder, name);
  }

  openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
